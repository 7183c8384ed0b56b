"""What a page draws over a clip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from edge.assessment import JudgedRepetition, Verdict
from edge.bundle import DEFAULT_BUNDLE
from edge.classifier import TYPICAL, Classifier
from edge.explanation import Typical
from edge.joints import BODY_25, INDEX
from edge.session import ScoringSession
from edge.track import PoseTrack
from kiosk_ui.motion import MOTION, motion_of
from kiosk_ui.replays import save_track
from kiosk_ui.scores import Status
from kiosk_ui.store import CLIP, TRACK
from tests.clips import KnownClip
from tests.edge.people import poses_of
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import assessment, track, write_video
from tests.kiosk_ui.test_openapi import conforms

Motion = dict[str, Any]


@pytest.fixture(scope="module")
def known() -> tuple[PoseTrack, dict[str, Any]]:
    """Return the joints of the demo's bad squats, and what the shipped model says of them."""
    clip = KnownClip.load("demo_bad")
    joints = clip.joints[:, clip.subject]
    seen = PoseTrack(clip.times, joints, np.isfinite(joints).all(axis=2).astype(float))
    session = ScoringSession(None, Classifier.load())
    for time, pose in poses_of(seen):
        session.push_poses(time, [pose])
    found = session.finish().to_dict()
    return session.track, found


@pytest.fixture(scope="module")
def motion(known: tuple[PoseTrack, dict[str, Any]]) -> Motion:
    return motion_of(*known, (640, 480), Typical.load(DEFAULT_BUNDLE / TYPICAL))


def test_the_skeleton_is_where_the_joints_are(
    motion: Motion, known: tuple[PoseTrack, dict[str, Any]]
) -> None:
    seen, _ = known
    assert motion["times"] == pytest.approx(seen.times, abs=6e-4)
    assert motion["joints"] == list(BODY_25)
    knee = motion["poses"][40][INDEX["LKnee"]]
    assert knee == pytest.approx(seen.joints[40, INDEX["LKnee"]], abs=0.051)


def test_what_was_not_seen_is_not_drawn() -> None:
    seen = track()
    found = motion_of(seen, {}, (320, 240))
    assert found["poses"][0][INDEX["LBigToe"]] is None
    assert (found["course"], found["good"], found["faults"]) == (None, [], [])


def test_the_course_agrees_with_the_measured_depths(
    motion: Motion, known: tuple[PoseTrack, dict[str, Any]]
) -> None:
    course = motion["course"]
    assert (course["quantity"], course["unit"], course["aim"]) == ("depth", "%", [45.0, 80.0])
    for one in known[1]["repetitions"]:
        depth = np.interp(one["turn"], course["times"], course["values"])
        assert depth == pytest.approx(one["quantities"]["depth"], abs=1.5)
        assert np.interp(one["start"] - 0.3, course["times"], course["values"]) < 8
    assert min(course["values"]) > -5


def test_the_course_has_gaps_where_nobody_was_seen(
    known: tuple[PoseTrack, dict[str, Any]],
) -> None:
    seen, found = known
    gone = (seen.times > 4.0) & (seen.times < 5.2)
    part = PoseTrack(seen.times[~gone], seen.joints[~gone], seen.confidence[~gone])
    course = motion_of(part, {**found, "repetitions": found["repetitions"][:1]}, (640, 480))[
        "course"
    ]
    values = dict(zip(course["times"], course["values"], strict=True))
    assert {time for time, value in values.items() if value is None} == {
        time for time in values if 4.25 < time < 4.95
    }


def test_faults_name_their_joints_and_moment(motion: Motion) -> None:
    faults = {fault["name"]: fault for fault in motion["faults"]}
    assert faults["left_knee_in"]["joints"] == ["LKnee"]
    assert faults["too_shallow"]["joints"][0] == "MidHip"
    first = motion["repetitions"][0]
    assert first["start"] < faults["left_knee_in"]["moment"] < motion["repetitions"][-1]["end"]
    assert "left_knee_in" in first["faults"]
    assert motion["faults"][0]["name"] == "left_knee_in"  # what the cue is about


def test_each_repetition_has_a_good_one_beside_it(motion: Motion) -> None:
    assert [good["repetition"] for good in motion["good"]] == [0, 1, 2]
    for good, own in zip(motion["good"], motion["repetitions"], strict=True):
        assert good["times"][0] <= own["start"] and own["end"] <= good["times"][-1] + 0.05


@pytest.fixture
def key(web: Web, tmp_path: Path) -> str:
    clip = write_video(tmp_path / CLIP, 1.0)
    found = replace(
        assessment(Verdict.BAD, 0.2),
        repetitions=(JudgedRepetition(0.2, 0.5, 0.8, 0.6, 0.2),),
    )
    return web.services.store.add_recording(
        clip, found.to_dict(), lambda path: save_track(track(), path)
    )


def test_the_clip_is_served_in_parts(phone: FlaskClient, key: str) -> None:
    path = "/api/v1/scores/{id}/clip.mp4"
    for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=99999999-"}):
        conforms(phone.get(path.format(id=key), headers=headers), path, "get")
    assert len(phone.get(path.format(id=key), headers={"Range": "bytes=0-9"}).data) == 10


def test_the_motion_is_served_and_made_once(web: Web, phone: FlaskClient, key: str) -> None:
    path = "/api/v1/scores/{id}/motion"
    answer = phone.get(path.format(id=key))
    conforms(answer, path, "get")
    assert answer.json and answer.json["size"] == [320, 240]
    assert answer.headers["Cache-Control"] == "private, no-cache"
    kept = web.services.store.path(key, MOTION)
    kept.write_text(json.dumps({"kept": True}))
    assert phone.get(path.format(id=key)).json == {"kept": True}
    again = phone.get(
        path.format(id=key),
        headers={"If-None-Match": phone.get(path.format(id=key)).headers["ETag"]},
    )
    assert again.status_code == 304


def test_what_is_not_there_is_said(web: Web, phone: FlaskClient, key: str) -> None:
    for name in ("clip.mp4", "motion"):
        path = "/api/v1/scores/{id}/" + name
        conforms(phone.get(path.format(id="x")), path, "get")
    web.services.store.path(key, TRACK).unlink()
    gone = phone.get(f"/api/v1/scores/{key}/motion")
    assert gone.status_code == 404
    assert gone.json and gone.json["code"] == "no_motion"
    web.services.store.path(key, CLIP).unlink()
    assert phone.get(f"/api/v1/scores/{key}/clip.mp4").json["code"] == "no_clip"  # type: ignore[index]
    web.services.store.update(key, status=Status.FAILED, error="No.")
    assert phone.get(f"/api/v1/scores/{key}/motion").status_code == 404
