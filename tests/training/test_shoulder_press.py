"""Shoulder presses of synthetic people: as high and as faulty as told, and judged rightly."""

# ruff: noqa: E402 - what follows needs what may be skipped here

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("anny")
# torch and its relatives warn about their own use of numpy.
pytestmark = pytest.mark.filterwarnings("ignore")

from edge.exercises import load
from tests.training.filmed import RATE, filmed, judged, people, rates
from training.synthetic.camera import Camera
from training.synthetic.clothes import Outfit, dress
from training.synthetic.placing import placed
from training.synthetic.rig import Rig
from training.synthetic.shoulder_press import (
    Faults,
    Style,
    sample_style,
    shoulder_press,
    with_dumbbells,
)
from training.synthetic.skeleton import JOINT
from training.synthetic.timing import Repetition, repetitions

REP = Repetition(0.6, 1.5, 1.7, 2.5)
TIMES = np.arange(96) / RATE
TOP = round(REP.bottom * RATE)
WRONG: dict[str, tuple[str, float, int]] = {
    "not_locked_out": ("unlocked", 0.6, 1), "left_arm_lags": ("uneven", 0.6, 1),
    "right_arm_lags": ("uneven", 0.6, -1), "leaning_sideways": ("side_lean", 0.7, 1),
    "not_lowered": ("high", 0.75, 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def rigs() -> list[Rig]:
    return people(4)


def moved(rig: Rig, faults: Faults | None = None, style: Style | None = None) -> Any:
    rng = np.random.default_rng(3)
    posture = shoulder_press(rig, style or Style(), faults or Faults(), [REP], TIMES, rng)
    return rig.joints(rig.solve(posture))


def height(joints: Any, name: str, moment: int) -> float:
    return float(joints[moment, JOINT[name], 2] - joints[moment, JOINT["Neck"], 2])


def test_hands_go_from_the_shoulders_to_overhead_and_feet_stay(rigs: list[Rig]) -> None:
    for rig in rigs:
        joints = moved(rig)
        arm = rig.upper_arm + rig.forearm
        for wrist in ("LWrist", "RWrist"):
            assert abs(height(joints, wrist, 0)) < 0.25 * arm
            assert height(joints, wrist, TOP) > 0.8 * arm
        feet = joints[:, [JOINT["LAnkle"], JOINT["RAnkle"]]]
        assert np.linalg.norm(feet - feet[:1], axis=-1).max() < 0.01
        assert np.abs(np.diff(joints, n=2, axis=0)).max() < 0.02


def test_each_fault_grows_with_its_severity(rigs: list[Rig]) -> None:
    def top(joints: Any) -> float:
        return height(joints, "RWrist", TOP)

    def behind(joints: Any) -> float:
        return height(joints, "RWrist", TOP) - height(joints, "LWrist", TOP)

    def aside(joints: Any) -> float:
        return float(joints[TOP, JOINT["Neck"], 0] - joints[TOP, JOINT["MidHip"], 0])

    def back(joints: Any) -> float:
        return float(joints[TOP, JOINT["Neck"], 1] - joints[TOP, JOINT["MidHip"], 1])

    def rest(joints: Any) -> float:
        return height(joints, "LWrist", 0)

    expected = (
        ("unlocked", top, -1), ("uneven", behind, 1), ("side_lean", aside, 1),
        ("back_lean", back, 1), ("high", rest, 1),
    )  # fmt: skip
    for rig in rigs[:2]:
        for fault, measure, way in expected:
            series = [measure(moved(rig, Faults(**{fault: s}))) for s in (0.0, 0.5, 1.0)]
            assert (way * np.diff(series) > 0.01).all(), fault


def test_only_the_arm_that_is_told_lags(rigs: list[Rig]) -> None:
    even, left = moved(rigs[0]), moved(rigs[0], Faults(uneven=1.0))
    assert height(even, "LWrist", TOP) - height(left, "LWrist", TOP) > 0.05
    assert abs(height(even, "RWrist", TOP) - height(left, "RWrist", TOP)) < 0.02


def test_dumbbells_are_held_in_the_hands(rigs: list[Rig]) -> None:
    rig = rigs[0]
    bare = dress(rig.body, Outfit())
    held = with_dumbbells(rig.body, bare)
    motion = rig.solve(
        shoulder_press(rig, Style(), Faults(), [REP], TIMES, np.random.default_rng(3))
    )
    skin = rig.skin(motion, TOP, held.vertices, held.weights)[len(bare.vertices) :]
    wrists = rig.joints(motion)[TOP, [JOINT["LWrist"], JOINT["RWrist"]]]
    apart = np.linalg.norm(skin[:, None] - wrists, axis=-1).min(1)
    assert apart.max() < 0.25
    assert np.ptp(held.faces) == len(held.vertices) - 1


def film(rigs: list[Rig], rng: np.random.Generator, fault: str, count: int) -> Any:
    """Return random presses as a random camera in front sees them."""
    rig = rigs[int(rng.integers(len(rigs)))]
    reps = repetitions(
        rng, count, first=0.7, descent=float(rng.uniform(0.7, 1.8)),
        pause=float(rng.uniform(0.05, 0.6)), ascent=float(rng.uniform(0.6, 1.6)), rest=0.4,
    )  # fmt: skip
    times = np.arange(round((reps[-1].end + 0.9) * RATE)) / RATE
    faults = Faults()
    if fault:
        name, least, sign = WRONG[fault]
        faults = Faults(**{name: sign * float(rng.uniform(least, 1))})
    posture = shoulder_press(rig, sample_style(rng), faults, reps, times, rng)
    posture = placed(posture, 0, 0, float(np.deg2rad(rng.uniform(-15, 15))))
    lens, distance = float(rng.uniform(0.8, 1.7)), float(rng.uniform(2.7, 4.0))
    camera = Camera(
        height=lens, distance=distance, pitch=float(np.arctan2(1.1 - lens, distance)),
        roll=float(np.deg2rad(rng.normal(0, 1))),
    )  # fmt: skip
    return filmed(rig, posture, times, camera, rng)


def trial(rigs: list[Rig], seed: int, count: int) -> list[tuple[str, list[tuple[float, str]]]]:
    """Return what is judged of so many movements, half of them good."""
    rng, exercise = np.random.default_rng(seed), load("shoulder_press")
    results = []
    for number in range(count):
        fault = list(WRONG)[number // 2 % len(WRONG)] if number % 2 else ""
        results.append((fault, judged(exercise, film(rigs, rng, fault, 2))))
    return results


def test_many_movements_are_counted_and_judged(rigs: list[Rig]) -> None:
    found = rates(trial(rigs, 5, 40), 2)
    assert found["exact"] >= 0.97
    assert min(found["good"], found["bad"], found["named"]) >= 0.9, found
