"""The push-up, filmed from the side: the body lies across the picture; judged by rules.

From the front or from above neither the line of the body nor the bend of the elbows can be seen,
so a body that is turned to the camera by more than 35 degrees is not judged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from edge.exercise import Exercise, Fault, Signal, Texts
from edge.exercises.push_up.quantities import QUANTITIES
from edge.joints import L_ANKLE, MID_HIP, NECK, R_ANKLE
from edge.track import BoolArray, FloatArray

STRETCHED: Final = 1.6
"""Torso lengths from neck to ankles across the picture, in a plank 2.3 and on all fours 1.3."""


def stretched_out(joints: FloatArray) -> BoolArray:
    """Return [T] whether somebody lies stretched out, on hands and toes, for [T, 25, 2] joints.

    Getting down to the floor and up again moves the shoulders further than any push-up.
    """
    neck = joints[:, NECK]
    across, down = np.abs(neck - joints[:, [R_ANKLE, L_ANKLE]].mean(axis=1)).T
    torso = np.hypot(*(neck - joints[:, MID_HIP]).T)
    return np.asarray((across >= STRETCHED * torso) & (down < across))


EXERCISE: Final = Exercise(
    name="push_up",
    view="side",
    joints=("Neck", "MidHip", "LShoulder", "LElbow", "LWrist", "LHip", "LKnee", "LAnkle"),
    signal=Signal(joints=("Neck",), least=0.08, ready=stretched_out),
    quantities=QUANTITIES,
    faults=(
        Fault("too_shallow", "elbows", "depth", aim=(27.0, None), beyond="low"),
        Fault("hips_sag", "hip_joint", "line", aim=(-20.0, 9.0), beyond="high"),
        Fault("hips_high", "hip_joint", "line", aim=(-20.0, 9.0), beyond="low"),
        Fault("head_drops", "neck", "head", aim=(None, 10.0), beyond="high"),
    ),
    texts=Texts.read(Path(__file__).with_name("texts.json")),
)
"""The pack."""
