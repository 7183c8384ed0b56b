"""Real videos through the real pose model: every repetition is counted, whatever the view."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.assessment import Assessment, Reason, Verdict
from edge.classifier import Classifier
from edge.frames.video import VideoFile
from edge.pose.blazepose import BlazePose
from edge.session import ScoringSession
from tests.clips import ROOT

CLIPS = ROOT.parent / "shared" / "clips"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CLIPS.is_dir(), reason="needs the shared clips beside the checkout"),
]

COUNTS = {
    "aitrainer_bending_forward.gif": 1, "aitrainer_no_depth.gif": 1,
    "aitrainer_olympic_squat.gif": 1, "squat_8.mp4": 1, "squat_17.mp4": 1,
    "squat_18.mp4": 1,  # and one that is cut off on the way down
    "squat_19.mp4": 2, "v_BodyWeightSquats_g01_c01.avi": 4,
    "v_BodyWeightSquats_g18_c01.avi": 5,  # after one that is cut off at the bottom
    "v_BodyWeightSquats_g20_c04.avi": 4, "v_BodyWeightSquats_g21_c01.avi": 1,
    "v_BodyWeightSquats_g21_c04.avi": 2,
}  # fmt: skip
"""Counted by eye, frame by frame."""

NOT_FACING = ("squat_8.mp4", "squat_17.mp4", "v_BodyWeightSquats_g01_c01.avi")


@pytest.fixture(scope="module")
def results() -> dict[str, Assessment]:
    model, found = BlazePose(), {}
    for name in COUNTS:
        session = ScoringSession(model.open_stream(), Classifier.load())
        with VideoFile(Path(CLIPS, name)) as video:
            session.push_all(video)
        found[name] = session.finish()
    return found


def test_repetitions_are_counted_exactly(results: dict[str, Assessment]) -> None:
    counts = {name: len(result.repetitions) for name, result in results.items()}
    assert counts == COUNTS


def test_whoever_does_not_face_the_camera_is_asked_to(results: dict[str, Assessment]) -> None:
    for name in NOT_FACING:
        assert results[name].verdict is Verdict.NOT_JUDGED
        assert results[name].reason is Reason.TURNED_AWAY
        assert results[name].cue.name == "turned_away"


def test_bending_forward_is_measured(results: dict[str, Assessment]) -> None:
    bent, upright = (
        next(q.value for q in results[name].quantities if q.name == "lean_forward")
        for name in ("aitrainer_bending_forward.gif", "aitrainer_olympic_squat.gif")
    )
    assert bent is not None and upright is not None
    assert bent > 65 > upright
