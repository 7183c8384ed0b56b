"""The squat, with empty hands, filmed from the front; judged by the shipped model.

The aims, beside what was measured on the guide half of aitrainer (one repetition each):

- Depth of 45 to 80 % of the leg: 95 % of the correct squats sink by 46 % or more and none by more
  than 78 %; three of four without depth stay at 45 % or less.
- Knees no further inside the feet than 10 % of half the stance: no correct squat has them inside
  at all, and 95 % of those that cave in have the right one 36 % inside, the left one 20 %.
- Stance of 60 to 160 % of the shoulders, as in training: from the hip-wide stance of Lorenzetti et
  al. 2018 to between the medium and the wide stance of Escamilla et al. 2001.
- A torso less bent than 65 degrees: 95 % of the correct squats stay within 64, and the median of
  those labelled as bending forward is 70.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.exercise import Exercise, Fault, Signal, Texts
from edge.exercises.squat.quantities import QUANTITIES
from edge.joints import BODY_25, TEN

STANCE: Final = (60.0, 160.0)
DEPTH: Final = (45.0, 80.0)
KNEE_IN: Final = (None, 10.0)
LEAN_FORWARD: Final = (None, 65.0)
LEAN_ASIDE: Final = (-12.0, 12.0)
HIP_SHIFT: Final = (-12.0, 12.0)
HEAD: Final = (15.0, None)

EXERCISE: Final = Exercise(
    name="squat",
    view="front",
    joints=tuple(BODY_25[joint] for joint in TEN),
    # A full squat is 0.8-1.1 torso lengths, one without depth 0.4-0.6.
    signal=Signal(joints=("MidHip",), least=0.3),
    quantities=QUANTITIES,
    faults=(
        Fault("stance_narrow", "base_of_support", "stance", STANCE, "low"),
        Fault("stance_wide", "base_of_support", "stance", STANCE, "high"),
        Fault("left_knee_in", "left_knee", "left_knee_in", KNEE_IN, "high"),
        Fault("right_knee_in", "right_knee", "right_knee_in", KNEE_IN, "high"),
        Fault("leaning_forward", "torso", "lean_forward", LEAN_FORWARD, "high"),
        Fault("leaning_left", "torso", "lean_left", LEAN_ASIDE, "high"),
        Fault("leaning_right", "torso", "lean_left", LEAN_ASIDE, "low"),
        Fault("too_shallow", "hip_joint", "depth", DEPTH, "low"),
        Fault("too_deep", "hip_joint", "depth", DEPTH, "high"),
        Fault("hips_left", "hip_joint", "hip_shift", HIP_SHIFT, "high"),
        Fault("hips_right", "hip_joint", "hip_shift", HIP_SHIFT, "low"),
        Fault("head_down", "neck", "head", HEAD, "low"),
    ),
    texts=Texts.read(Path(__file__).with_name("texts.json")),
    bundle="squat",
)
"""The pack."""
