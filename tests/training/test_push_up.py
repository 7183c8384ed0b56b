"""Push-ups of synthetic people: planted, as faulty as told, and judged rightly by the pack."""

# ruff: noqa: E402 - what follows needs what may be skipped here

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("anny")
# torch and its relatives warn about their own use of numpy.
pytestmark = pytest.mark.filterwarnings("ignore")

from edge.exercises import load
from edge.track import PoseTrack
from edge.view import turned_by
from tests.training.filmed import RATE, filmed, judged, people, rates
from training.synthetic.camera import Camera, project
from training.synthetic.placing import placed
from training.synthetic.push_up import Faults, Style, push_up, sample_style
from training.synthetic.rig import Rig
from training.synthetic.skeleton import JOINT
from training.synthetic.timing import Repetition, repetitions

REP = Repetition(0.6, 1.5, 1.7, 2.5)
TIMES = np.arange(96) / RATE
BOTTOM = round(REP.bottom * RATE)
WRONG: dict[str, tuple[str, float]] = {
    "hips_sag": ("sag", 0.6), "hips_high": ("pike", 0.6), "too_shallow": ("shallow", 0.7),
    "head_drops": ("head", 0.75),
}  # fmt: skip


@pytest.fixture(scope="module")
def rigs() -> list[Rig]:
    return people(4)


def moved(rig: Rig, faults: Faults | None = None, style: Style | None = None) -> Any:
    rng = np.random.default_rng(3)
    posture = push_up(rig, style or Style(), faults or Faults(), [REP], TIMES, rng)
    return rig.joints(rig.solve(posture))


def test_hands_and_feet_stay_planted_on_the_floor(rigs: list[Rig]) -> None:
    for rig in rigs:
        for faults in (Faults(), Faults(sag=0.8, head=0.5), Faults(pike=0.8, shallow=0.5)):
            joints = moved(rig, faults)
            held = joints[:, [JOINT[name] for name in ("LWrist", "RWrist", "LAnkle", "RAnkle")]]
            assert np.linalg.norm(held - held[:1], axis=-1).max() < 0.02
            toes = joints[:, [JOINT["LBigToe"], JOINT["RBigToe"]], 2]
            assert -0.01 < toes.min() <= toes.max() < 0.08
            assert joints[..., 2].min() > -0.02


def test_nothing_jumps_and_bones_keep_their_length(rigs: list[Rig]) -> None:
    joints = moved(rigs[0])
    assert np.abs(np.diff(joints, n=2, axis=0)).max() < 0.02
    upper = np.linalg.norm(joints[:, JOINT["LElbow"]] - joints[:, JOINT["LShoulder"]], axis=-1)
    assert np.ptp(upper) < 0.04


def test_each_fault_grows_with_its_severity(rigs: list[Rig]) -> None:
    def hip_drop(joints: Any) -> float:
        ankle, hip, neck = (joints[BOTTOM, JOINT[n]] for n in ("LAnkle", "LHip", "Neck"))
        share = (hip[1] - ankle[1]) / (neck[1] - ankle[1])
        return float(ankle[2] + share * (neck[2] - ankle[2]) - hip[2])

    def neck_height(joints: Any) -> float:
        return float(joints[BOTTOM, JOINT["Neck"], 2])

    def nose_height(joints: Any) -> float:
        return float(joints[BOTTOM, JOINT["Nose"], 2] - joints[BOTTOM, JOINT["Neck"], 2])

    expected = (
        ("sag", hip_drop, 1), ("pike", hip_drop, -1), ("shallow", neck_height, 1),
        ("head", nose_height, -1),
    )  # fmt: skip
    for rig in rigs[:1]:
        for fault, measure, way in expected:
            series = [measure(moved(rig, Faults(**{fault: s}))) for s in (0.0, 0.5, 1.0)]
            assert (way * np.diff(series) > 0.01).all(), fault


def test_elbows_bend_as_asked_at_the_bottom(rigs: list[Rig]) -> None:
    for rig in rigs:
        joints = moved(rig, style=Style(elbow=float(np.deg2rad(80)), variation=0))
        a, b, c = (joints[BOTTOM, JOINT["L" + n]] for n in ("Shoulder", "Elbow", "Wrist"))
        cosine = (a - b) @ (c - b) / np.linalg.norm(a - b) / np.linalg.norm(c - b)
        # The regressor's joints are not the rig's own.
        assert np.degrees(np.arccos(cosine)) == pytest.approx(80, abs=15)


@pytest.mark.parametrize("yaw", [0, 20, 40])
@pytest.mark.parametrize("height", [0.6, 1.4])
def test_the_turn_of_a_lying_body_is_seen(rigs: list[Rig], yaw: float, height: float) -> None:
    """A high camera was once taken for a turn, and a real turn was not seen."""
    camera = Camera(height=height, distance=2.8, pitch=float(np.arctan2(0.3 - height, 2.8)))
    rng = np.random.default_rng(1)
    for rig in rigs:
        posture = push_up(rig, Style(), Faults(), [REP], TIMES, rng)
        turn = np.deg2rad(90 + yaw)
        posture = placed(posture, -0.7 * np.sin(turn), 0.7 * np.cos(turn), turn)
        seen = project(rig.joints(rig.solve(posture)), camera)
        found = turned_by(PoseTrack(TIMES, seen, np.ones(seen.shape[:2])), "side")
        assert found == pytest.approx(yaw, abs=9)


def film(rigs: list[Rig], rng: np.random.Generator, fault: str, count: int) -> Any:
    """Return random push-ups as a random camera at the side sees them."""
    rig = rigs[int(rng.integers(len(rigs)))]
    reps = repetitions(
        rng, count, first=0.7, descent=float(rng.uniform(0.7, 1.8)),
        pause=float(rng.uniform(0.05, 0.6)), ascent=float(rng.uniform(0.6, 1.4)), rest=0.4,
    )  # fmt: skip
    times = np.arange(round((reps[-1].end + 0.6) * RATE)) / RATE
    faults = Faults()
    if fault:
        name, least = WRONG[fault]
        faults = Faults(**{name: float(rng.uniform(least, 1))})
    posture = push_up(rig, sample_style(rng), faults, reps, times, rng)
    side = float(rng.choice([-1, 1]))
    yaw = side * np.deg2rad(90) + np.deg2rad(rng.uniform(-20, 20))
    posture = placed(posture, -0.7 * np.sin(yaw), 0.7 * np.cos(yaw), yaw)
    height, distance = float(rng.uniform(0.6, 1.4)), float(rng.uniform(2.3, 3.6))
    camera = Camera(
        height=height, distance=distance, pitch=float(np.arctan2(0.3 - height, distance)),
        roll=float(np.deg2rad(rng.normal(0, 1.5))),
    )  # fmt: skip
    return filmed(rig, posture, times, camera, rng)


def trial(rigs: list[Rig], seed: int, count: int) -> list[tuple[str, list[tuple[float, str]]]]:
    """Return what is judged of so many movements, half of them good."""
    rng, exercise = np.random.default_rng(seed), load("push_up")
    results = []
    for number in range(count):
        fault = list(WRONG)[number // 2 % len(WRONG)] if number % 2 else ""
        results.append((fault, judged(exercise, film(rigs, rng, fault, 2))))
    return results


def test_many_movements_are_counted_and_judged(rigs: list[Rig]) -> None:
    found = rates(trial(rigs, 5, 40), 2)
    assert found["exact"] >= 0.97
    assert min(found["good"], found["bad"], found["named"]) >= 0.9, found
