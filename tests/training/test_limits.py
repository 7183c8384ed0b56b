"""Where a correct squat ends: numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.datasets import PARTS
from training.synthetic.limits import LIMITS, TOO_DEEP, mean_of, measured, severities
from training.synthetic.skeleton import BODY_25, JOINT
from training.synthetic.timing import Repetition

FINE = {
    "stance": 1.2, "left_knee_out": 0.2, "right_knee_out": 0.2, "forward_lean": 30.0,
    "side_lean": 1.0, "rise": -0.1, "hip_shift": 0.05, "head_drop": 5.0,
}  # fmt: skip
REP = Repetition(0.0, 0.9, 1.1, 2.0)
TIMES = np.arange(61) / 30

STANDING = {
    "Neck": (0, 0, 1.45), "MidHip": (0, 0, 0.9), "LHip": (0.1, 0, 0.9), "RHip": (-0.1, 0, 0.9),
    "LShoulder": (0.2, 0, 1.4), "RShoulder": (-0.2, 0, 1.4), "LKnee": (0.1, 0, 0.5),
    "RKnee": (-0.1, 0, 0.5), "LAnkle": (0.24, 0, 0.1), "RAnkle": (-0.24, 0, 0.1),
}  # fmt: skip


def squatting(**moved: tuple[float, float, float]) -> np.ndarray:
    """Return [61, 25, 3] somebody who sinks by 0.4 m; joints move by so much at the bottom."""
    depth = REP.depth(TIMES)[:, None]
    joints = np.zeros((len(TIMES), len(BODY_25), 3))
    for name, place in STANDING.items():
        sinks = -0.4 if place[2] > 0.5 else 0.0
        way = np.array([0, 0, sinks]) + moved.get(name, (0, 0, 0))
        joints[:, JOINT[name]] = place + depth * way
    return joints


def found(**moved: tuple[float, float, float]) -> dict[str, float]:
    return measured(squatting(**moved), TIMES, REP, 12.0)


def test_every_quantity_is_what_a_hand_calculation_gives() -> None:
    plain = found()
    assert plain["stance"] == pytest.approx(0.48 / 0.4)
    assert plain["rise"] == pytest.approx(0, abs=1e-9)
    assert plain["forward_lean"] == plain["side_lean"] == pytest.approx(0)
    assert plain["head_drop"] == 12.0
    assert found(Neck=(0, -0.55, 0))["forward_lean"] == pytest.approx(45)
    assert found(Neck=(-0.55, 0, 0))["side_lean"] == pytest.approx(45)
    assert found(MidHip=(0.06, 0, 0))["hip_shift"] == pytest.approx(0.3)


def test_knees_are_measured_each_on_its_own_side_outwards() -> None:
    plain, left = found(), found(LKnee=(0.08, 0, 0))
    assert left["left_knee_out"] > plain["left_knee_out"] + 0.1
    # The other one changes with the length of the thigh only, by which both are divided.
    assert left["right_knee_out"] == pytest.approx(plain["right_knee_out"], rel=0.15)
    assert found(RKnee=(0.08, 0, 0))["right_knee_out"] < plain["right_knee_out"] - 0.1


def test_what_happens_outside_of_the_repetition_does_not_count() -> None:
    joints = squatting()
    late = np.concatenate([joints, joints[-1:] - [0, 0, 0.3]])
    times = np.append(TIMES, TIMES[-1] + 0.1)
    assert measured(late, times, REP, 12.0) == pytest.approx(found(), abs=0.02)


@pytest.mark.parametrize(
    ("name", "number"), [(n, i) for n in LIMITS for i in range(len(LIMITS[n]))]
)
def test_each_limit_makes_its_own_part_wrong_and_no_other(name: str, number: int) -> None:
    limit = LIMITS[name][number]
    assert max(severities(FINE).values()) < 0
    at_the_edge = severities({**FINE, name: limit.edge})
    assert at_the_edge[limit.part] == pytest.approx(0)
    worst = severities({**FINE, name: limit.worst})
    assert worst[limit.part] == pytest.approx(1)
    assert [part for part, severity in worst.items() if severity > 0] == [limit.part]


def test_every_part_has_a_limit_and_every_limit_a_source() -> None:
    limits = [limit for several in LIMITS.values() for limit in several]
    assert {limit.part for limit in limits} == {*PARTS, TOO_DEEP}
    assert all(len(limit.source) > 5 for limit in limits)


def test_several_repetitions_are_their_mean() -> None:
    assert mean_of([FINE, {**FINE, "rise": 0.1}])["rise"] == pytest.approx(0)
