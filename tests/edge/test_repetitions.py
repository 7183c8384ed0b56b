"""Finding repetitions in tracks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.repetitions import (
    MARGIN,
    LiveCounter,
    RepetitionSegmenter,
    find_repetitions,
    with_margin,
)
from edge.track import PoseTrack
from tests.edge.people import depth_at, poses_of, squat_track, track_of


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
        assert repetition.bottom == pytest.approx(begin + 1.0, abs=0.1)
        assert repetition.end == pytest.approx(begin + 1.85, abs=0.15)
        assert repetition.drop == pytest.approx(0.8, abs=0.05)


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
    assert found.bottom == pytest.approx(4.0, abs=0.1)


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
    counter = LiveCounter()
    counts = []
    for time, pose in poses_of(track):
        counter.push(time, pose)
        counts.append(counter.count)
    assert counts[-1] == len(find_repetitions(track)) == 3
    assert counts[int(2.0 * 30)] == 0  # at the bottom of the first one


def test_heights_that_are_not_numbers_are_left_out() -> None:
    segmenter = RepetitionSegmenter()
    assert segmenter.push(0.0, float("nan")) is None
    assert segmenter.finish() is None
