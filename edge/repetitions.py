"""Finding the repetitions in a track: from rest, there, and back to rest.

One :class:`RepetitionSegmenter` serves the live count and the final result. It looks at one
height only, the exercise's signal in torso lengths, and turns around with hysteresis, so that
neither a tremble nor a pause makes a repetition.
"""

from __future__ import annotations

from math import hypot, isfinite
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edge.exercise import Exercise, Repetition
from edge.exercises import load
from edge.joints import L_ANKLE, MID_HIP, NECK, R_ANKLE
from edge.preprocessing import MIN_CONFIDENCE, RATE, evenly
from edge.track import FloatArray, Pose, PoseTrack

RETURNED: Final = 0.75
"""The share of the way after which the person counts as having come back."""

RESTING: Final = 0.95
"""The share of the way after which the person is at rest again, once the rise is over."""

RISING: Final = 0.3
"""Shares of the way per second above which the rise is not over: a clip that began on the way down
ends higher than it began."""

RISE_SECONDS: Final = 0.1
"""Seconds over which the speed of the rise is taken."""

RETURNED_AT_THE_END: Final = 0.5
"""A clip may be cut before the person is at rest again: this share is enough at its end."""

MAX_RETURN_SECONDS: Final = 1.0
"""After having come back, the repetition ends at the latest after this time."""

SAME_PLACE: Final = 0.12
"""Neck-to-ankle lengths by which the feet may move while somebody stays where they are."""

LEFT_SECONDS: Final = 0.6
"""Seconds after which feet that are elsewhere will not come back."""

LONGEST_CUT: Final = 5.0
"""Seconds: a clip that is longer was not cut to a single repetition."""

CUT_SHARE: Final = 0.3
"""In such a clip, the longer way is at least this share of a repetition's least."""

CUT_SHORTEST: Final = 0.03
"""Torso lengths: in such a clip, the shorter way is at least this, more than a tremble."""

CUT_REST_SECONDS: Final = 0.5
"""Seconds: a clip in which somebody rests for longer at an end was not cut close."""

DETOUR: Final = 1.5
"""How much longer than the way itself the path may be, up and down, in such a clip."""

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

    def push(self, time: float, height: float) -> Repetition | None:
        """Take a height (torso lengths) at ``time`` (seconds); return a repetition if one ended."""
        if not isfinite(height):
            return None
        self._times.append(time)
        self._heights.append(height)
        now = len(self._times) - 1
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
        self._bottom, self._top_after = None, None
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


class Place:
    """Notices that somebody has gone to another place.

        place = Place()
        place.left(time, *standing(pose.joints))      # True: from here on they are elsewhere

    Walking towards the camera moves the hips in the picture as a repetition does, but the feet
    as well. A camera held by hand drifts less, and an ankle that is seen wrongly comes back.
    """

    def __init__(self) -> None:
        self._feet: tuple[float, float] | None = None
        self._size = 0.0
        self._here = 0.0  # when the feet were last seen in this place

    def left(self, time: float, x: float, y: float, size: float) -> bool:
        """Take where somebody stands at ``time`` (seconds); tell whether a new place begins there.

        Frames in which neck or ankles are not seen (NaN) change nothing.

        :param x, y, size: from :func:`standing`.
        """
        if not isfinite(size):
            return False
        known = self._feet is not None
        self._size = max(self._size, size)
        if self._feet and hypot(x - self._feet[0], y - self._feet[1]) <= SAME_PLACE * self._size:
            self._here = time
        elif not known or time - self._here >= LEFT_SECONDS:
            self._feet, self._size, self._here = (x, y), size, time
            return known
        return False


def standing(joints: FloatArray) -> FloatArray:
    """Return [..., 3] the middle of the ankles, x and y, and how far below the neck it is.

    :param joints: [..., 25, 2]; NaN where not seen.
    """
    feet = (joints[..., R_ANKLE, :] + joints[..., L_ANKLE, :]) / 2
    up = feet - joints[..., NECK, :]
    return np.concatenate([feet, np.hypot(up[..., :1], up[..., 1:])], axis=-1)


class LiveCounter:
    """Counts the repetitions of the provisional subject while the clip still runs.

        counter = LiveCounter(exercise)
        counter.push(time, pose)
        counter.count

    :param exercise: whose repetitions are counted.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._signal = exercise.signal
        self._segmenter = RepetitionSegmenter(self._signal.least)
        self._place = Place()
        self._torso = 0.0
        self.count = 0

    def push(self, time: float, pose: Pose) -> None:
        """Take one pose at ``time`` (seconds)."""
        if pose.confidence[[NECK, MID_HIP, *self._signal.needs()]].min() < MIN_CONFIDENCE:
            return
        seen = pose.confidence[:, None] >= MIN_CONFIDENCE
        if self._place.left(time, *standing(np.where(seen, pose.joints, np.nan)).tolist()):
            self._segmenter = RepetitionSegmenter(self._signal.least)
            self._torso = 0.0
        # Leaning shortens the torso in the picture: the longest one so far is the true one.
        self._torso = max(self._torso, float(np.hypot(*(pose.joints[NECK] - pose.joints[MID_HIP]))))
        if not self._signal.in_position(pose.joints[None])[0]:
            return
        height = float(self._signal.height(pose.joints[None])[0])
        if self._torso and self._segmenter.push(time, height / self._torso):
            self.count += 1


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
        return _cut_to_one(even.times, heights_of(even, exercise), exercise.signal.least)
    return found


def _cut_to_one(times: FloatArray, heights: FloatArray, least: float) -> list[Repetition]:
    """Return the one repetition that a short clip was cut to, if it shows nothing else.

    Such a clip begins on the way there and ends on the way back, so that neither way may be long
    enough to be noticed. It is told from a tremble and from a false start by being nothing but one
    way there and one way back, from its first frame to its last.
    """
    if not np.isfinite(heights).all() or times[-1] - times[0] > LONGEST_CUT:
        return []
    turn = int(np.argmin(heights))
    before, after = heights[: turn + 1], heights[turn:]
    ways = before[0] - before[-1], after[-1] - after[0]
    paths = np.abs(np.diff(before)).sum(), np.abs(np.diff(after)).sum()
    straight = all(path <= DETOUR * way for path, way in zip(paths, ways, strict=True))
    if not straight or min(ways) < CUT_SHORTEST or max(ways) < CUT_SHARE * least:
        return []
    if _rests(before, times) or _rests(after[::-1], times):
        return []
    return [Repetition(float(times[0]), float(times[turn]), float(times[-1]), float(max(ways)))]


def _rests(heights: FloatArray, times: FloatArray) -> bool:
    """Tell whether somebody rests at the first of these heights for a while before moving."""
    way = heights[0] - heights[-1]
    moved = np.abs(heights - heights[0]) > (1 - RESTING) * way
    return bool(times[int(np.argmax(moved))] - times[0] > CUT_REST_SECONDS)


def with_margin(track: PoseTrack, repetition: Repetition) -> PoseTrack:
    """Return the part of the track that is judged: the repetition and its margin."""
    half_a_frame = 0.5 / RATE
    return track.between(
        repetition.start - MARGIN - half_a_frame, repetition.end + MARGIN + half_a_frame
    )
