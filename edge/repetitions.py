"""Finding the repetitions in a track: from standing, down, and back to standing.

One :class:`RepetitionSegmenter` serves the live count and the final result. It looks at the
height of the hips only, in torso lengths, and turns around with hysteresis, so that neither a
tremble nor a pause at the bottom makes a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edge.joints import MID_HIP, NECK
from edge.preprocessing import MIN_CONFIDENCE, RATE, resample
from edge.track import FloatArray, Pose, PoseTrack

MIN_DROP: Final = 0.3
"""Hips that sink by less than this many torso lengths are no squat; a full one is 0.8-1.1."""

RISEN: Final = 0.75
"""The share of the drop after which the person counts as having come up."""

STANDING: Final = 0.95
"""The share of the drop after which the person stands again."""

RISEN_AT_THE_END: Final = 0.5
"""A clip may be cut before the person stands again: this share is enough at its end."""

MAX_RISE_SECONDS: Final = 1.0
"""After having come up, the repetition ends at the latest after this time."""

MARGIN: Final = 0.2
"""Seconds of standing kept before and after each repetition, where the clip has them."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """One squat, standing to standing; all times in seconds.

    :param start: the hips begin to sink.
    :param bottom: the hips are lowest.
    :param end: the person stands again.
    :param drop: how far the hips sank, in torso lengths.
    """

    start: float
    bottom: float
    end: float
    drop: float


class RepetitionSegmenter:
    """Counts repetitions from hip heights pushed one at a time.

        segmenter = RepetitionSegmenter()
        done = segmenter.push(time, height)      # a Repetition when one has just ended
        last = segmenter.finish()                # the one the clip's end cut off, if any

    Heights are in torso lengths, upwards, from any origin.
    """

    def __init__(self) -> None:
        self._times: list[float] = []
        self._heights: list[float] = []
        self._top = 0  # index of the highest moment before the descent
        self._bottom: int | None = None  # index of the lowest moment, once the descent is a squat
        self._risen_top: int | None = None  # index of the highest moment after the bottom

    def push(self, time: float, height: float) -> Repetition | None:
        """Take a height (torso lengths) at ``time`` (seconds); return a repetition if one ended."""
        if not np.isfinite(height):
            return None
        self._times.append(time)
        self._heights.append(height)
        now = len(self._times) - 1
        if self._bottom is None:
            self._descend(now)
            return None
        if self._risen_top is None:
            self._turn(now)
        if self._risen_top is not None:
            return self._stand(now)
        return None

    def finish(self) -> Repetition | None:
        """Return the repetition that the end of the clip cut short, if enough of it is there."""
        if self._bottom is None:
            return None
        after = self._heights[self._bottom :]
        last = self._bottom + int(np.argmax(after))
        if self._share(last) < RISEN_AT_THE_END:
            return None
        return self._close(last)

    def _descend(self, now: int) -> None:
        heights = self._heights
        # The latest of equal tops: a repetition starts where the standing ends.
        if heights[now] >= heights[self._top]:
            self._top = now
        elif heights[self._top] - heights[now] >= MIN_DROP:
            self._bottom = now

    def _turn(self, now: int) -> None:
        if self._heights[now] < self._heights[self._bottom or 0]:
            self._bottom = now
        elif self._share(now) >= RISEN:
            self._risen_top = now

    def _stand(self, now: int) -> Repetition | None:
        heights, top = self._heights, self._risen_top or 0
        if heights[now] > heights[top]:
            self._risen_top = top = now
        sank_again = heights[top] - heights[now] >= MIN_DROP / 2
        rested = self._times[now] - self._times[top] >= MAX_RISE_SECONDS
        if self._share(top) >= STANDING or sank_again or rested:
            return self._close(top)
        return None

    def _share(self, index: int) -> float:
        """Return how much of the drop has been regained at ``index``, 0 to 1 and above."""
        bottom = self._heights[self._bottom or 0]
        return (self._heights[index] - bottom) / (self._heights[self._top] - bottom)

    def _close(self, end: int) -> Repetition:
        bottom = self._bottom or 0
        drop = self._heights[self._top] - self._heights[bottom]
        repetition = Repetition(
            self._times[self._start()], self._times[bottom], self._times[end], drop
        )
        # What lies before the end is settled: the next repetition starts from here.
        self._times, self._heights = self._times[end:], self._heights[end:]
        self._top, self._bottom, self._risen_top = 0, None, None
        self._top = int(np.argmax(self._heights))
        return repetition

    def _start(self) -> int:
        """Return the last moment at which the person still stood before this descent."""
        bottom = self._bottom or 0
        level = self._heights[bottom] + STANDING * (
            self._heights[self._top] - self._heights[bottom]
        )
        standing = [i for i in range(bottom) if self._heights[i] >= level]
        return standing[-1] if standing else self._top


class LiveCounter:
    """Counts the repetitions of the provisional subject while the clip still runs.

    counter = LiveCounter()
    counter.push(time, pose)
    counter.count
    """

    def __init__(self) -> None:
        self._segmenter = RepetitionSegmenter()
        self._torso = 0.0
        self.count = 0

    def push(self, time: float, pose: Pose) -> None:
        """Take one pose at ``time`` (seconds)."""
        if min(pose.confidence[NECK], pose.confidence[MID_HIP]) < MIN_CONFIDENCE:
            return
        # Leaning shortens the torso in the picture: the longest one so far is the true one.
        self._torso = max(self._torso, float(np.hypot(*(pose.joints[NECK] - pose.joints[MID_HIP]))))
        if self._torso and self._segmenter.push(time, -pose.joints[MID_HIP, 1] / self._torso):
            self.count += 1


def hip_heights(track: PoseTrack) -> tuple[FloatArray, FloatArray]:
    """Return times (seconds) at 30 Hz and the hips' heights in torso lengths, lightly smoothed.

    :raises FeatureError: nobody's hips or torso were seen.
    """
    even = resample(track)
    torsos = np.hypot(*np.moveaxis(even.joints[:, NECK] - even.joints[:, MID_HIP], -1, 0))
    # Leaning shortens the torso in the picture: nearly the longest one is the true one.
    torso = np.nanpercentile(torsos, 90) if np.isfinite(torsos).any() else np.nan
    heights = -gaussian_filter1d(even.joints[:, MID_HIP, 1], 2.0, mode="nearest") / torso
    return even.times, heights


def find_repetitions(track: PoseTrack) -> list[Repetition]:
    """Return the repetitions of a whole track, in order of time.

    for repetition in find_repetitions(track):
        features = differences(with_margin(track, repetition))
    """
    times, heights = hip_heights(track)
    segmenter = RepetitionSegmenter()
    found = [segmenter.push(float(t), float(h)) for t, h in zip(times, heights, strict=True)]
    return [repetition for repetition in [*found, segmenter.finish()] if repetition]


def with_margin(track: PoseTrack, repetition: Repetition) -> PoseTrack:
    """Return the part of the track that the classifier judges: the repetition and its margin."""
    half_a_frame = 0.5 / RATE
    return track.between(
        repetition.start - MARGIN - half_a_frame, repetition.end + MARGIN + half_a_frame
    )
