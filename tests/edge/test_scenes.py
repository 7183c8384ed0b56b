"""The subject in rendered scenes, through the real pose model: nobody steals the skeleton."""

from __future__ import annotations

import numpy as np
import pytest

from edge.assessment import Assessment, Reason
from edge.classifier import Classifier
from edge.joints import MID_HIP, NECK, TEN
from edge.replay import joints_at
from edge.session import ScoringSession
from tests.clips import KnownClip
from tests.edge.seen import Look


def run(name: str, seen: Look) -> tuple[KnownClip, ScoringSession, Assessment]:
    """Return the clip, and the finished session and its assessment."""
    clip = KnownClip.load(name)
    session = ScoringSession(None, Classifier.load())
    for time, people in seen(name).moments:
        session.push_poses(time, people)
    return clip, session, session.finish()


def share_on_subject(clip: KnownClip, session: ScoringSession) -> tuple[float, float]:
    """Return in how many frames of the squats a skeleton is shown, and lies on the subject.

    All frames count in which a skeleton is shown. It lies on the subject if it is nearer to the
    subject's known joints than to anybody else's, and by the median joint not further than a
    quarter of a torso's length away.
    """
    shown: list[float] = []
    right = []
    ten = list(TEN)
    known = clip.joints[:, clip.subject]
    torso = float(np.nanmax(np.hypot(*(known[:, NECK] - known[:, MID_HIP]).T)))
    for number, time in enumerate(clip.times):
        joints, confidence = joints_at(session.track, float(time))
        if not confidence.any():
            continue
        shown.append(float(time))
        apart = np.nanmedian(
            np.hypot(*np.moveaxis(clip.joints[number][:, ten] - joints[ten], -1, 0)), axis=1
        )
        right.append(np.nanargmin(apart) == clip.subject and apart[clip.subject] < 0.25 * torso)
    squats = np.array(
        [any(r["start"] <= t <= r["end"] for r in clip.meta["repetitions"]) for t in clip.times]
    )
    return float(np.isin(clip.times[squats], shown).mean()), float(np.mean(right))


@pytest.mark.parametrize(
    ("name", "least_shown"),
    # While somebody walks through in front, the subject is covered for most of a second.
    [("walk_through", 0.85), ("bystander_first", 0.99), ("mirror", 0.99), ("good_2", 0.99),
     ("bad_2", 0.99), ("far_person", 0.99)],
)  # fmt: skip
def test_the_skeleton_is_the_subjects(name: str, least_shown: float, seen: Look) -> None:
    clip, session, assessment = run(name, seen)
    shown, right = share_on_subject(clip, session)
    assert right >= 0.99
    assert shown >= least_shown
    assert len(assessment.repetitions) == clip.meta["repetition_count"]


def test_two_who_squat_side_by_side_are_not_judged(seen: Look) -> None:
    _, _, assessment = run("two_squatters", seen)
    assert assessment.reason is Reason.SEVERAL_PEOPLE


def test_an_empty_gym_is_nobody(seen: Look) -> None:
    _, _, assessment = run("empty_gym", seen)
    assert assessment.reason is Reason.NO_PERSON


def test_from_the_side_is_turned_away(seen: Look) -> None:
    _, _, assessment = run("side_view", seen)
    assert assessment.reason is Reason.TURNED_AWAY
