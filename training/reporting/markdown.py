"""Markdown tables and how figures are written in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.examples import Examples
from training.measures import figures

NOT_RUN: Final = "not run"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table.

        table(["model", "accuracy"], [["ours", "0.912"]])

    :param head: names of the columns; one may be empty.
    :param rows: as many cells each.
    """
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def figure(value: float | None) -> str:
    """Return a share to three digits, or a dash where there is none."""
    return "-" if value is None or not np.isfinite(value) else f"{value:.3f}"


def with_interval(found: dict[str, Any]) -> str:
    """Return a balanced accuracy with its interval.

    :param found: what :func:`training.measures.figures` returns.
    """
    low, high = found["balanced_accuracy_95"]
    return f"{found['balanced_accuracy']:.3f} ({low:.2f}-{high:.2f})"


def scored(examples: Examples, scores: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the figures of one model on one set, with an interval by person.

    :param scores: [N] the probability of correct.
    """
    return figures(examples.labels, scores, examples.person.tolist(), examples.error.tolist())


def trivial(found: dict[str, Any]) -> list[str]:
    """Return the accuracies of who always says good, and of who always says bad."""
    return [f"{found[name]['accuracy']:.3f}" for name in ("always_good", "always_bad")]
