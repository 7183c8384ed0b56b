"""The report's plots, as SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

Array = npt.NDArray[np.float64]

STYLE: Final[dict[Any, Any]] = {"svg.hashsalt": "squat", "svg.fonttype": "none", "font.size": 9}
"""No random names inside the file, and text as text."""

LEAST: Final = 5
"""A cell of the heat map with fewer squats than this stays empty."""


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG without a date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")


def reliability(bins: Sequence[tuple[float, float, int]], path: Path) -> None:
    """Draw how often the squats of each decile of score were correct.

    :param bins: mean score, share of correct ones, and count.
    """
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    said, true, count = zip(*bins, strict=True)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot(said, true, marker="o")
    for x, y, number in zip(said, true, count, strict=True):
        axes.annotate(str(number), (x, y), textcoords="offset points", xytext=(5, -9), fontsize=7)
    axes.set(xlabel="score", ylabel="share of correct squats", xlim=(0, 1), ylim=(0, 1))
    save(figure, path)


def by_view(
    view: Array,
    right: npt.NDArray[np.bool_],
    yaws: Sequence[float],
    heights: Sequence[float],
    path: Path,
) -> None:
    """Draw the share of right verdicts by the camera's yaw and height.

    :param view: [N, 2] yaw in degrees (its size counts) and height in metres.
    :param right: [N] whether the verdict was.
    :param yaws: edges in degrees.
    :param heights: edges in metres.
    """
    shares, counts = view_shares(view, right, yaws, heights)
    figure = Figure(figsize=(5, 4))
    axes = figure.subplots()
    shown = np.where(counts >= LEAST, shares, np.nan)
    axes.imshow(shown.T, origin="lower", vmin=0.5, vmax=1.0, cmap="viridis", aspect="auto")
    for (i, j), share in np.ndenumerate(shown):
        if np.isfinite(share):
            colour = "white" if share < 0.75 else "black"
            axes.text(i, j, f"{share:.2f}\n{counts[i, j]}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(yaws) - 1), _ranges(yaws))
    axes.set_yticks(range(len(heights) - 1), _ranges(heights))
    axes.set(xlabel="turn of the person, degrees", ylabel="height of the camera, m")
    save(figure, path)


def view_shares(
    view: Array,
    right: npt.NDArray[np.bool_],
    yaws: Sequence[float],
    heights: Sequence[float],
) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return [Y, H] the share of right verdicts (NaN where there are none), and how many."""
    edges = (np.asarray(yaws, float), np.asarray(heights, float))
    places = (np.abs(view[:, 0]), view[:, 1])
    counts = np.histogram2d(*places, bins=edges)[0].astype(np.int64)
    hits = np.histogram2d(*places, bins=edges, weights=right.astype(float))[0]
    return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan), counts


def _ranges(edges: Sequence[float]) -> list[str]:
    return [f"{low:g}-{high:g}" for low, high in pairwise(edges)]


def severity(worst: Sequence[float], bad: Sequence[float], path: Path) -> None:
    """Draw how often squats are called bad by how bad they are.

    :param worst: of each decile the middle severity of the worst part; above 0 is wrong.
    :param bad: of each decile the share that is called bad.
    """
    figure = Figure(figsize=(5, 3))
    axes = figure.subplots()
    axes.axvline(0, color="0.7", linewidth=1)
    axes.plot(worst, bad, marker="o")
    axes.set(xlabel="severity of the worst part", ylabel="share called bad", ylim=(0, 1))
    save(figure, path)


def overlap(sets: Mapping[str, Mapping[str, Array]], units: Mapping[str, str], path: Path) -> None:
    """Draw the distribution of every measured quantity in every set.

    :param sets: values by the set's name and the quantity's; NaN left out.
    :param units: of the quantities, by their names; each gets a panel.
    """
    across = 3
    down = -(-len(units) // across)
    figure = Figure(figsize=(3.2 * across, 2.1 * down), layout="constrained")
    grid: Any = figure.subplots(down, across, squeeze=False)
    for axes in grid.ravel()[len(units) :]:
        axes.set_axis_off()
    for axes, (name, unit) in zip(grid.ravel(), units.items(), strict=False):
        seen = {key: one[name][np.isfinite(one[name])] for key, one in sets.items()}
        together = np.concatenate(list(seen.values()))
        if len(together):
            low, high = np.percentile(together, [0.5, 99.5])
            edges = np.linspace(float(low), float(high), 25)
            for number, (key, values) in enumerate(seen.items()):
                if len(values):
                    axes.hist(values, edges, density=True, histtype="step", color=f"C{number}",
                              label=key)  # fmt: skip
        axes.set(title=f"{name}, {unit}", yticks=[])
    handles = {f"C{number}": key for number, key in enumerate(sets)}
    lines = [Line2D([], [], color=colour, label=key) for colour, key in handles.items()]
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
    save(figure, path)
