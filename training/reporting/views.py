"""The shipped network by view, by severity, and whether its probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import plots
from training.examples import Examples
from training.measures import accuracy, reliability
from training.reporting.markdown import figure, table
from training.train import HEIGHTS, YAWS, standard

Array = npt.NDArray[np.float64]

NEAR_YAWS = (0.0, 10.0, 20.0)
NEAR_HEIGHTS = (1.0, 1.3, 1.6)
"""Edges of the views within which little may be lost: degrees and metres."""

CLOSE = 0.15
"""A severity this near to 0 is next to its limit."""


def view_tables(test: Examples, scores: Array, folder: Path) -> tuple[str, str]:
    """Return accuracy by yaw and by height, and draw both together.

    :param scores: [N] the probability of correct.
    :param folder: of the plots.
    """
    yaw, height = np.abs(test.view[:, 0]), test.view[:, 1]
    right = (scores >= 0.5) == test.labels
    plots.by_view(test.view, right, YAWS, HEIGHTS, folder / "view.svg")
    return (
        table(["turn, degrees", "repetitions", "accuracy", "always good", "always bad"],
              binned(test, right, yaw, YAWS)),
        table(["height, m", "repetitions", "accuracy", "always good", "always bad"],
              binned(test, right, height, HEIGHTS)),
    )  # fmt: skip


def binned(
    test: Examples, right: npt.NDArray[np.bool_], values: Array, edges: Sequence[float]
) -> list[list[Any]]:
    """Return count, accuracy and the trivial answers' in each bin of a value."""
    rows = []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        if inside.any():
            good = test.labels[inside].mean()
            rows.append([f"{low:g} to {high:g}", int(inside.sum()), figure(right[inside].mean()),
                         figure(good), figure(1 - good)])  # fmt: skip
    return rows


def lost_nearby(test: Examples, scores: Array) -> float | None:
    """Return how much accuracy the worst nearby bin of yaw or of height costs, 0 to 1.

    It is the standard view's accuracy less that of the worst bin within 20 degrees and between
    1.0 and 1.6 m; None where there is nobody in the standard view.
    """
    usual = standard(test)
    yaw, height = np.abs(test.view[:, 0]), test.view[:, 1]
    near = (yaw <= NEAR_YAWS[-1]) & (height >= NEAR_HEIGHTS[0]) & (height <= NEAR_HEIGHTS[-1])
    bins = [
        rows
        for values, edges in ((yaw, NEAR_YAWS), (height, NEAR_HEIGHTS))
        for low, high in pairwise(edges)
        if (rows := near & (values >= low) & (values <= high)).any()
    ]
    if not usual.any() or not bins:
        return None
    worst = min(accuracy(test.labels[rows], scores[rows]) for rows in bins)
    return accuracy(test.labels[usual], scores[usual]) - worst


def severity_table(test: Examples, scores: Array, folder: Path) -> str:
    """Return how often each decile of the worst part's severity is called bad, and draw it."""
    worst, bad = np.nanmax(test.severity, axis=1), scores < 0.5
    edges = np.quantile(worst, np.linspace(0, 1, 11))
    decile = np.clip(np.searchsorted(edges, worst, side="right") - 1, 0, 9)
    rows, middles, shares = [], [], []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = decile == number
        if inside.any():
            right = bad[inside] == (test.labels[inside] == 0)
            middles.append(float(np.median(worst[inside])))
            shares.append(float(bad[inside].mean()))
            rows.append([f"{low:.2f} to {high:.2f}", int(inside.sum()), f"{shares[-1]:.3f}",
                         figure(right.mean())])  # fmt: skip
    plots.severity(middles, shares, folder / "severity.svg")
    head = ["severity of the worst part", "repetitions", "called bad", "accuracy"]
    return table(head, rows)


def near_limit(test: Examples, scores: Array) -> str:
    """Return how many of the wrong verdicts are of squats close to a limit, in words."""
    worst, missed = np.nanmax(test.severity, axis=1), (scores >= 0.5) != test.labels
    close = np.abs(worst) < CLOSE
    if not missed.any():
        return "No verdict was wrong."
    return (
        f"{close[missed].mean():.0%} of the wrong verdicts, but only {close.mean():.0%} of all "
        f"squats, are within {CLOSE} of a limit."
    )


def calibration_error(test: Examples, scores: Array, folder: Path) -> float:
    """Return the expected calibration error, and draw the reliability diagram."""
    told = reliability(test.labels, scores)
    plots.reliability(told["bins"], folder / "reliability.svg")
    return float(told["expected_calibration_error"])


def view_error(test: Examples, view: Array) -> str:
    """Return how far the estimated view is off, in words.

    :param view: [N, 2] estimated yaw in degrees and height in metres.
    """
    yaw, height = np.median(np.abs(view - test.view), axis=0)
    return f"{yaw:.1f} degrees and {height:.2f} m (medians)"
