"""Small examples for the tests of the report, whose right answers are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.training.made_up import STANDING, take, toy
from training.examples import Examples
from training.takes import Take

PEOPLE = ("p1", "p2", "p3", "p4")


def examples(**changes: Any) -> Examples:
    """Return 80 squats of four people: every other one, from the second, is correct."""
    made = {
        "person": np.array([PEOPLE[number // 2 % 4] for number in range(80)]),
        "view": np.tile([0.0, 1.3], (80, 1)),
        "source": np.full(80, "synthetic"),
    }
    return replace(toy(80), **{**made, **changes})


def shallow(person: str, share: float) -> Take:
    """Return a squat that goes only a share of the way down, and is wrong for it."""
    one = take(person, "hip_joint")
    return replace(one, joints=STANDING + share * (one.joints - STANDING))
