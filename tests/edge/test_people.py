"""Who is meant, whether they move, and when somebody who has squatted stands still again."""

from __future__ import annotations

import numpy as np
import pytest

from edge.exercises import load
from edge.people import LastMoment, StandsStill, movement, nearest, track_of_nearest
from edge.positioning import MOVING
from edge.repetitions import LiveCounter
from edge.subject import SubjectTracker
from edge.track import Pose, PoseTrack
from tests.clips import KnownClip
from tests.edge.people import depth_at, poses_of, track_of
from tests.edge.seen import Look

TIMES = np.arange(0, 12, 1 / 30)


def longest_stand(track: PoseTrack, begin: float = 0.0, until: float = np.inf) -> float:
    watch, longest = StandsStill(MOVING[0]), 0.0
    for time, pose in poses_of(track):
        watch.push(time, pose)
        if begin <= time <= until:
            longest = max(longest, watch.seconds)
    return longest


def trembling(depth: np.ndarray) -> PoseTrack:
    track = track_of(TIMES, depth)
    noise = np.random.default_rng(0).normal(0, 1.0, track.joints.shape)
    return PoseTrack(track.times, track.joints + noise, track.confidence)


def test_the_last_moment_is_kept_from_end_to_end() -> None:
    moment = LastMoment(1.0)
    for time in np.arange(0, 3, 0.4):
        moment.push(float(time), [])
        moment.push(float(time), [])  # a clock that stands still
    times = [sight.time for sight in moment.sights]
    assert times == pytest.approx([1.6, 2.0, 2.4, 2.8])


def test_the_nearest_is_the_largest() -> None:
    small, large = (poses_of(track_of(TIMES[:1], np.zeros(1), scale=s))[0][1] for s in (60, 90))
    assert nearest([small, large]) is large
    assert nearest([]) is None
    moment = LastMoment(1.0)
    moment.push(0.0, [small, large])
    moment.push(0.5, [])
    assert len(track_of_nearest(moment.sights)) == 1


def test_movement_in_body_heights() -> None:
    still = track_of(TIMES[:15], np.zeros(15))
    assert movement(still) == 0.0
    walking = still.joints + np.linspace(0, 64, 15)[:, None, None] * [1, 0]
    assert movement(PoseTrack(still.times, walking, still.confidence)) == pytest.approx(0.19, 0.1)
    assert movement(PoseTrack.empty()) == np.inf


def test_standing_after_squats_is_noticed_and_rests_are_not() -> None:
    depth = np.asarray(sum(depth_at(TIMES, begin=begin) for begin in (0.5, 3.2, 5.9)))
    assert longest_stand(trembling(depth), until=7.5) < 1.3
    assert longest_stand(trembling(depth)) == pytest.approx(12 - 7.9, abs=0.5)


@pytest.mark.parametrize("deep", [1.0, 0.5])
def test_a_pause_at_the_bottom_is_no_end(deep: float) -> None:
    down = np.clip((TIMES - 2) / 0.8, 0, 1) * deep
    assert longest_stand(trembling(down), begin=2.8) == 0.0


def test_whoever_is_not_seen_does_not_stand() -> None:
    watch = StandsStill(MOVING[0])
    pose = poses_of(track_of(TIMES[:1], np.zeros(1)))[0][1]
    for time in np.arange(0, 3, 0.1):
        watch.push(float(time), pose)
    assert watch.seconds > 2.5
    watch.push(3.1, None)
    assert watch.seconds == 0.0
    hidden = Pose(pose.joints, np.zeros(25))
    watch.push(3.2, hidden)
    assert watch.seconds == 0.0


@pytest.mark.parametrize("name", ["demo_good", "demo_bad", "good_2", "bad_2", "walk_through"])
def test_rendered_sets_are_not_cut_short(name: str, seen: Look) -> None:
    """Within a set, nobody stands for as long as ends a recording; real pose model."""
    clip = KnownClip.load(name)
    last = max(repetition["end"] for repetition in clip.meta["repetitions"])
    subjects, watch, counter = SubjectTracker(), StandsStill(MOVING[0]), LiveCounter(load())
    for time, people in seen(name).moments:
        if time > last:
            break
        subject = subjects.push(time, people)
        watch.push(time, subject)
        if subject:
            counter.push(time, subject)
        assert not (counter.count and watch.seconds >= 2.0)
    assert counter.count >= len(clip.meta["repetitions"]) - 1
