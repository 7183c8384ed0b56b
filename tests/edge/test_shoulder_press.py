"""The shoulder-press pack: rendered clips through the real pose model, and what is no press."""

from __future__ import annotations

import numpy as np
import pytest

from edge.assessment import Reason, Verdict
from edge.exercises import load
from edge.joints import INDEX, SWAP
from edge.measuring import measure
from edge.pose.blazepose import BlazePose
from edge.repetitions import find_repetitions, with_margin
from edge.track import FloatArray, PoseTrack
from edge.view import turned_by
from tests.edge.packs import assess, coming_from, counted_live, known_track

EXERCISE = load("shoulder_press")


@pytest.fixture(scope="module")
def model() -> BlazePose:
    return BlazePose()


def test_good_presses_are_good(model: BlazePose) -> None:
    assessment = assess("press_good", EXERCISE, model)
    assert assessment.verdict is Verdict.GOOD
    assert len(assessment.repetitions) == 3
    assert assessment.cue.kind == "praise"


@pytest.mark.parametrize(
    ("name", "fault"), [("press_half", "not_locked_out"), ("press_uneven", "left_arm_lags")]
)
def test_faulty_presses_are_bad_and_say_why(name: str, fault: str, model: BlazePose) -> None:
    assessment = assess(name, EXERCISE, model, every=2)
    assert assessment.verdict is Verdict.BAD
    assert len(assessment.repetitions) == 3
    assert assessment.cue.name == fault
    assert assessment.cue.value is not None


def test_squats_are_no_presses(model: BlazePose) -> None:
    assessment = assess("good_2", EXERCISE, model, every=3)
    assert assessment.reason is Reason.NO_REPETITION


def hanging(track: PoseTrack) -> FloatArray:
    """Return the person before the hands go up to the shoulders."""
    posture: FloatArray = track.joints[0].copy()
    torso = np.hypot(*(posture[INDEX["Neck"]] - posture[INDEX["MidHip"]]))
    for side, sign in (("R", -1), ("L", 1)):
        shoulder = posture[INDEX[side + "Shoulder"]]
        posture[INDEX[side + "Elbow"]] = shoulder + torso * np.array([0.1 * sign, 0.55])
        posture[INDEX[side + "Wrist"]] = shoulder + torso * np.array([0.15 * sign, 1.05])
    return posture


def test_taking_the_weights_up_and_down_is_no_press() -> None:
    track = known_track("press_good")
    whole = coming_from(hanging(track), track, seconds=1.0)
    found = find_repetitions(whole, EXERCISE)
    tops = [one.turn for one in find_repetitions(track, EXERCISE)]
    np.testing.assert_allclose([one.turn - 1.0 for one in found], tops, atol=0.1)
    assert counted_live(whole, EXERCISE) == 3
    idle = coming_from(hanging(track), track.between(0.0, 0.7), seconds=1.0)
    assert find_repetitions(idle, EXERCISE) == []
    assert counted_live(idle, EXERCISE) == 0


def test_arms_overhead_are_no_turn() -> None:
    """Raised arms draw the shoulders together, and were once taken for a turn of 26 degrees."""
    turned = turned_by(known_track("press_good"))
    assert turned is not None and turned < 10


def test_the_arm_that_lags_is_the_persons_own() -> None:
    track = known_track("press_uneven")
    turned = PoseTrack(
        track.times, (track.joints * (-1, 1) + (640, 0))[:, list(SWAP)], track.confidence
    )
    for person, sign in ((track, 1), (turned, -1)):
        for repetition in find_repetitions(person, EXERCISE):
            found = measure(EXERCISE, with_margin(person, repetition), repetition, 0.0)["evenness"]
            assert found is not None
            assert 25 < sign * found.value < 60
            assert repetition.start <= found.moment <= repetition.turn
