"""From part confidence maps and part affinity fields to people, with NumPy and SciPy alone.

Source: Cao et al., "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields",
2019. Everything is done for all parts, all limbs and all people at once; only joining the found
limbs into people is a loop over those few.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from edge.pose.openpose_layouts import Indices, Layout
from edge.track import BoolArray, FloatArray

Maps = npt.NDArray[np.float32]

FINER: Final = 2
"""How many times finer than the network's answer the maps are in which peaks are looked for."""

SMOOTHING: Final = 0.4
"""Standard deviation, in the network's cells, of the smoothing of those maps."""

SAMPLES: Final = 10
"""Points along a possible limb at which the field is read."""

MOST_PEAKS: Final = 20
"""Of each part so many are kept, the surest ones."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something counts; the defaults are OpenPose's own.

    :param peak: the least height of a part's peak.
    :param field: the least component of the field along the limb, at one point.
    :param along: the least share of a limb's points at which the field is above that.
    :param parts: the fewest parts of a person.
    :param score: the least mean of a person's parts and limbs.
    """

    peak: float = 0.05
    field: float = 0.05
    along: float = 0.95
    parts: int = 3
    score: float = 0.4


@dataclass(frozen=True, slots=True)
class Peaks:
    """Everything that may be a part of somebody.

    :param part: [K] which part.
    :param place: [K, 2] x and y in cells of the network's answer, 0 at the middle of the first.
    :param height: [K] how sure.
    """

    part: Indices
    place: FloatArray
    height: FloatArray


@dataclass(frozen=True, slots=True)
class Limbs:
    """Pairs of peaks that the fields join, no peak twice in one kind of limb.

    :param kind: [M] which of the layout's limbs.
    :param ends: [M, 2] the two peaks.
    :param score: [M] the mean of the field along it.
    """

    kind: Indices
    ends: Indices
    score: FloatArray


def find_people(
    maps: Maps, layout: Layout, limits: Limits | None = None
) -> list[tuple[FloatArray, FloatArray]]:
    """Return the parts of each person: [P, 2] places in cells (NaN: not seen), [P] confidences.

        for places, confidence in find_people(answers[0], LAYOUTS["COCO_18"]):
            nose = places[0]

    :param maps: [channels, rows, columns] the network's answer.
    """
    limits = limits or Limits()
    peaks = find_peaks(maps[: len(layout.parts)], limits.peak)
    limbs = find_limbs(maps, layout, peaks, limits)
    return assemble(layout, peaks, limbs, limits)


def _cubic(offset: FloatArray) -> FloatArray:
    """Return the weight of a cell this many cells away: Keys's cubic, which keeps parabolas."""
    distance = np.abs(offset)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))


@lru_cache(maxsize=16)
def _finer(size: int) -> Maps:
    """Return the [size * FINER, size] matrix that interpolates and smooths one axis.

    Interpolating by cubics and then smoothing by a Gaussian are both linear: together one matrix.
    """
    reach = 2 * FINER
    at = (np.arange(-reach, size * FINER + reach) + 0.5) / FINER - 0.5
    cubic = _cubic(at[:, None] - np.arange(-2, size + 2))
    # Beyond the border the outermost cell goes on.
    cubic[:, 2] += cubic[:, :2].sum(axis=1)
    cubic[:, -3] += cubic[:, -2:].sum(axis=1)
    cubic = cubic[:, 2:-2]
    offsets = np.arange(-reach, reach + 1)
    gaussian = np.exp(-0.5 * (offsets / (SMOOTHING * FINER)) ** 2)
    gaussian /= gaussian.sum()
    smoothed = sum(
        weight * cubic[reach + offset : reach + offset + size * FINER]
        for weight, offset in zip(gaussian, offsets, strict=True)
    )
    return np.asarray(smoothed, dtype=np.float32)


def find_peaks(maps: Maps, least: float) -> Peaks:
    """Return the local maxima of smoothed, finer maps, each refined to a fraction of a pixel.

    :param maps: [P, rows, columns] one map for each part.
    :param least: the least height.
    """
    count, rows, columns = maps.shape
    fine = _finer(rows) @ maps @ _finer(columns).T
    # A border that is lower than everything: a peak may lie at the very edge of the picture.
    walled = np.full((count, rows * FINER + 2, columns * FINER + 2), -np.inf, np.float32)
    walled[:, 1:-1, 1:-1] = fine
    part, y, x = np.nonzero(fine > least)
    window = walled[
        part[:, None, None],
        y[:, None, None] + np.arange(3)[None, :, None],
        x[:, None, None] + np.arange(3)[None, None, :],
    ]
    centre = window[:, 1, 1]
    # Of equal neighbours the first one counts, so that a flat top is one peak.
    before = window.reshape(-1, 9)[:, :4].max(axis=1, initial=-np.inf)
    after = window.reshape(-1, 9)[:, 5:].max(axis=1, initial=-np.inf)
    top = np.flatnonzero((centre > before) & (centre >= after))
    part, y, x, window = part[top], y[top], x[top], window[top].astype(np.float64)
    shift = np.stack([_parabola(window[:, 1, :]), _parabola(window[:, :, 1])], axis=1)
    place = (np.stack([x, y], axis=1) + shift + 0.5) / FINER - 0.5
    return _surest(Peaks(part, place, _height(maps, part, place)), count)


def _height(maps: Maps, part: Indices, place: FloatArray) -> FloatArray:
    """Return the maps between their cells: smoothing finds the peaks, but makes them lower."""
    cells = np.floor(place).astype(np.intp)[:, :, None] + np.arange(-1, 3)
    x, y = _cubic(place[:, :, None] - cells).swapaxes(0, 1)
    limits = np.array(maps.shape[2:0:-1])[:, None] - 1
    column, row = cells.clip(0, limits).swapaxes(0, 1)
    around = maps[part[:, None, None], row[:, :, None], column[:, None, :]].astype(np.float64)
    return np.asarray(np.einsum("krc,kr,kc->k", around, y, x))


def _parabola(three: FloatArray) -> FloatArray:
    """Return where between -0.5 and 0.5 a parabola through three points is highest.

    :param three: [K, 3] values; a missing neighbour (-inf) leaves the peak where it is.
    """
    whole: BoolArray = np.asarray(np.isfinite(three).all(axis=1))
    left, middle, right = np.where(whole[:, None], three, 0.0).T
    bend = left - 2 * middle + right
    slope = (right - left) / 2
    bent = bend < -1e-9
    shift = np.where(bent, -slope / np.where(bent, bend, -1.0), 0.0)
    return np.asarray(shift.clip(-0.5, 0.5))


def _surest(peaks: Peaks, count: int) -> Peaks:
    """Keep the :data:`MOST_PEAKS` surest of each part: noise must not cost time."""
    if len(peaks.part) <= MOST_PEAKS:
        return peaks
    order = np.lexsort((-peaks.height, peaks.part))
    part = peaks.part[order]
    rank = np.arange(len(part)) - np.searchsorted(part, np.arange(count))[part]
    kept = order[rank < MOST_PEAKS]
    return Peaks(peaks.part[kept], peaks.place[kept], peaks.height[kept])


def find_limbs(maps: Maps, layout: Layout, peaks: Peaks, limits: Limits) -> Limbs:
    """Return which peaks are joined, by the affinity fields between all that might be.

    :param maps: [channels, rows, columns] the network's whole answer.
    """
    limbs = layout.limb_indices
    # [L, K, K]: may peak i be the first and peak j the second end of limb l?
    begins: BoolArray = np.asarray(peaks.part[None, :] == limbs[:, :1])
    ends: BoolArray = np.asarray(peaks.part[None, :] == limbs[:, 1:])
    kind, one, other = np.nonzero(begins[:, :, None] & ends[:, None, :])
    along = _along(maps, layout.field_channels[kind], peaks.place[one], peaks.place[other])
    score, share = along.mean(axis=1), (along > limits.field).mean(axis=1)
    good = (share >= limits.along) & (score > limits.field)
    kind, one, other, score = kind[good], one[good], other[good], score[good]
    chosen = [
        indices[_best_pairs(one[indices], other[indices], score[indices])]
        for indices in (np.flatnonzero(kind == number) for number in np.unique(kind))
    ]
    kept = np.concatenate(chosen) if chosen else np.zeros(0, np.intp)
    return Limbs(kind[kept], np.stack([one[kept], other[kept]], axis=1), score[kept])


def _along(maps: Maps, channels: Indices, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the field's component along each line, [lines, SAMPLES]."""
    rows, columns = maps.shape[1:]
    line = end - start
    length = np.hypot(*line.T)
    direction = line / np.maximum(length, 1e-6)[:, None]
    steps = np.linspace(0.0, 1.0, SAMPLES)
    points = start[:, None, :] + line[:, None, :] * steps[None, :, None]
    # Between the four cells around each point.
    x, y = points[..., 0].clip(0, columns - 1), points[..., 1].clip(0, rows - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    both = channels[:, None, :]

    def read(row: Indices, column: Indices) -> FloatArray:
        return np.asarray(maps[both, row[..., None], column[..., None]], dtype=np.float64)

    field = (read(top, left) * (1 - fx) + read(top, right) * fx) * (1 - fy) + (
        read(bottom, left) * (1 - fx) + read(bottom, right) * fx
    ) * fy
    return np.asarray(np.einsum("ksc,kc->ks", field, direction))


def _best_pairs(one: Indices, other: Indices, score: FloatArray) -> Indices:
    """Return which pairs to take, no end twice, so that the sum of their scores is greatest."""
    firsts, rows = np.unique(one, return_inverse=True)
    seconds, columns = np.unique(other, return_inverse=True)
    number = np.full((len(firsts), len(seconds)), -1, np.intp)
    value = np.zeros((len(firsts), len(seconds)))
    number[rows, columns], value[rows, columns] = np.arange(len(one)), score
    chosen = number[linear_sum_assignment(value, maximize=True)]
    return np.asarray(chosen[chosen >= 0], dtype=np.intp)


def assemble(
    layout: Layout, peaks: Peaks, limbs: Limbs, limits: Limits
) -> list[tuple[FloatArray, FloatArray]]:
    """Join limbs into people, the surest first; nobody gets a part twice.

    A limb that would give somebody a second head is left out: where two people cross, the limbs
    that are surely one person's are joined before those that might be either's.
    """
    person = {}  # of each peak
    members: dict[int, dict[int, int]] = {}  # of each person: the peak of each part
    total: dict[int, float] = {}  # the scores of the person's limbs
    part = peaks.part.tolist()
    for index in np.argsort(-limbs.score, kind="stable"):
        score = float(limbs.score[index])
        ends = limbs.ends[index].tolist()
        for end in ends:
            if end not in person:
                person[end], members[end], total[end] = end, {part[end]: end}, 0.0
        first, second = (person[end] for end in ends)
        if first == second:
            total[first] += score
        elif members[first].keys().isdisjoint(members[second]):
            for peak in members[second].values():
                person[peak] = first
            members[first] |= members.pop(second)
            total[first] += total.pop(second) + score
    people = []
    for key, parts in members.items():
        chosen = np.array(list(parts.values()), dtype=np.intp)
        mean = (float(peaks.height[chosen].sum()) + total[key]) / len(chosen)
        if len(chosen) < limits.parts or mean < limits.score:
            continue
        places = np.full((len(layout.parts), 2), np.nan)
        confidence = np.zeros(len(layout.parts))
        places[peaks.part[chosen]] = peaks.place[chosen]
        confidence[peaks.part[chosen]] = peaks.height[chosen].clip(0.0, 1.0)
        people.append((places, confidence))
    return people
