"""What measured quantities alone tell, and whether synthetic people cover the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import plots
from training.filming import SQUAT
from training.measured import (
    NAMES,
    Measured,
    coverage,
    ranking,
    threshold_accuracy,
)
from training.reporting.markdown import figure, table

UNITS = {quantity.name: quantity.unit for quantity in SQUAT.quantities}


def ranking_table(sets: Mapping[str, Measured]) -> str:
    """Return what each quantity alone is worth in every set: area, and a threshold's accuracy."""
    head, rows = ["quantity"], []
    for name in sets:
        head += [f"{name}: area", "threshold"]
    for number, quantity in enumerate(NAMES):
        cells = []
        for one in sets.values():
            values = one.values[:, number]
            area = _area(ranking(one.labels, values), len(one))
            cells += [area, figure(threshold_accuracy(one.labels, values, one.groups))]
        rows.append([f"{quantity}, {UNITS[quantity]}", *cells])
    return table(head, rows)


def _area(found: dict[str, Any] | None, count: int) -> str:
    if found is None:
        return "-"
    text = f"{found['area']:.2f} {'more' if found['higher'] else 'less'}"
    return text if found["count"] == count else f"{text} ({found['count']} of {count})"


def kinds_table(measured: Measured) -> str:
    """Return how well each quantity alone tells every kind of error from the correct squats."""
    kinds = sorted(set(measured.errors[measured.labels == 0].tolist()))
    rows = []
    for number, quantity in enumerate(NAMES):
        cells = []
        for kind in kinds:
            some = measured.where((measured.labels == 1) | (measured.errors == kind))
            found = ranking(some.labels, some.values[:, number])
            cells.append("-" if found is None else f"{found['area']:.2f}")
        rows.append([quantity, *cells])
    return table(["quantity", *kinds], rows)


def overlap_table(made: Measured, real: Mapping[str, Measured], path: Path) -> str:
    """Return how far synthetic people cover the real sets, and draw it.

    :param path: of the plot.
    """
    sets = {"synthetic": made, **real}
    plots.overlap({name: by_name(one.values) for name, one in sets.items()}, UNITS, path)
    head, rows = ["quantity"], []
    for name in real:
        head += [f"{name}: inside", "in common"]
    for number, quantity in enumerate(NAMES):
        cells = []
        for one in real.values():
            found = coverage(made.values[:, number], one.values[:, number])
            cells += [figure(found[key] if found else None) for key in ("inside", "common")]
        rows.append([quantity, *cells])
    return table(head, rows)


def by_name(values: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns of the quantities by their names."""
    return {name: values[:, number] for number, name in enumerate(NAMES)}


def count_table(sets: Mapping[str, Measured]) -> str:
    """Return in how many clips of one repetition exactly one was counted."""
    rows = [
        [name, len(one), int((one.counts == 1).sum()), figure((one.counts == 1).mean())]
        for name, one in sets.items()
    ]
    return table(["set", "clips of one repetition", "counted as one", "share"], rows)


def counted(sets: Mapping[str, Measured]) -> float:
    """Return the share of the clips of one repetition in which exactly one was counted."""
    return float(np.concatenate([one.counts == 1 for one in sets.values()]).mean())
