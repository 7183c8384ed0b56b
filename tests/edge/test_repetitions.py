"""Finding repetitions in tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.exercise import Signal
from edge.exercises import load
from edge.joints import INDEX, L_ANKLE, R_ANKLE, TEN
from edge.repetitions import (
    MARGIN,
    LiveCounter,
    RepetitionSegmenter,
    find_repetitions,
    with_margin,
)
from edge.subject import SubjectTracker
from edge.track import PoseTrack
from tests.clips import ROOT
from tests.edge.packs import counted_live
from tests.edge.people import depth_at, joints_at, poses_of, squat_track, track_of, visitor


def several(count: int, *, rate: float = 30.0, pause: float = 1.0, depth: float = 1.0) -> PoseTrack:
    """Return a track of ``count`` squats of 2 s with ``pause`` seconds of standing between."""
    times = np.arange(0, count * (2.0 + pause) + pause, 1 / rate)
    depths = sum(depth_at(times, begin=pause + n * (2.0 + pause)) for n in range(count))
    return track_of(times, depth * np.asarray(depths))


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("rate", [15.0, 30.0, 60.0])
def test_each_squat_is_counted_once(count: int, rate: float) -> None:
    found = find_repetitions(several(count, rate=rate))
    assert len(found) == count
    for number, repetition in enumerate(found):
        begin = 1.0 + 3.0 * number
        # The sine starts slowly: the first and last 5 % of the drop take a sixth of a second.
        assert repetition.start == pytest.approx(begin + 0.15, abs=0.15)
        assert repetition.turn == pytest.approx(begin + 1.0, abs=0.1)
        assert repetition.end == pytest.approx(begin + 1.85, abs=0.15)
        assert repetition.travel == pytest.approx(0.8, abs=0.05)


def test_no_pause_between_repetitions_is_no_problem() -> None:
    assert len(find_repetitions(several(4, pause=0.0))) == 4


@given(seed=st.integers(0, 2**32 - 1))
def test_standing_and_swaying_is_no_squat(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.arange(0, 6, 1 / 30)
    sway = 0.1 * np.sin(times * rng.uniform(1, 6)) + rng.normal(0, 0.01, len(times))
    assert find_repetitions(track_of(times, sway)) == []


def test_a_false_start_is_no_repetition() -> None:
    times = np.arange(0, 6, 1 / 30)
    depths = 0.25 * depth_at(times, begin=0.5, length=1.0) + depth_at(times, begin=3.0)
    (found,) = find_repetitions(track_of(times, depths))
    assert found.turn == pytest.approx(4.0, abs=0.1)


def test_a_pause_and_a_bounce_at_the_bottom_are_one_repetition() -> None:
    points = [(0, 0), (1, 0), (2, 1), (3, 0.95), (3.4, 0.6), (3.8, 1), (5, 0), (6, 0)]
    times = np.arange(0, 6, 1 / 30)
    depths = np.interp(times, *np.array(points, dtype=float).T)
    assert len(find_repetitions(track_of(times, depths))) == 1


@pytest.mark.parametrize("length", [0.7, 1.0, 2.5])
def test_a_clip_cut_to_one_repetition_is_one_repetition(length: float) -> None:
    times = np.arange(0, length, 1 / 30)
    assert len(find_repetitions(squat_track(times, begin=0.0, length=length))) == 1


def test_a_squat_cut_off_on_the_way_up_counts_from_half_way() -> None:
    times = np.arange(0, 4, 1 / 30)
    track = squat_track(times, begin=0.5)
    assert len(find_repetitions(track.between(0, 2.1))) == 1
    assert find_repetitions(track.between(0, 1.7)) == []


def test_the_margin_is_kept_where_the_clip_has_it() -> None:
    track = several(1, pause=1.0)
    (repetition,) = find_repetitions(track)
    part = with_margin(track, repetition)
    assert repetition.start - part.times[0] == pytest.approx(MARGIN, abs=0.02)
    assert part.times[-1] - repetition.end == pytest.approx(MARGIN, abs=0.02)


def test_the_live_count_is_the_final_count() -> None:
    track = several(3)
    counter = LiveCounter(load())
    counts = []
    for time, pose in poses_of(track):
        counter.push(time, pose)
        counts.append(counter.count)
    assert counts[-1] == len(find_repetitions(track)) == 3
    assert counts[int(2.0 * 30)] == 0  # at the bottom of the first one


def raised(height: float, *moments: float, wide: float = 0.12) -> PoseTrack:
    """Return three squats from 3 s on, the whole body raised for a moment at each of these times.

    :param height: torso lengths.
    :param wide: seconds, of the Gaussian that the raise is.
    """
    times = np.arange(0, 12, 1 / 30)
    depths = sum(depth_at(times, begin=begin) for begin in (3.0, 6.0, 9.0))
    track = track_of(times, np.asarray(depths))
    up = sum(np.exp(-(((times - moment) / wide) ** 2) / 2) for moment in moments)
    joints = track.joints.copy()
    joints[..., 1] -= 100 * height * np.asarray(up)[:, None]
    return PoseTrack(track.times, joints, track.confidence)


@pytest.mark.parametrize("height", [0.1, 0.2, 0.25, 0.3, 0.35, 0.4])
@pytest.mark.parametrize(("moment", "tremble"), [(1.5, 0.0), (1.5, 0.01), (0.3, 0.0)])
def test_a_hop_before_the_set_does_not_cost_the_count(
    height: float, moment: float, tremble: float
) -> None:
    track = raised(height, moment)
    noise = np.random.default_rng(2).normal(0, 100 * tremble, track.joints.shape)
    track = PoseTrack(track.times, track.joints + noise, track.confidence)
    found = find_repetitions(track)
    assert [repetition.turn for repetition in found] == pytest.approx([4, 7, 10], abs=0.15)
    assert [repetition.travel for repetition in found] == pytest.approx([0.8] * 3, abs=0.1)
    assert counted_live(track, load()) == 3


def test_a_pause_at_the_bottom_is_no_landing() -> None:
    # The clip begins there, and the person stands up for a moment only: as if it were a hop.
    times = np.arange(0, 8, 1 / 30)
    depths = np.interp(times, [0, 1.5, 2, 2.5, 4.5, 5.5], [1, 1, 0, 1, 1, 0])
    (found,) = find_repetitions(track_of(times, depths))
    assert (found.start, found.end) == pytest.approx((2.0, 5.5), abs=0.15)


@pytest.mark.parametrize("height", [0.15, 0.25, 0.35])
def test_a_stretch_on_tiptoe_before_the_set_does_not_either(height: float) -> None:
    track = raised(height, 0.9, wide=0.35)
    assert len(find_repetitions(track)) == counted_live(track, load()) == 3


def test_heights_that_are_not_numbers_are_left_out() -> None:
    segmenter = RepetitionSegmenter(least=0.3)
    assert segmenter.push(0.0, float("nan")) is None
    assert segmenter.finish() is None


@pytest.mark.parametrize("squats", [0, 1, 3])
@pytest.mark.parametrize("speed", [0.5, 0.8, 1.2, 1.6])
@pytest.mark.parametrize("lens", [0.6, 1.3, 2.0])
def test_walking_in_and_out_is_no_repetition(squats: int, speed: float, lens: float) -> None:
    # Towards the camera the hips go down in the picture, and up again on the way out.
    tracker, counter = SubjectTracker(), LiveCounter(load())
    for time, pose in poses_of(visitor(squats, speed=speed, lens=lens)):
        subject = tracker.push(time, [pose])
        if subject:
            counter.push(time, subject)
    _, track = tracker.finish()
    assert len(find_repetitions(track)) == squats
    assert counter.count == squats


def test_an_ankle_that_is_seen_wrongly_for_a_moment_is_no_other_place() -> None:
    track = several(2)
    joints = track.joints.copy()
    joints[50:60, [R_ANKLE, L_ANKLE], 0] += 90
    assert len(find_repetitions(PoseTrack(track.times, joints, track.confidence))) == 2


def test_a_long_pause_at_the_bottom_is_one_repetition() -> None:
    times = np.arange(0, 10, 1 / 30)
    depths = np.interp(times, [0, 1, 2, 7, 8, 10], [0, 0, 1, 0.97, 0, 0])
    rng = np.random.default_rng(1)
    (found,) = find_repetitions(track_of(times, depths + rng.normal(0, 0.01, len(times))))
    assert found.end - found.start == pytest.approx(7, abs=0.4)


def test_a_clip_cut_to_the_bottom_of_one_repetition_is_one() -> None:
    times = np.arange(0, 1.2, 1 / 30)
    depths = 1 - 0.25 * ((times - 0.5) / 0.6) ** 2  # neither way is long enough by itself
    (found,) = find_repetitions(track_of(times, depths))
    assert (found.start, found.end) == (times[0], times[-1])
    assert found.turn == pytest.approx(0.5, abs=0.05)


def test_a_false_start_alone_is_none() -> None:
    times = np.arange(0, 4, 1 / 30)
    assert find_repetitions(track_of(times, 0.3 * depth_at(times, begin=1.5, length=1.0))) == []
    # Only one way: sitting down, or standing up.
    assert find_repetitions(track_of(times, np.clip(times / 2, 0, 1))) == []
    assert find_repetitions(track_of(times, 1 - np.clip(times / 2, 0, 1))) == []


def test_a_press_goes_up_and_comes_back() -> None:
    times = np.arange(0, 7, 1 / 30)
    joints = joints_at(np.zeros(len(times)))
    up = depth_at(times, begin=0.5) + depth_at(times, begin=3.5)
    for name in ("RWrist", "LWrist"):
        joints[:, INDEX[name], 1] = -2.8 - 1.1 * up
    press = replace(
        load(), signal=Signal(("RWrist", "LWrist"), least=0.5, above=("Neck",), rest="low")
    )
    found = find_repetitions(PoseTrack(times, joints, np.ones((len(times), 25))), press)
    assert [r.turn for r in found] == pytest.approx([1.5, 4.5], abs=0.1)
    assert [r.travel for r in found] == pytest.approx([1.1, 1.1], abs=0.05)


DATA = ROOT.parent / "shared" / "data"
SETS = {
    "aitrainer_front2d": (5, 0.99), "wing_validation_front2d": (1, 0.95),
    "uiprmd_deepsquat_vicon": (5, 0.95),
}  # fmt: skip
"""Every how many-th repetition is looked at, and how many of them must count as exactly one."""


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data sets beside the checkout")
@pytest.mark.parametrize("name", SETS)
def test_each_recorded_repetition_is_one(name: str) -> None:
    every, least = SETS[name]
    with np.load(DATA / f"{name}.npz") as archive:
        starts, lengths, rates = (archive[key] for key in ("start", "length", "fps"))
        joints = archive["k10"].astype(np.float64)
    counts = []
    for start, length, rate in list(zip(starts, lengths, rates, strict=True))[::every]:
        ten = joints[start : start + length]
        if ten.shape[2] == 3:  # metres, y up: a lens of long focal length straight in front
            ten = ten[..., :2] * (1, -1)
        body = np.full((length, 25, 2), np.nan)
        body[:, list(TEN)] = ten
        seen = np.asarray(np.isfinite(body).all(axis=2), dtype=np.float64)
        counts.append(len(find_repetitions(PoseTrack(np.arange(length) / float(rate), body, seen))))
    assert np.mean(np.array(counts) == 1) >= least
