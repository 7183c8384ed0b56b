"""Choosing the subject among several people and staying with them."""

from __future__ import annotations

import numpy as np
import pytest

from edge.joints import SWAP
from edge.subject import Choice, SubjectTracker, unswapped
from edge.track import Pose, PoseTrack
from tests.edge.people import depth_at, joints_at, track_of

TIMES = np.arange(0, 8, 1 / 30)
SQUATS = np.sum([depth_at(TIMES, begin=begin) for begin in (0.5, 3.0, 5.5)], axis=0)
STILL = np.zeros(len(TIMES))


def person(depth: np.ndarray, *, scale: float = 100.0, x: float = 320.0) -> PoseTrack:
    return track_of(TIMES, np.asarray(depth), scale=scale, offset=(x, 400.0))


def walker(*, scale: float, start: float, speed: float) -> PoseTrack:
    """Return somebody who crosses the picture; speed in pixels per second."""
    joints = joints_at(STILL) * scale + np.array([0.0, 420.0])
    joints[:, :, 0] += (start + speed * TIMES)[:, None]
    return PoseTrack(TIMES, joints, np.isfinite(joints).all(axis=2).astype(float))


def run(
    *people: PoseTrack, hidden: dict[int, slice] | None = None
) -> tuple[Choice, PoseTrack, SubjectTracker]:
    """Push the people frame by frame, in an order that changes, some of them hidden for a time."""
    tracker = SubjectTracker()
    rng = np.random.default_rng(0)
    hidden = hidden or {}
    for frame, time in enumerate(TIMES):
        poses = [
            Pose(track.joints[frame], track.confidence[frame])
            for number, track in enumerate(people)
            if frame not in range(*hidden.get(number, slice(0)).indices(len(TIMES)))
        ]
        tracker.push(float(time), [poses[i] for i in rng.permutation(len(poses))])
    return (*tracker.finish(), tracker)


def same_person(track: PoseTrack, truth: PoseTrack) -> float:
    """Return the share of the track's frames that lie on ``truth``."""
    index = np.searchsorted(truth.times, track.times)
    apart = np.nanmedian(np.hypot(*np.moveaxis(track.joints - truth.joints[index], -1, 0)), axis=1)
    return float((apart < 20).mean())


def test_one_person_is_the_subject() -> None:
    choice, track, _ = run(person(SQUATS))
    assert choice is Choice.ONE
    assert len(track) == len(TIMES)


def test_nobody() -> None:
    choice, track, _ = run()
    assert choice is Choice.NOBODY
    assert len(track) == 0


def test_a_larger_bystander_who_stands_still_is_not_the_subject() -> None:
    subject = person(SQUATS)
    choice, track, _ = run(person(STILL, scale=160.0, x=120.0), subject)
    assert choice is Choice.ONE
    assert same_person(track, subject) == 1.0


def test_a_mirror_image_is_not_the_subject() -> None:
    subject = person(SQUATS)
    image = person(SQUATS, scale=60.0, x=420.0)
    choice, track, _ = run(image, subject)
    assert choice is Choice.ONE
    assert same_person(track, subject) == 1.0


def test_somebody_who_walks_through_in_front_does_not_take_the_skeleton_along() -> None:
    subject = person(SQUATS)
    crossing = walker(scale=130.0, start=-200.0, speed=220.0)
    # While the walker covers the subject, the subject is not seen at all.
    choice, track, _ = run(subject, crossing, hidden={0: slice(65, 80)})
    assert choice is Choice.ONE
    assert same_person(track, subject) >= 0.99
    assert len(track) == len(TIMES) - 15


def test_a_subject_lost_for_longer_is_found_again_on_the_same_spot() -> None:
    subject = person(SQUATS)
    choice, track, _ = run(subject, hidden={0: slice(80, 110)})
    assert choice is Choice.ONE
    assert len(track) == len(TIMES) - 30


def test_a_camera_of_two_frames_a_second_still_has_a_subject() -> None:
    tracker = SubjectTracker()
    subject = person(SQUATS)
    for frame in range(0, len(TIMES), 24):
        pose = Pose(subject.joints[frame], subject.confidence[frame])
        tracker.push(float(TIMES[frame]), [pose])
    choice, track = tracker.finish()
    assert choice is Choice.ONE
    assert len(track) == 10


def test_a_source_without_necks_is_no_crash() -> None:
    joints = person(SQUATS).joints.copy()
    joints[:, 1] = np.nan
    choice, _, _ = run(PoseTrack(TIMES, joints, np.isfinite(joints).all(axis=2).astype(float)))
    assert choice is Choice.ONE


def test_two_who_squat_alike_are_too_many() -> None:
    choice, _, _ = run(person(SQUATS, x=200.0), person(SQUATS, x=450.0))
    assert choice is Choice.SEVERAL


def test_sides_that_are_exchanged_on_an_odd_frame_are_put_right() -> None:
    subject = person(SQUATS)
    joints = subject.joints.copy()
    joints[50] = joints[50][list(SWAP)]
    choice, track, _ = run(PoseTrack(TIMES, joints, subject.confidence))
    assert choice is Choice.ONE
    assert np.array_equal(track.joints[50], subject.joints[50], equal_nan=True)


def test_a_pose_that_is_right_is_left_alone() -> None:
    track = person(SQUATS)
    one, two = (Pose(track.joints[i], track.confidence[i]) for i in (30, 31))
    kept, distance = unswapped(two, one)
    assert kept is two
    assert distance < 0.05


def test_the_provisional_subject_is_the_one_who_is_near_and_stays() -> None:
    tracker = SubjectTracker()
    near, far = person(STILL), person(STILL, scale=50.0, x=500.0)
    chosen = None
    for frame in range(30):
        poses = [Pose(t.joints[frame], t.confidence[frame]) for t in (far, near)]
        chosen = tracker.push(float(TIMES[frame]), poses)
    assert chosen is not None
    assert chosen.joints[1] == pytest.approx(near.joints[29, 1])
    assert tracker.push(float(TIMES[30]), []) is None
