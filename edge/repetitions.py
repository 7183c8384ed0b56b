"""Finding the repetitions in a track: from rest, there, and back to rest.

One :class:`RepetitionSegmenter` serves the live count and the final result. It looks at one
height only, the exercise's signal in torso lengths, and turns around with hysteresis, so that
neither a tremble nor a pause makes a repetition.
"""

from __future__ import annotations

from math import isfinite
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edge.cut import CUT_REST_SECONDS, RESTING, cut_to_one
from edge.exercise import Exercise, Repetition
from edge.exercises import load
from edge.joints import MID_HIP, NECK
from edge.place import Place, standing
from edge.preprocessing import MIN_CONFIDENCE, RATE, evenly
from edge.track import FloatArray, Pose, PoseTrack

RETURNED: Final = 0.75
"""The share of the way after which the person counts as having come back."""

RISING: Final = 0.3
"""Shares of the way per second above which the rise is not over: a clip that began on the way down
ends higher than it began."""

RISE_SECONDS: Final = 0.1
"""Seconds over which the speed of the rise is taken."""

RETURNED_AT_THE_END: Final = 0.5
"""A clip may be cut before the person is at rest again: this share is enough at its end."""

MAX_RETURN_SECONDS: Final = 1.0
"""After having come back, the repetition ends at the latest after this time."""

SETTLED_SECONDS: Final = 1.0
"""Seconds without moving after which somebody has settled."""

SETTLED: Final = 1 / 6
"""Shares of a repetition's least by which somebody who has settled still sways."""

MARGIN: Final = 0.2
"""Seconds of rest kept before and after each repetition, where the clip has them."""


class RepetitionSegmenter:
    """Counts repetitions from heights pushed one at a time.

        segmenter = RepetitionSegmenter(least=0.3)
        done = segmenter.push(time, height)      # a Repetition when one has just ended
        last = segmenter.finish()                # the one the clip's end cut off, if any

    Heights are in torso lengths, high at rest, from any origin.

    :param least: torso lengths; a movement of less than this is no repetition.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._times: list[float] = []
        self._heights: list[float] = []
        self._top = 0  # index of the highest moment before the descent
        self._bottom: int | None = None  # index of the lowest moment, once it is a repetition
        self._top_after: int | None = None  # index of the highest moment after the bottom
        self._second = 0  # index of the first moment of the last second
        self._settled: tuple[int, float] | None = None  # since which index, how high, below the top

    def push(self, time: float, height: float) -> Repetition | None:
        """Take a height (torso lengths) at ``time`` (seconds); return a repetition if one ended."""
        if not isfinite(height):
            return None
        self._times.append(time)
        self._heights.append(height)
        now = len(self._times) - 1
        if self._top_after is None:
            self._settle(now)
            self._forget(now)
        if self._bottom is None:
            self._descend(now)
            return None
        if self._top_after is None:
            self._turn(now)
        if self._top_after is not None:
            return self._rest(now)
        return None

    def finish(self) -> Repetition | None:
        """Return the repetition that the end of the clip cut short, if enough of it is there."""
        if self._bottom is None:
            return None
        after = self._heights[self._bottom :]
        last = self._bottom + int(np.argmax(after))
        if self._share(last) < RETURNED_AT_THE_END:
            return None
        return self._close(last)

    def _settle(self, now: int) -> None:
        """Notice that the person stands still, lower than the top: that was a hop or on tiptoe."""
        times, sway = self._times, SETTLED * self._least
        while self._second < now and times[now] - times[self._second + 1] >= SETTLED_SECONDS:
            self._second += 1
        if times[now] - times[self._second] < SETTLED_SECONDS:
            return
        second = sorted(self._heights[self._second :])
        few, level = len(second) // 10, second[len(second) // 2]  # a tremble is no movement
        if second[-1 - few] - second[few] <= sway:
            lower = self._heights[self._top] - level > sway
            self._settled = (self._second, level) if lower else None

    def _forget(self, now: int) -> None:
        """Forget the top once a whole way leads down from where the person has settled since.

        Until then it may be a pause at the bottom.
        """
        if self._settled is None or self._settled[0] <= self._top:
            return
        first, level = self._settled
        if level - self._heights[now] >= self._least:
            self._top = first + int(np.argmax(self._heights[first:]))
            self._bottom, self._settled = now, None

    def _descend(self, now: int) -> None:
        heights = self._heights
        # The latest of equal tops: a repetition starts where the rest ends.
        if heights[now] >= heights[self._top]:
            self._top = now
        elif heights[self._top] - heights[now] >= self._least:
            self._bottom = now

    def _turn(self, now: int) -> None:
        if self._heights[now] < self._heights[self._bottom or 0]:
            self._bottom = now
        elif self._share(now) >= RETURNED:
            self._top_after = now

    def _rest(self, now: int) -> Repetition | None:
        heights, top = self._heights, self._top_after or 0
        if heights[now] > heights[top]:
            self._top_after = top = now
        sank_again = heights[top] - heights[now] >= self._least / 2
        rested = self._times[now] - self._times[top] >= MAX_RETURN_SECONDS
        at_rest = self._share(top) >= RESTING and self._speed(now) <= RISING
        if at_rest or sank_again or rested:
            return self._close(top)
        return None

    def _speed(self, now: int) -> float:
        """Return how fast the person rises, in shares of the way per second."""
        before = now
        while before > 0 and self._times[now] - self._times[before] < RISE_SECONDS:
            before -= 1
        seconds = self._times[now] - self._times[before]
        return (self._share(now) - self._share(before)) / seconds if seconds > 0 else 0.0

    def _share(self, index: int) -> float:
        """Return how much of the way is regained at ``index``, 0 to 1 and above."""
        bottom = self._heights[self._bottom or 0]
        return (self._heights[index] - bottom) / (self._heights[self._top] - bottom)

    def _close(self, top: int) -> Repetition:
        bottom = self._bottom or 0
        travel = self._heights[self._top] - self._heights[bottom]
        end = self._end(top)
        repetition = Repetition(
            self._times[self._start()], self._times[bottom], self._times[end], travel
        )
        # What lies before the end is settled: the next repetition starts from here.
        self._times, self._heights = self._times[end:], self._heights[end:]
        self._bottom, self._top_after, self._settled, self._second = None, None, None, 0
        self._top = int(np.argmax(self._heights))
        return repetition

    def _end(self, top: int) -> int:
        """Return the first moment at which the person is at rest again, if they ever are."""
        if self._share(top) < RESTING:
            return top
        bottom = self._bottom or 0
        level = self._heights[bottom] + RESTING * (self._heights[top] - self._heights[bottom])
        return next(i for i in range(bottom, top + 1) if self._heights[i] >= level)

    def _start(self) -> int:
        """Return the last moment at which the person was still at rest before this descent."""
        bottom = self._bottom or 0
        level = self._heights[bottom] + RESTING * (self._heights[self._top] - self._heights[bottom])
        resting = [i for i in range(bottom) if self._heights[i] >= level]
        return resting[-1] if resting else self._top


class LiveCounter:
    """Counts the repetitions of the provisional subject while the clip still runs.

        counter = LiveCounter(exercise)
        repetition = counter.push(time, pose)   # one that has just ended, or None
        counter.count

    :param exercise: whose repetitions are counted.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._signal = exercise.signal
        self._segmenter = RepetitionSegmenter(self._signal.least)
        self._place = Place()
        self._torso = 0.0
        self.count = 0

    def push(self, time: float, pose: Pose) -> Repetition | None:
        """Take one pose at ``time`` (seconds); return the repetition that has just ended."""
        if pose.confidence[[NECK, MID_HIP, *self._signal.needs()]].min() < MIN_CONFIDENCE:
            return None
        seen = pose.confidence[:, None] >= MIN_CONFIDENCE
        if self._place.left(time, *standing(np.where(seen, pose.joints, np.nan)).tolist()):
            self._segmenter = RepetitionSegmenter(self._signal.least)
            self._torso = 0.0
        # Leaning shortens the torso in the picture: the longest one so far is the true one.
        self._torso = max(self._torso, float(np.hypot(*(pose.joints[NECK] - pose.joints[MID_HIP]))))
        if not self._torso or not self._signal.in_position(pose.joints[None])[0]:
            return None
        height = float(self._signal.height(pose.joints[None])[0])
        ended = self._segmenter.push(time, height / self._torso)
        self.count += ended is not None
        return ended


def heights_of(even: PoseTrack, exercise: Exercise) -> FloatArray:
    """Return [T] the signal in torso lengths, high at rest, lightly smoothed.

    It is NaN where the person is not in position.

    :param even: a track at 30 Hz without gaps.
    """
    torsos = np.sort(np.hypot(*(even.joints[:, NECK] - even.joints[:, MID_HIP]).T))
    # Leaning shortens the torso in the picture: nearly the longest one is the true one.
    last = np.count_nonzero(np.isfinite(torsos)) - 1
    torso = np.interp(0.9 * last, np.arange(len(torsos)), torsos) if last >= 0 else np.nan
    heights = gaussian_filter1d(exercise.signal.height(even.joints), 2.0, mode="nearest") / torso
    return np.asarray(np.where(exercise.signal.in_position(even.joints), heights, np.nan))


def find_repetitions(track: PoseTrack, exercise: Exercise | None = None) -> list[Repetition]:
    """Return the repetitions of a whole track, in order of time.

        for repetition in find_repetitions(track, exercise):
            features = differences(prepare(with_margin(track, repetition)))

    :param exercise: whose signal is followed; None: the default exercise's.
    :raises FeatureError: nobody's hips were seen.
    """
    exercise = exercise or load()
    even = evenly(track)
    place = Place()
    stood = zip(even.times.tolist(), *standing(even.joints).T.tolist(), strict=True)
    bounds = [frame for frame, where in enumerate(stood) if place.left(*where)]
    found: list[Repetition] = []
    for stay in np.split(np.arange(len(even)), bounds):
        part = PoseTrack(even.times[stay], even.joints[stay], even.confidence[stay])
        heights = heights_of(part, exercise)
        segmenter = RepetitionSegmenter(exercise.signal.least)
        pairs = zip(part.times.tolist(), heights.tolist(), strict=True)
        ended = [segmenter.push(time, height) for time, height in pairs]
        found += [repetition for repetition in [*ended, segmenter.finish()] if repetition]
    seen_throughout = not bounds and np.diff(track.times).max(initial=0.0) <= CUT_REST_SECONDS
    if not found and seen_throughout:
        return cut_to_one(even.times, heights_of(even, exercise), exercise.signal.least)
    return found


def with_margin(track: PoseTrack, repetition: Repetition) -> PoseTrack:
    """Return the part of the track that is judged: the repetition and its margin."""
    half_a_frame = 0.5 / RATE
    return track.between(
        repetition.start - MARGIN - half_a_frame, repetition.end + MARGIN + half_a_frame
    )
