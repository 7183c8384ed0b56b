"""The word after a repetition: the right one, at most one, at once."""

from __future__ import annotations

from time import thread_time

import numpy as np
import pytest

from edge.coaching import LONGEST, Coach
from edge.exercise import Exercise, Repetition, Text
from edge.exercises import load, names
from edge.repetitions import LiveCounter
from edge.session import ScoringSession
from edge.track import PoseTrack
from tests.edge.fakes import ConstantClassifier
from tests.edge.packs import known_track
from tests.edge.people import depth_at, poses_of, track_of
from tests.edge.seen import Look

SQUAT = load("squat")


def words(track: PoseTrack, exercise: Exercise = SQUAT) -> list[Text | None]:
    """Return what is said after each repetition of a track."""
    coach, counter, said = Coach(exercise), LiveCounter(exercise), []
    for time, pose in poses_of(track):
        ended = counter.push(time, pose)
        coach.see(time, pose)
        if ended:
            said.append(coach.word(ended))
    return said


def squats(*depths: float) -> PoseTrack:
    """Return squats of three seconds each, to such shares of a full one."""
    times = np.arange(0, 3.0 * len(depths) + 0.5, 1 / 30)
    depth = sum(share * depth_at(times, begin=3.0 * n + 0.3) for n, share in enumerate(depths))
    return track_of(times, np.asarray(depth))


def test_each_repetition_gets_its_own_word() -> None:
    said = words(squats(1.0, 0.55, 1.0, 0.55))
    lower = SQUAT.texts.live["too_shallow"]
    assert said == [None, lower, None, lower]


@pytest.mark.parametrize(
    ("pack", "clip", "fault"),
    [("push_up", "push_up_sag", "hips_sag"), ("push_up", "push_up_shallow", "too_shallow"),
     ("shoulder_press", "press_half", "not_locked_out")],
)  # fmt: skip
def test_other_exercises_have_their_words(pack: str, clip: str, fault: str) -> None:
    exercise = load(pack)
    said = [word for word in words(known_track(clip), exercise) if word]
    assert said
    assert all(word == exercise.texts.live[fault] for word in said)


@pytest.mark.parametrize("clip", ["push_up_good", "press_good"])
def test_nothing_is_said_of_what_is_right(clip: str) -> None:
    exercise = load("push_up" if "push" in clip else "shoulder_press")
    said = words(known_track(clip), exercise)
    assert said and not any(said)


@pytest.mark.parametrize("name", names())
def test_words_are_short_orders_in_both_languages(name: str) -> None:
    for text in load(name).texts.live.values():
        assert len(text.en.split()) <= 3 and len(text.en) <= 16
        assert len(text.ko) <= 10 and any("가" <= letter <= "힣" for letter in text.ko)
        assert not any(letter.isdigit() or letter in "{%°" for letter in text.en + text.ko)


def test_poses_are_not_kept_for_ever() -> None:
    coach, still = Coach(SQUAT), poses_of(squats(0.0))
    for number in range(3000):
        coach.see(number / 30, still[0][1])
    assert len(coach._poses) <= LONGEST * 30 + 2


def test_nothing_seen_nothing_said() -> None:
    track = squats(0.55)
    hidden = PoseTrack(track.times, track.joints, np.zeros_like(track.confidence))
    coach = Coach(SQUAT)
    for time, pose in poses_of(hidden):
        coach.see(time, pose)
    assert coach.word(Repetition(0.3, 1.3, 2.3, 0.5)) is None


def test_the_session_says_it_in_the_frame_that_ends_the_repetition() -> None:
    session = ScoringSession(None, ConstantClassifier(), live_words=True)
    silent = ScoringSession(None, ConstantClassifier())
    counts = []
    for time, pose in poses_of(squats(0.55, 1.0)):
        before, began = session.repetitions, thread_time()
        session.push_poses(time, [pose])
        silent.push_poses(time, [pose])
        if session.repetitions > before:
            assert thread_time() - began < 0.1  # frames come each 0.033 s; a few may wait
            counts.append((time, session.live_word))
    (first, word), (_, nothing) = counts
    assert first == pytest.approx(0.3 + 2.0, abs=0.3)  # back on their feet
    assert (word, nothing) == (SQUAT.texts.live["too_shallow"], None)
    assert silent.live_word is None and silent.repetitions == 2


def test_through_the_real_pose_model(seen: Look) -> None:
    session = ScoringSession(None, ConstantClassifier(), live_words=True)
    said = []
    for time, people in seen("demo_bad").moments:
        before = session.repetitions
        session.push_poses(time, people)
        if session.repetitions > before:
            said.append(session.live_word)
    assert len(said) == session.repetitions > 0
    assert any(said)
