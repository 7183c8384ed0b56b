"""The push-up pack: rendered clips through the real pose model, and what is no push-up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.assessment import Reason, Verdict
from edge.exercises import load
from edge.joints import INDEX
from edge.judging import RuleJudge
from edge.measuring import measure
from edge.pose.blazepose import BlazePose
from edge.repetitions import find_repetitions, with_margin
from edge.track import FloatArray, PoseTrack
from tests.edge.packs import assess, coming_from, counted_live, known_track
from tests.edge.people import joints_at

EXERCISE = load("push_up")


@pytest.fixture(scope="module")
def model() -> BlazePose:
    return BlazePose()


def test_good_push_ups_are_good(model: BlazePose) -> None:
    assessment = assess("push_up_good", EXERCISE, model)
    assert assessment.verdict is Verdict.GOOD
    assert len(assessment.repetitions) == 3
    assert assessment.cue.kind == "praise"


@pytest.mark.parametrize(
    ("name", "fault"), [("push_up_sag", "hips_sag"), ("push_up_shallow", "too_shallow")]
)
def test_faulty_push_ups_are_bad_and_say_why(name: str, fault: str, model: BlazePose) -> None:
    assessment = assess(name, EXERCISE, model, every=2)
    assert assessment.verdict is Verdict.BAD
    assert len(assessment.repetitions) == 3
    assert assessment.cue.name == fault
    assert assessment.cue.value is not None


def test_from_the_front_is_turned_away(model: BlazePose) -> None:
    assessment = assess("press_good", EXERCISE, model, every=6)
    assert assessment.verdict is Verdict.NOT_JUDGED
    assert assessment.reason is Reason.TURNED_AWAY


def standing(track: PoseTrack) -> FloatArray:
    """Return somebody who stands where the hands are, as tall as the one who lies there."""
    posture = joints_at(np.zeros(1))[0]
    torso = np.hypot(*(track.joints[0, INDEX["Neck"]] - track.joints[0, INDEX["MidHip"]]))
    placed = posture * torso + track.joints[0, INDEX["RWrist"]]
    return np.asarray(np.where(np.isnan(placed), placed[INDEX["Nose"]], placed))


def test_getting_down_and_up_again_is_no_push_up() -> None:
    track = known_track("push_up_good")
    whole = coming_from(standing(track), track)
    found = find_repetitions(whole, EXERCISE)
    assert len(found) == 3
    apart = [one.turn - 2.0 for one in found]
    bottoms = [one.turn for one in find_repetitions(track, EXERCISE)]
    np.testing.assert_allclose(apart, bottoms, atol=0.1)
    assert counted_live(whole, EXERCISE) == 3


def test_only_getting_down_and_up_is_nothing() -> None:
    track = known_track("push_up_good").between(0.0, 0.7)
    whole = coming_from(standing(track), track)
    assert find_repetitions(whole, EXERCISE) == []
    assert counted_live(whole, EXERCISE) == 0


def test_head_to_the_left_measures_the_same_as_to_the_right() -> None:
    """The sign of a bend once depended on which way the body lay."""
    track = known_track("push_up_sag")
    mirrored = replace(track, joints=track.joints * (-1, 1) + (640, 0))
    for one, other in zip(*(find_repetitions(t, EXERCISE) for t in (track, mirrored)), strict=True):
        values = [
            measure(EXERCISE, with_margin(t, r), r, 0.0)
            for t, r in ((track, one), (mirrored, other))
        ]
        for name, value in values[0].items():
            twin = values[1][name]
            assert value is not None and twin is not None
            assert value.value == pytest.approx(twin.value, abs=1e-6)


def test_a_camera_that_sees_no_legs_shows_no_line() -> None:
    track = known_track("push_up_sag")
    confidence = track.confidence.copy()
    confidence[:, [INDEX["LAnkle"], INDEX["RAnkle"]]] = 0
    hidden = replace(track, confidence=confidence)
    repetition = find_repetitions(track, EXERCISE)[0]
    part = with_margin(hidden, repetition)
    assert measure(EXERCISE, part, repetition, 0.0)["line"] is None
    assert "hips_sag" not in RuleJudge(EXERCISE).judge(part, repetition).parts
