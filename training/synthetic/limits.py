"""Where a correct squat ends: measured in three dimensions, each limit with its source.

    found = measured(joints, times, repetitions)
    wrong = severities(found)["left_knee"] > 0

What makes a squat wrong is not how it was made but what can be measured on the known joints, so
that a label hangs on a number.  A severity of 0 is the limit itself and 1 is as bad as one sees;
below 0 all is well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.datasets import PARTS
from training.synthetic.skeleton import JOINT, FloatArray
from training.synthetic.timing import Repetition

TOO_DEEP: Final = "too_deep"
"""A depth fault beyond the six: some coaches stop a squat that rests on the heels."""


@dataclass(frozen=True)
class Limit:
    """Where a measured quantity stops being correct.

    :param part: the body part it makes wrong.
    :param edge: the last correct value.
    :param worst: a value as bad as one sees; on the other side of the edge from correct.
    :param source: where the edge comes from.
    """

    part: str
    edge: float
    worst: float
    source: str

    def severity(self, value: FloatArray | float) -> FloatArray:
        """Return how wrong values are: 0 at the edge, 1 at the worst, negative within."""
        return (np.asarray(value) - self.edge) / (self.worst - self.edge)


LIMITS: Final[dict[str, tuple[Limit, ...]]] = {
    # Distance of the ankles over distance of the shoulder joints.
    "stance": (
        Limit("base_of_support", 0.60, 0.20, "hip-width feet are the narrow stance of Lorenzetti "
              "et al. 2018 (BMC Sports Sci Med Rehabil 10:14); hips are 0.6 shoulders wide"),
        Limit("base_of_support", 1.60, 2.30, "between the medium and the wide stance, 1.4 and 1.7, "
              "of Escamilla et al. 2001 (Med Sci Sports Exerc 33:984)"),
    ),
    # How far the knee is outside the line from hip to ankle, in thigh lengths.
    "left_knee_out": (
        Limit("left_knee", 0.03, -0.35, "a straight leg in the frontal plane is 0 (Willson and "
              "Davis 2008, Clin Biomech 23:203); 0.03 is ours, below the 0.06 that 95 % of "
              "UI-PRMD's correct squats exceed"),
    ),
    "right_knee_out": (Limit("right_knee", 0.03, -0.35, "as the left one"),),
    # The trunk from the vertical, in degrees.
    "forward_lean": (
        Limit("torso", 45.0, 80.0, "trunk parallel to the shins (Myer et al. 2014, Strength Cond J "
              "36:4), which lean by up to about 45 degrees"),
    ),
    "side_lean": (
        Limit("torso", 6.0, 22.0, "ours: 99 % of UI-PRMD's correct squats stay within 6 degrees"),
    ),
    # Hips above the knees, in thigh lengths.
    "rise": (
        Limit("hip_joint", 0.22, 0.80, "thighs level with the floor (Myer et al. 2014), which "
              "joints found on the skin show as 0.06; the other 0.16, or 9 degrees, is ours: 95 % "
              "of UI-PRMD's correct squats and most powerlifting squats of aitrainer keep it"),
        Limit(TOO_DEEP, -0.60, -0.85, "ours: knees bent by more than 140 degrees, calves and "
              "thighs pressed together"),
    ),
    # The hips from the middle of the feet, in distances of the hip joints.
    "hip_shift": (
        Limit("hip_joint", 0.30, 0.75, "ours: 95 % of UI-PRMD's correct squats stay within 0.3"),
    ),
    # The head bent against the trunk, in degrees.
    "head_drop": (
        Limit("neck", 30.0, 60.0, "a neutral neck (Myer et al. 2014); ours: half of the neck's "
              "range of flexion, about 60 degrees"),
    ),
}  # fmt: skip

DEEP: Final = 0.6
"""Knees are measured where the hips are at least so far down, as a share of their way."""


def measured(
    joints: FloatArray, times: FloatArray, repetition: Repetition, head_drop: float
) -> dict[str, float]:
    """Return the quantities of :data:`LIMITS` of one repetition.

    :param joints: BODY_25 joints [T, 25, 3] in metres; the person faces -y, x is to the left.
    :param times: [T] seconds.
    :param repetition: when it is.
    :param head_drop: how far the head is bent at the bottom, in degrees; known, not measured.
    """

    def at(name: str) -> FloatArray:
        return np.asarray(joints[:, JOINT[name]])

    inside = (times >= repetition.start) & (times <= repetition.end)
    hips = at("MidHip")[:, 2]
    standing = hips[inside].max()
    low = int(np.argmin(np.where(inside, hips, np.inf)))
    deep = inside & (standing - hips >= DEEP * (standing - hips[low]))
    thigh = float(np.linalg.norm(at("LHip") - at("LKnee"), axis=1).mean())
    ankles = (at("LAnkle") + at("RAnkle"))[0] / 2
    stance = float(np.linalg.norm((at("LAnkle") - at("RAnkle"))[0]))
    shoulders = float(np.linalg.norm((at("LShoulder") - at("RShoulder"))[0]))
    pelvis = float(np.linalg.norm((at("LHip") - at("RHip"))[0]))
    trunk = (at("Neck") - at("MidHip"))[low]
    knees = (at("LKnee") + at("RKnee"))[low, 2] / 2

    def out(side: str, sign: float) -> float:
        line = (at(f"{side}Hip") + at(f"{side}Ankle"))[:, 0] / 2
        return float(sign * (at(f"{side}Knee")[:, 0] - line)[deep].mean() / thigh)

    return {
        "stance": stance / shoulders,
        "left_knee_out": out("L", 1.0),
        "right_knee_out": out("R", -1.0),
        "forward_lean": float(np.rad2deg(np.arctan2(-trunk[1], trunk[2]))),
        "side_lean": float(np.rad2deg(np.arctan2(abs(trunk[0]), trunk[2]))),
        "rise": float((hips[low] - knees) / thigh),
        "hip_shift": float(abs(at("MidHip")[low, 0] - ankles[0]) / pelvis),
        "head_drop": head_drop,
    }


def severities(found: Mapping[str, float]) -> dict[str, float]:
    """Return how wrong each part is: above 0 wrong, and 1 as bad as one sees.

    :param found: what :func:`measured` returns.
    :return: one number for each of :data:`PARTS` and :data:`TOO_DEEP`.
    """
    worst: dict[str, float] = dict.fromkeys((*PARTS, TOO_DEEP), -np.inf)
    for name, limits in LIMITS.items():
        for limit in limits:
            severity = float(limit.severity(found[name]))
            worst[limit.part] = max(worst[limit.part], severity)
    return worst


def mean_of(many: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each quantity over several repetitions."""
    return {name: float(np.mean([one[name] for one in many])) for name in many[0]}
