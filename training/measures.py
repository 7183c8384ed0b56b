"""Honest figures: balanced accuracy with an interval by group, beside the trivial answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

THRESHOLD: Final = 0.5
"""A score of at least this is a good squat."""

DRAWS: Final = 2000
"""Bootstrap samples behind an interval."""

Labels = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def accuracy(labels: Labels, scores: Scores) -> float:
    """Return the share of right verdicts, 0 to 1."""
    return float(((scores >= THRESHOLD) == (labels == 1)).mean())


def balanced_accuracy(labels: Labels, scores: Scores) -> float:
    """Return the mean of the shares right among the correct and among the incorrect ones."""
    shares = [accuracy(labels[labels == k], scores[labels == k]) for k in np.unique(labels)]
    return float(np.mean(shares))


def interval(
    labels: Labels, scores: Scores, groups: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the balanced accuracy when whole groups are drawn anew.

    Repetitions of one person are alike: drawing them one by one would promise too much. Where
    there is only one group, repetitions are drawn after all.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    units = (
        [np.flatnonzero(np.asarray(groups) == name) for name in names]
        if len(names) > 1
        else [np.array([index]) for index in range(len(labels))]
    )
    drawn = []
    for _ in range(DRAWS):
        chosen = np.concatenate([units[i] for i in rng.integers(0, len(units), len(units))])
        if len(np.unique(labels[chosen])) == 2:
            drawn.append(balanced_accuracy(labels[chosen], scores[chosen]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def figures(
    labels: Labels, scores: Scores, groups: Sequence[str], kinds: Sequence[str]
) -> dict[str, Any]:
    """Return everything worth writing down about one measurement.

    :param labels: [N] 1 is correct.
    :param scores: [N] the probability of correct.
    :param groups: N names of the people, or of what must stay together.
    :param kinds: N names of the errors (or of the correct variants).
    """
    low, high = interval(labels, scores, groups)
    share = float(labels.mean())
    return {
        "repetitions": len(labels),
        "correct": int(labels.sum()),
        "groups": len(set(groups)),
        "accuracy": round(accuracy(labels, scores), 4),
        "balanced_accuracy": round(balanced_accuracy(labels, scores), 4),
        "balanced_accuracy_95": [round(low, 4), round(high, 4)],
        "area_under_curve": round(area_under_curve(labels, scores), 4),
        "correct_called_good": round(accuracy(labels[labels == 1], scores[labels == 1]), 4),
        "incorrect_called_bad": round(accuracy(labels[labels == 0], scores[labels == 0]), 4),
        "always_good": {"accuracy": round(share, 4), "balanced_accuracy": 0.5},
        "always_bad": {"accuracy": round(1 - share, 4), "balanced_accuracy": 0.5},
        "accuracy_by_group": _by(groups, labels, scores),
        "accuracy_by_kind": _by(kinds, labels, scores),
    }


def area_under_curve(labels: Labels, scores: Scores) -> float:
    """Return how often a correct repetition scores above an incorrect one, 0 to 1."""
    above = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def _by(names: Sequence[str], labels: Labels, scores: Scores) -> dict[str, float]:
    array = np.asarray(names)
    return {
        str(name): round(accuracy(labels[array == name], scores[array == name]), 4)
        for name in np.unique(array)
    }


def part_figures(wrong: npt.NDArray[np.int64], said: Scores) -> dict[str, float]:
    """Return precision, recall and F1 of one part, and the majority's accuracy beside its own.

    :param wrong: [N] 1 wrong, 0 fine; unknown ones (-1) are left out.
    :param said: [N] probability of wrong.
    """
    known = wrong >= 0
    truth, called = wrong[known] == 1, said[known] >= THRESHOLD
    hits, alarms, missed = (
        int((truth & called).sum()), int((~truth & called).sum()), int((truth & ~called).sum())
    )  # fmt: skip
    share = float(truth.mean())
    return {
        "wrong": int(truth.sum()),
        "of": int(known.sum()),
        "precision": round(hits / max(hits + alarms, 1), 4),
        "recall": round(hits / max(hits + missed, 1), 4),
        "f1": round(f1_score(truth, called), 4),
        "accuracy": round(float((truth == called).mean()), 4),
        "majority": round(max(share, 1 - share), 4),
    }


def f1_score(truth: npt.NDArray[np.bool_], called: npt.NDArray[np.bool_]) -> float:
    """Return the harmonic mean of precision and recall, 0 to 1."""
    hits, misses = int((truth & called).sum()), int((truth != called).sum())
    return 2 * hits / max(2 * hits + misses, 1)


def reliability(labels: Labels, scores: Scores, bins: int = 10) -> dict[str, Any]:
    """Return how often the squats of each decile of score were correct, and the mean gap.

    The expected calibration error weighs each bin by its share of the squats (Guo et al. 2017).
    """
    number = np.minimum((scores * bins).astype(int), bins - 1)
    rows = [
        (float(scores[number == b].mean()), float(labels[number == b].mean()), int(count))
        for b in range(bins)
        if (count := (number == b).sum())
    ]
    gap = sum(abs(said - true) * count for said, true, count in rows) / len(labels)
    return {"bins": rows, "expected_calibration_error": round(gap, 4)}
