"""The standing shoulder press, filmed from the front, with or without weights; judged by rules.

Leaning back cannot be told from the front: it shortens the trunk in the picture by a few per cent,
as breathing in and lifting the shoulders do the other way. It is not judged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from edge.exercise import Exercise, Fault, Signal, Texts
from edge.exercises.shoulder_press.quantities import QUANTITIES, SIDES, hands_up
from edge.joints import MID_HIP, NECK
from edge.track import BoolArray, FloatArray

RAISED: Final = 0.1
"""Torso lengths above the shoulders from which on the hands press; they rest at 0 to 0.25."""


def hands_raised(joints: FloatArray) -> BoolArray:
    """Return [T] whether the hands are above the shoulders, for [T, 25, 2] joints.

    Taking the weights up to the shoulders is as long a way as the press itself: were it seen, the
    hands would not be back at their rest before they hang again.
    """
    torso = np.hypot(*(joints[:, NECK] - joints[:, MID_HIP]).T)
    return np.asarray(hands_up(joints).mean(axis=1) >= RAISED * torso)


EXERCISE: Final = Exercise(
    name="shoulder_press",
    view="front",
    joints=("Neck", "MidHip", *(side + name for side in "RL" for name in SIDES)),
    signal=Signal(
        joints=("RWrist", "LWrist"), above=("Neck",), rest="low", least=0.35, ready=hands_raised
    ),
    quantities=QUANTITIES,
    faults=(
        Fault("not_locked_out", "elbows", "lockout", aim=(150.0, None), beyond="low"),
        Fault("left_arm_lags", "left_arm", "evenness", aim=(-18.0, 18.0), beyond="high"),
        Fault("right_arm_lags", "right_arm", "evenness", aim=(-18.0, 18.0), beyond="low"),
        Fault("leaning_sideways", "torso", "side_lean", aim=(None, 8.0), beyond="high"),
        Fault("not_lowered", "elbows", "rest_height", aim=(None, 30.0), beyond="high"),
    ),
    texts=Texts.read(Path(__file__).with_name("texts.json")),
)
"""The pack."""
