"""What measured quantities alone are worth: the numbers that any network has to beat.

    table = measure_takes(sets.takes("aitrainer", "guide"))
    ranking(table.labels, table.values[:, 0])["area"]

The quantities are the squat pack's own, from :mod:`edge`, measured as the kiosk measures them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.errors import FeatureError
from edge.judging import RuleJudge
from edge.measuring import measure
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from edge.view import turned_by
from training.corpus import LABELS
from training.filming import SQUAT, Shot, film
from training.measures import area_under_curve, balanced_accuracy
from training.rendered_clips import RenderedClip
from training.sets import group
from training.synthetic.pose_errors import ErrorBank
from training.takes import Take

Array = npt.NDArray[np.float64]

NAMES: Final = tuple(quantity.name for quantity in SQUAT.quantities)


@dataclass(frozen=True)
class Measured:
    """What the squat pack measures in N clips of one repetition each.

    :param values: [N, Q] of each of :data:`NAMES`, in its unit; NaN where it is not visible.
    :param rules: [N] score of the pack's rules, 0 to 1; NaN where they cannot judge.
    :param parts: N probabilities of each fault that the rules can see.
    :param counts: [N] how many repetitions were counted.
    :param labels: [N] 1 is correct.
    :param wrong: [N, 7] for each of :data:`training.corpus.LABELS` 1 wrong, 0 fine, -1 unknown.
    :param groups: [N] who must stay together.
    :param errors: [N] the sources' words for what is wrong.
    """

    values: Array
    rules: Array
    parts: list[dict[str, float]]
    counts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]
    errors: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return how many clips there are."""
        return len(self.labels)

    def where(self, keep: npt.NDArray[np.bool_]) -> Measured:
        """Return those for which ``keep`` [N] is true."""
        return Measured(
            parts=[self.parts[i] for i in np.flatnonzero(keep)],
            **{name: value[keep] for name, value in vars(self).items() if name != "parts"},
        )


def measure_takes(
    takes: Sequence[Take],
    shots: Sequence[Shot] | None = None,
    *,
    seed: int = 0,
    bank: ErrorBank | None = None,
) -> Measured:
    """Film every take once and measure it.

    :param shots: how each is filmed; exactly and from straight in front by default.
    :param seed: of the pose model's errors.
    :param bank: the pose model's errors; needed where the shots ask for them.
    """
    rng = np.random.default_rng(seed)
    filmed = shots or [Shot()] * len(takes)
    tracks = (film(take, shot, rng, bank) for take, shot in zip(takes, filmed, strict=True))
    return measured(
        tracks,
        np.array([take.correct for take in takes]),
        np.array([take.wrong for take in takes]),
        [group(take) for take in takes],
        [take.error for take in takes],
    )


def measure_rendered(clips: Sequence[RenderedClip]) -> Measured:
    """Measure what the pose model saw of rendered clips; clips that it lost are left out."""
    kept = [clip for clip in clips if len(clip.track)]
    wrong = np.array([[clip.wrong[name] > 0 for name in LABELS] for clip in kept], dtype=np.int64)
    return measured(
        (clip.track for clip in kept),
        (wrong.sum(axis=1) == 0).astype(np.int64),
        wrong,
        [clip.person for clip in kept],
        [" + ".join(sorted(clip.notes["intent"])) or "none" for clip in kept],
    )


def measured(
    tracks: Iterable[PoseTrack],
    labels: npt.NDArray[np.int64],
    wrong: npt.NDArray[np.int64],
    groups: Sequence[str],
    errors: Sequence[str],
) -> Measured:
    """Measure tracks of one repetition each; see :class:`Measured` for the labels."""
    values, rules, parts, counts = zip(*map(_measure, tracks), strict=True)
    return Measured(
        np.array(values), np.array(rules), list(parts), np.array(counts), labels, wrong,
        np.array(groups), np.array(errors),
    )  # fmt: skip


def _measure(track: PoseTrack) -> tuple[list[float], float, dict[str, float], int]:
    nothing = [np.nan] * len(NAMES)
    try:
        found = find_repetitions(track, SQUAT)
    except FeatureError:
        return nothing, np.nan, {}, 0
    if not found:
        return nothing, np.nan, {}, 0
    repetition = max(found, key=lambda one: one.travel)
    part = with_margin(track, repetition)
    quantities = measure(SQUAT, part, repetition, turned_by(part, SQUAT.view))
    values = [one.value if (one := quantities[name]) else np.nan for name in NAMES]
    try:
        judged = RuleJudge(SQUAT).judge(part, repetition)
    except FeatureError:
        return values, np.nan, {}, len(found)
    return values, judged.score, dict(judged.parts), len(found)


# ## What the numbers are worth


def ranking(labels: npt.NDArray[np.int64], values: Array) -> dict[str, Any] | None:
    """Return how well one quantity alone ranks the correct above the incorrect.

    :param values: [N]; NaN where it is not visible: left out.
    :return: ``area`` under the curve, 0.5 to 1, ``higher`` whether correct ones have more of it,
        and ``count``; None where one of the classes was never seen.
    """
    seen = np.isfinite(values)
    if len(np.unique(labels[seen])) < 2:
        return None
    area = area_under_curve(labels[seen], values[seen])
    return {"area": max(area, 1 - area), "higher": area >= 0.5, "count": int(seen.sum())}


def threshold_accuracy(
    labels: npt.NDArray[np.int64], values: Array, groups: npt.NDArray[np.str_]
) -> float | None:
    """Return the balanced accuracy of one threshold, chosen for each group on the others.

    :param values: [N]; NaN where it is not visible: left out.
    :return: None where there are fewer than two groups, or one class is missing among the others.
    """
    seen = np.isfinite(values)
    labels, values, groups = labels[seen], values[seen], groups[seen]
    names = np.unique(groups)
    said = np.zeros(len(labels))
    for name in names:
        out = groups == name
        if len(np.unique(labels[~out])) < 2:
            return None
        limit, higher = best_threshold(labels[~out], values[~out])
        said[out] = (values[out] >= limit) == higher
    return balanced_accuracy(labels, said) if len(np.unique(labels)) == 2 else None


def best_threshold(labels: npt.NDArray[np.int64], values: Array) -> tuple[float, bool]:
    """Return the limit with the best balanced accuracy, and whether correct is at or above it."""
    limits = np.unique(values)
    above = values[None, :] >= limits[:, None]
    right = (above[:, labels == 1].mean(axis=1) + 1 - above[:, labels == 0].mean(axis=1)) / 2
    best = int(np.argmax(np.abs(right - 0.5)))
    return float(limits[best]), bool(right[best] >= 0.5)


def coverage(made: Array, real: Array) -> dict[str, float] | None:
    """Return how well the made-up values of one quantity cover the real ones.

    :param made: [N] values of synthetic people; NaN left out.
    :param real: [M] values of a recorded set.
    :return: ``inside``, the share of the real within the middle 99 % of the made, and ``common``,
        the area that both histograms share; None where either was never seen.
    """
    made, real = made[np.isfinite(made)], real[np.isfinite(real)]
    if not len(made) or not len(real):
        return None
    low, high = np.percentile(made, [0.5, 99.5])
    edges = np.linspace(min(made.min(), real.min()), max(made.max(), real.max()) + 1e-9, 21)
    shares = [np.histogram(values, edges)[0] / len(values) for values in (made, real)]
    return {
        "inside": float(((real >= low) & (real <= high)).mean()),
        "common": float(np.minimum(*shares).sum()),
    }
