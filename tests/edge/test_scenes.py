"""The subject in rendered scenes, through the real pose model: nobody steals the skeleton."""

from __future__ import annotations

import numpy as np
import pytest

from edge.assessment import Assessment, Reason
from edge.classifier import Classifier
from edge.frames.video import VideoFile
from edge.joints import TEN
from edge.pose.blazepose import BlazePose
from edge.replay import joints_at
from edge.session import ScoringSession
from tests.clips import KnownClip


@pytest.fixture(scope="module")
def model() -> BlazePose:
    return BlazePose()


def run(name: str, model: BlazePose) -> tuple[KnownClip, ScoringSession, Assessment]:
    """Return the clip, and the finished session and its assessment."""
    clip = KnownClip.load(name)
    session = ScoringSession(model.open_stream(), Classifier.load())
    with VideoFile(clip.video) as video:
        session.push_all(video)
    return clip, session, session.finish()


def share_on_subject(clip: KnownClip, session: ScoringSession) -> tuple[float, float]:
    """Return in how many of the clip's frames a skeleton is shown, and lies on the subject.

    A skeleton lies on the subject if it is nearer to the subject's known joints than to anybody
    else's, and by the median joint not further than a quarter of a torso's length away.
    """
    shown, right = 0, 0
    ten = list(TEN)
    for number, time in enumerate(clip.times):
        joints, confidence = joints_at(session.track, float(time))
        if not confidence.any():
            continue
        shown += 1
        truth = clip.joints[number]
        torso = np.hypot(*(truth[clip.subject, 1] - truth[clip.subject, 8]))
        apart = np.nanmedian(np.hypot(*np.moveaxis(truth[:, ten] - joints[ten], -1, 0)), axis=1)
        right += bool(np.nanargmin(apart) == clip.subject and apart[clip.subject] < 0.25 * torso)
    return shown / len(clip.times), right / max(shown, 1)


@pytest.mark.parametrize("name", ["walk_through", "bystander_first", "mirror", "good_2", "bad_2"])
def test_the_skeleton_is_the_subjects(name: str, model: BlazePose) -> None:
    clip, session, assessment = run(name, model)
    shown, right = share_on_subject(clip, session)
    assert right >= 0.99
    assert shown >= clip.meta.get("subject_visible", 0.9) * 0.95
    assert len(assessment.repetitions) == clip.meta["repetitions"]


def test_two_who_squat_side_by_side_are_not_judged(model: BlazePose) -> None:
    _, _, assessment = run("two_squatters", model)
    assert assessment.reason is Reason.SEVERAL_PEOPLE


def test_an_empty_gym_is_nobody(model: BlazePose) -> None:
    _, _, assessment = run("empty_gym", model)
    assert assessment.reason is Reason.NO_PERSON


def test_from_the_side_is_turned_away(model: BlazePose) -> None:
    _, _, assessment = run("side_view", model)
    assert assessment.reason is Reason.TURNED_AWAY
