"""Measuring the quantities of one repetition, and the geometry that packs share for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from edge.exercise import Exercise, Measurement, Quantity, Repetition
from edge.joints import INDEX, MID_HIP, SWAP
from edge.preprocessing import MIN_CONFIDENCE, evenly
from edge.track import BoolArray, FloatArray, PoseTrack, once_per_track

Measured = dict[str, Measurement | None]
"""By the name of the quantity; None where this clip cannot show it."""

LEAST_SEEN: Final = 0.6
"""Share of a repetition's frames in which a quantity's joints must be seen well."""

SMOOTHING_SIGMA: Final = 1.0
"""Standard deviation in frames at 30 Hz: a pose model's tremble is no extreme value."""

SLIP_FRAMES: Final = 5
"""The length of the median filter, at 30 Hz, before a greatest value is taken."""

LONGEST_GAP: Final = 0.25
"""Seconds from the nearest sight beyond which a course says nothing."""

A_MOMENT: Final = 0.1
"""Seconds before and after a moment over which a place is averaged."""


def measure(
    exercise: Exercise, part: PoseTrack, repetition: Repetition, turned: float | None
) -> Measured:
    """Measure every quantity of one repetition.

        measured = measure(exercise, with_margin(track, repetition), repetition, turned=5.0)
        measured["depth"]     # Measurement(value=62.0, moment=3.2), or None: not visible

    :param part: the repetition and its margin, at any frame rate.
    :param turned: degrees by which the person is turned from the exercise's own view; None:
        nobody knows, and nothing is left out because of it.
    """
    if not (part.confidence[:, MID_HIP] >= MIN_CONFIDENCE).any():
        return {quantity.name: None for quantity in exercise.quantities}
    smooth = _smooth(part)
    return {
        quantity.name: _measure(quantity, part, smooth, repetition)
        if can_show(exercise, quantity, part, turned)
        else None
        for quantity in exercise.quantities
    }


def course_of(
    quantity: Quantity, track: PoseTrack, repetitions: Sequence[Repetition]
) -> tuple[FloatArray, FloatArray] | None:
    """Return times and values of a quantity over a whole clip, at 30 Hz.

        times, depth = course_of(exercise.quantity("depth"), track, repetitions)

    Where nobody was seen for a while it is NaN. None: it has no course, or nothing to compare with.
    """
    if quantity.course is None or not repetitions:
        return None
    smooth = _smooth(track)
    values = np.array(quantity.course(smooth, repetitions))
    good = (track.confidence[:, indices(quantity.joints)] >= MIN_CONFIDENCE).all(axis=1)
    seen = track.times[good]
    if not len(seen):
        return None
    after = np.searchsorted(seen, smooth.times).clip(0, len(seen) - 1)
    before = np.maximum(after - 1, 0)
    away = np.minimum(*(np.abs(seen[sight] - smooth.times) for sight in (before, after)))
    values[away > LONGEST_GAP] = np.nan
    return smooth.times, values


def _smooth(track: PoseTrack) -> PoseTrack:
    """Return a track at 30 Hz, without gaps and lightly smoothed."""
    even = evenly(track)
    joints = gaussian_filter1d(even.joints, SMOOTHING_SIGMA, axis=0, mode="nearest")
    return replace(even, joints=joints)


def can_show(exercise: Exercise, quantity: Quantity, part: PoseTrack, turned: float | None) -> bool:
    """Tell whether the view shows a quantity: its joints are seen, and nobody is turned away."""
    if turned is not None and turned > quantity.max_turn:
        return False
    return _share_seen(part, quantity.joints, exercise.view) >= LEAST_SEEN


@once_per_track
def _share_seen(part: PoseTrack, joints: tuple[str, ...], view: str) -> float:
    """Return the share of frames that show joints well; from the side, they or their opposites."""
    good = part.confidence >= MIN_CONFIDENCE
    if view == "side":
        good |= good[:, list(SWAP)]
    return np.count_nonzero(good[:, indices(joints)].all(axis=1)) / max(len(part), 1)


def _measure(
    quantity: Quantity, part: PoseTrack, smooth: PoseTrack, repetition: Repetition
) -> Measurement | None:
    found = quantity.measure(smooth, repetition)
    return found if found is not None and np.isfinite(found.value) else None


def indices(names: tuple[str, ...]) -> list[int]:
    """Return the indices of joints by their names."""
    return [INDEX[name] for name in names]


def place(track: PoseTrack, *names: str) -> FloatArray:
    """Return [T, 2] the mean place of some joints, for instance of both ankles.

    :param names: as in :data:`edge.joints.BODY_25`.
    """
    first, *others = (track.joints[:, INDEX[name]] for name in names)
    return np.asarray(sum(others, first) / len(names))


def near_side(track: PoseTrack) -> str:
    """Return ``R`` or ``L``: the side of the body that the camera sees better from the side."""
    sides = {
        side: track.confidence[:, indices(tuple(side + n for n in ("Shoulder", "Hip", "Knee")))]
        for side in "RL"
    }
    return max(sides, key=lambda side: float(sides[side].mean()))


def median(values: FloatArray) -> float:
    """Return the median as NumPy's does, which takes five times as long for so few numbers."""
    ordered, half = np.sort(values), len(values) // 2
    if np.isnan(ordered[-1]):
        return float("nan")
    return float(ordered[half] + ordered[~half]) / 2


def distance(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return [T] how far two places [T, 2] are apart."""
    return np.asarray(np.hypot(*(one - other).T))


def angle(one: FloatArray, corner: FloatArray, other: FloatArray) -> FloatArray:
    """Return [T] the angle in degrees, 0 to 180, at ``corner`` between two places [T, 2]."""
    a, b = one - corner, other - corner
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return np.asarray(np.degrees(np.abs(np.arctan2(cross, (a * b).sum(axis=1)))))


@once_per_track
def at_rest(track: PoseTrack, repetition: Repetition) -> BoolArray:
    """Return [T] whether the repetition has not yet begun or is over, give or take a moment.

    A clip that is cut close has at least its first and last frames there.
    """
    before, after = before_and_after(track, repetition)
    return np.asarray(before | after)


def before_and_after(track: PoseTrack, repetition: Repetition) -> tuple[BoolArray, BoolArray]:
    """Return the two parts of :func:`at_rest`: [T] before the repetition, and [T] after it."""
    before = track.times <= max(repetition.start, track.times[0]) + A_MOMENT
    after = track.times >= min(repetition.end, track.times[-1]) - A_MOMENT
    return np.asarray(before), np.asarray(after)


@once_per_track
def around(track: PoseTrack, moment: float) -> BoolArray:
    """Return [T] which frames are close to a moment (seconds); at least the nearest one."""
    apart = np.abs(track.times - moment)
    return np.asarray(apart <= max(A_MOMENT, float(apart.min())))


def during(track: PoseTrack, repetition: Repetition, deeper: FloatArray, share: float) -> BoolArray:
    """Return [T] the frames of the repetition in which ``deeper`` [T] is above a share of its way.

    :param deeper: grows from rest to the turn.
    :param share: 0: the whole repetition; 1: the turn only.
    """
    rest = float(np.nanmedian(deeper[at_rest(track, repetition)]))
    turn = float(np.nanmedian(deeper[around(track, repetition.turn)]))
    return np.asarray(inside(track, repetition) & (deeper >= rest + share * (turn - rest)))


def inside(track: PoseTrack, repetition: Repetition) -> BoolArray:
    """Return [T] which frames belong to the repetition itself, without its margin."""
    return np.asarray((track.times >= repetition.start) & (track.times <= repetition.end))


def tempo(track: PoseTrack, repetition: Repetition) -> Measurement:
    """Return how long the repetition took, in seconds."""
    return Measurement(repetition.end - repetition.start, repetition.start)


def worst(track: PoseTrack, values: FloatArray, where: BoolArray) -> Measurement | None:
    """Return the greatest of ``values`` [T] among the frames of ``where`` [T], and its moment.

    What lasts for less than three frames is a slip of the pose model and does not count.
    """
    values = median_filter(values, SLIP_FRAMES, mode="nearest")
    chosen = np.where(where & np.isfinite(values), values, -np.inf)
    best = int(np.argmax(chosen))
    if not np.isfinite(chosen[best]):
        return None
    return Measurement(float(values[best]), float(track.times[best]))
