"""Choosing the person who is judged, among everybody the pose model sees, and staying with them.

Poses are first joined into *tracklets*: runs of frames in which somebody moves without a jump.
At the end the tracklets that stand on the same spot are joined into people, and the one who did
the exercise is the subject. While the clip still runs, the subject is provisional.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_opening

from edge.errors import FeatureError
from edge.exercise import Exercise
from edge.exercises import load
from edge.joints import L_ANKLE, MID_HIP, NECK, R_ANKLE, SWAP
from edge.preprocessing import MIN_CONFIDENCE
from edge.repetitions import find_repetitions
from edge.track import FloatArray, Pose, PoseTrack

JUMP: Final = 0.06
"""Body heights by which the pose model may miss from frame to frame."""

FASTEST: Final = 2.0
"""Body heights per second: a walk is 0.8, the hips of a fast squat 1.2."""

PATIENCE: Final = 0.4
"""Seconds without a sight after which a tracklet ends; it may be joined again later."""

SAME_SPOT: Final = 0.15
"""Body heights around the feet within which two tracklets stand on the same spot."""

WALK: Final = 0.25
"""Body heights per second: feet that move faster walk (a walk is 0.8, a drifting hand 0.1)."""

STRIDE_SECONDS: Final = 0.5
"""The time over which the feet's speed is measured: about one step."""

MOST_PEOPLE: Final = 8
"""So many people of one picture are followed, the largest ones."""

SHORTEST: Final = 5
"""A tracklet of fewer frames is noise."""

EQUALLY_LIKELY: Final = 0.75
"""The runner-up with more than this share of the first's weight makes the choice a guess."""


class Choice(Enum):
    """How the choice of the subject went."""

    ONE = "one"
    NOBODY = "nobody"
    SEVERAL = "several"


@dataclass(slots=True)
class _Tracklet:
    """A run of one person's poses without a jump."""

    entries: list[tuple[float, Pose]] = field(default_factory=list)

    @property
    def last(self) -> tuple[float, Pose]:
        return self.entries[-1]


@dataclass(slots=True)
class _Person:
    """Tracklets on the same spot."""

    track: PoseTrack
    height: float
    spot: FloatArray
    weight: float = 0.0


class SubjectTracker:
    """Follows everybody and says in the end who was the subject.

        tracker = SubjectTracker(exercise)
        provisional = tracker.push(frame.time, stream.estimate(frame))
        choice, track = tracker.finish()

    :param exercise: what the subject does; None: the default exercise.
    """

    def __init__(self, exercise: Exercise | None = None) -> None:
        self._exercise = exercise or load()
        self._open: list[_Tracklet] = []
        self._closed: list[_Tracklet] = []
        self._last = 0.0

    def push(self, time: float, poses: Sequence[Pose]) -> Pose | None:
        """Take everybody in one picture; return the pose of the provisional subject, if seen.

        :param time: seconds.
        """
        still_open: list[_Tracklet] = []
        for tracklet in self._open:
            fresh = time - tracklet.last[0] <= max(PATIENCE, 1.5 * (time - self._last))
            (still_open if fresh else self._closed).append(tracklet)
        self._open, self._last = still_open, time
        # In a crowd only the nearest can be who exercises before the camera.
        self._assign(time, sorted(poses, key=body_height)[-MOST_PEOPLE:])
        seen = [tracklet for tracklet in self._open if tracklet.last[0] == time]
        if not seen:
            return None
        # Near and for long: the one in front of the kiosk rather than somebody who passes.
        return max(seen, key=lambda t: len(t.entries) * body_height(t.last[1])).last[1]

    def _assign(self, time: float, poses: Sequence[Pose]) -> None:
        pairs = []
        for number, pose in enumerate(poses):
            for tracklet in self._open:
                before, previous = tracklet.last
                upright, distance = unswapped(pose, previous)
                if distance <= JUMP + FASTEST * (time - before):
                    pairs.append((distance, number, tracklet, upright))
        taken: set[int] = set()
        busy: set[int] = set()
        for _, number, tracklet, upright in sorted(pairs, key=lambda pair: pair[0]):
            if number in taken or id(tracklet) in busy:
                continue
            tracklet.entries.append((time, upright))
            taken.add(number)
            busy.add(id(tracklet))
        for number, pose in enumerate(poses):
            if number not in taken:
                self._open.append(_Tracklet([(time, pose)]))

    def finish(self) -> tuple[Choice, PoseTrack]:
        """Return how the choice went, and the subject's track (the likeliest of several)."""
        tracklets = [t for t in [*self._closed, *self._open] if len(t.entries) >= SHORTEST]
        people = _join([piece for tracklet in tracklets for piece in _cut(tracklet)])
        if not people:
            return Choice.NOBODY, PoseTrack.empty()
        if len(people) == 1:
            return Choice.ONE, people[0].track
        for person in people:
            person.weight = exercising(person.track, self._exercise) * person.height
        if not any(person.weight for person in people):
            # Nobody exercises: whoever was there longest and nearest explains best what is missing.
            for person in people:
                person.weight = len(person.track) * person.height
        people.sort(key=lambda person: -person.weight)
        if len(people) > 1 and people[1].weight > EQUALLY_LIKELY * people[0].weight:
            return Choice.SEVERAL, people[0].track
        return Choice.ONE, people[0].track


def body_height(pose: Pose) -> float:
    """Return the size of a person in the picture, in pixels: the diagonal of their good joints."""
    good = pose.confidence >= MIN_CONFIDENCE
    if good.sum() < 2:
        return 0.0
    return float(np.hypot(*np.ptp(pose.joints[good], axis=0)))


def displacement(pose: Pose, previous: Pose) -> float:
    """Return how far two poses are apart in body heights: the median over the joints of both."""
    both = (pose.confidence >= MIN_CONFIDENCE) & (previous.confidence >= MIN_CONFIDENCE)
    size = max(body_height(pose), body_height(previous))
    if both.sum() < 3 or not size:
        return np.inf
    return float(np.median(np.hypot(*(pose.joints[both] - previous.joints[both]).T)) / size)


def unswapped(pose: Pose, previous: Pose) -> tuple[Pose, float]:
    """Return the pose with left and right as they were before, and its displacement.

    The pose model exchanges the sides of the body on an odd frame.
    """
    swapped = Pose(pose.joints[list(SWAP)], pose.confidence[list(SWAP)])
    straight, crossed = displacement(pose, previous), displacement(swapped, previous)
    return (swapped, crossed) if crossed < straight / 2 else (pose, straight)


def exercising(track: PoseTrack, exercise: Exercise) -> float:
    """Return how much somebody exercised: the ways of all repetitions added, in torso lengths."""
    try:
        return sum(repetition.travel for repetition in find_repetitions(track, exercise))
    except FeatureError:
        return 0.0


def _feet(track: PoseTrack) -> FloatArray:
    """Return [T, 2] the middle of the ankles, or of the hips where the ankles were never seen."""
    good = np.asarray((track.confidence[:, [R_ANKLE, L_ANKLE]] >= MIN_CONFIDENCE).all(axis=1))
    if good.any():
        feet = track.joints[:, [R_ANKLE, L_ANKLE]].mean(axis=1)
        return np.where(good[:, None], feet, np.nan)
    return track.joints[:, MID_HIP]


def _where_it_walks(track: PoseTrack) -> npt.NDArray[np.bool_]:
    """Return [T] whether the feet are on their way somewhere.

    Whoever exercises stays where they are. Where somebody else walks past close in front, the pose
    model slips over to them without a jump and walks on with them: this is how that is noticed.
    A camera held by hand drifts too, but several times more slowly.
    """
    feet, height = _feet(track), _height(track)
    known = np.isfinite(feet).all(axis=1)
    if known.sum() < SHORTEST:
        return np.zeros(len(track), bool)
    before, after = (
        np.stack([np.interp(track.times + d, track.times[known], feet[known, i]) for i in (0, 1)])
        for d in (-STRIDE_SECONDS / 2, STRIDE_SECONDS / 2)
    )
    moving = np.hypot(*(after - before)) > WALK * STRIDE_SECONDS * height
    # An ankle that is seen wrongly for a frame or two is no walk.
    return np.asarray(binary_opening(moving, np.ones(SHORTEST, bool)))


def _cut(tracklet: _Tracklet) -> list[PoseTrack]:
    """Cut a tracklet where it begins or stops to walk; pieces that are too short are left out."""
    track = PoseTrack.from_poses(tracklet.entries)
    bounds = np.flatnonzero(np.diff(_where_it_walks(track))) + 1
    pieces = np.split(np.arange(len(track)), bounds)
    return [
        PoseTrack(track.times[piece], track.joints[piece], track.confidence[piece])
        for piece in pieces
        if len(piece) >= SHORTEST
    ]


def _join(tracks: list[PoseTrack]) -> list[_Person]:
    """Join the tracks that stand on the same spot, the longest ones first."""
    people: list[_Person] = []
    for track in sorted(tracks, key=lambda t: -len(t)):
        feet = _feet(track)
        for person in people:
            near = np.hypot(*(feet - person.spot).T) < SAME_SPOT * person.height
            if near.mean() > 0.5 and _apart_in_time(track, person.track):
                person.track = _merge(person.track, track)
                break
        else:
            people.append(_Person(track, _height(track), np.nanmedian(feet, axis=0)))
    return people


def _height(track: PoseTrack) -> float:
    """Return how tall somebody is in the picture, neck to ankles, in pixels; lying people too."""
    feet = track.joints[:, [R_ANKLE, L_ANKLE]].mean(axis=1)
    heights = np.hypot(*(feet - track.joints[:, NECK]).T)
    if np.isfinite(heights).any():
        return float(np.nanpercentile(heights, 90))
    # No ankles in this source: hips to neck is about a third of neck to ankles.
    torsos = np.hypot(*(track.joints[:, MID_HIP] - track.joints[:, NECK]).T)
    return 3.0 * float(np.nanpercentile(torsos, 90)) if np.isfinite(torsos).any() else 0.0


def _apart_in_time(one: PoseTrack, other: PoseTrack) -> bool:
    """Tell whether two tracks are hardly ever seen at once (one person cannot be twice)."""
    return len(np.intersect1d(one.times, other.times)) <= 0.1 * min(len(one), len(other))


def _merge(one: PoseTrack, other: PoseTrack) -> PoseTrack:
    """Return both tracks as one; where both have a frame, the first one's counts."""
    extra = ~np.isin(other.times, one.times)
    times = np.concatenate([one.times, other.times[extra]])
    order = np.argsort(times)
    return PoseTrack(
        times[order],
        np.concatenate([one.joints, other.joints[extra]])[order],
        np.concatenate([one.confidence, other.confidence[extra]])[order],
    )
