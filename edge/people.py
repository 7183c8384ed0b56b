"""The people before the kiosk over the last moment: who is meant, how they stand and move."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.joints import INDEX, L_ANKLE, MID_HIP, NECK, R_ANKLE
from edge.preprocessing import MIN_CONFIDENCE
from edge.subject import body_height
from edge.track import BoolArray, FloatArray, Pose, PoseTrack

HEAD: Final = tuple(INDEX[name] for name in ("Nose", "REye", "LEye"))

STILL_JOINTS: Final = 75.0
"""Percentile of the joints' movements that counts: most of the body must be at rest, but a hand
that wipes a forehead is no movement of the body."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Everybody in one picture.

    :param time: seconds.
    :param people: in no particular order.
    """

    time: float
    people: Sequence[Pose]


class LastMoment:
    """Keeps the sights of the last moment.

        moment = LastMoment(1.0)
        moment.push(frame.time, stream.estimate(frame))
        moment.sights

    :param seconds: how long it is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sights: deque[Sight] = deque()

    @property
    def sights(self) -> list[Sight]:
        """The sights, the oldest first."""
        return list(self._sights)

    def push(self, time: float, people: Sequence[Pose]) -> None:
        """Take everybody in the picture at ``time`` (seconds)."""
        if self._sights and time <= self._sights[-1].time:
            return
        self._sights.append(Sight(time, people))
        # One sight may be older, so that the moment is covered from end to end.
        while len(self._sights) > 1 and self._sights[1].time <= time - self._seconds:
            self._sights.popleft()

    def clear(self) -> None:
        """Forget everything."""
        self._sights.clear()


def nearest(people: Sequence[Pose]) -> Pose | None:
    """Return the largest person: who stands before the kiosk is nearer than who passes behind."""
    return max(people, key=body_height, default=None)


def track_of_nearest(sights: Sequence[Sight]) -> PoseTrack:
    """Return the largest person of each sight as a track."""
    chosen = [(sight.time, nearest(sight.people)) for sight in sights]
    return PoseTrack.from_poses((time, pose) for time, pose in chosen if pose is not None)


def middle(track: PoseTrack) -> FloatArray:
    """Return [25, 2] where each joint was seen over the track, NaN where it hardly ever was."""
    return _median(track.joints, track.confidence >= MIN_CONFIDENCE)


def guessed(track: PoseTrack) -> FloatArray:
    """Return [25, 2] where each joint is or would be, if it is outside the picture or hidden."""
    return _median(track.joints, np.asarray(np.isfinite(track.joints).all(axis=2)))


def _median(joints: FloatArray, good: BoolArray) -> FloatArray:
    """Return [25, 2] the median over the good frames, NaN where they are half or fewer."""
    places = np.full(joints.shape[1:], np.nan)
    often = good.mean(axis=0) > 0.5
    places[often] = np.nanmedian(np.where(good[..., None], joints, np.nan)[:, often], axis=0)
    return places


def movement(track: PoseTrack) -> float:
    """Return how far somebody moved, in body heights: the range of most joints' places.

    It is infinite where fewer than three joints are seen throughout.
    """
    good = (track.confidence >= MIN_CONFIDENCE).all(axis=0)
    if len(track) < 2 or good.sum() < 3:
        return np.inf
    ranges = np.hypot(*np.ptp(track.joints[:, good], axis=0).T)
    size = max(body_height(pose) for pose in track.poses())
    return float(np.percentile(ranges, STILL_JOINTS) / size) if size else np.inf


def eyes_and_ankles(places: FloatArray) -> tuple[float, float] | None:
    """Return the rows of eyes and ankles in pixels, or None where they are not seen."""
    eyes = float(places[[INDEX["REye"], INDEX["LEye"]], 1].mean())
    ankles = float(places[[R_ANKLE, L_ANKLE], 1].mean())
    return (eyes, ankles) if np.isfinite(eyes + ankles) else None


def head_to_ankles(places: FloatArray) -> float:
    """Return the upright distance from head to ankles in pixels; NaN where either is not seen."""
    head, feet = places[list(HEAD), 1], places[[R_ANKLE, L_ANKLE], 1]
    if not np.isfinite(head).any() or not np.isfinite(feet).all():
        return np.nan
    return float(feet.mean() - np.nanmin(head))


class StandsStill:
    """Notices that somebody who has squatted stands still again, by their joints alone.

        watch = StandsStill()
        watch.push(time, pose)
        watch.seconds               # for how long by now

    A pause at the bottom is no end: they must stand as upright as they have stood before.

    :param movement_limit: body heights that count as still, over half a second.
    """

    WINDOW: Final = 0.5
    UPRIGHT: Final = 0.92
    """Share of the tallest stance so far: a half squat takes a fifth off the hips' height."""

    def __init__(self, movement_limit: float) -> None:
        self._limit = movement_limit
        self._moment = LastMoment(self.WINDOW)
        self._since: float | None = None
        self._tallest = 0.0
        self.seconds = 0.0

    def push(self, time: float, pose: Pose | None) -> None:
        """Take the subject at ``time`` (seconds), or None where they were not seen."""
        self._moment.push(time, [pose] if pose is not None else [])
        track = track_of_nearest(self._moment.sights)
        if pose is None or movement(track) > self._limit or not self._upright(pose):
            self._since, self.seconds = None, 0.0
            return
        # They have been still over the whole window by now.
        self._since = float(track.times[0]) if self._since is None else self._since
        self.seconds = time - self._since

    def _upright(self, pose: Pose) -> bool:
        needed = [NECK, MID_HIP, R_ANKLE, L_ANKLE]
        if pose.confidence[needed].min() < MIN_CONFIDENCE:
            return False
        feet = pose.joints[[R_ANKLE, L_ANKLE], 1].mean()
        hips, neck = feet - pose.joints[MID_HIP, 1], feet - pose.joints[NECK, 1]
        stance = float(min(hips / 0.6, neck))  # hips stand at about 0.6 of the neck's height
        self._tallest = max(self._tallest, stance)
        return stance >= self.UPRIGHT * self._tallest
