"""What was measured, as one table or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarking.box import Use
from benchmarking.ours import LiveSet
from benchmarking.runs import Run
from benchmarking.served import Served

Row = tuple[str, str, str, str]
"""What, ours, plain, and how many times ours is better."""


@dataclass(slots=True)
class Results:
    """Everything that one run of the benchmark has measured.

    :param machine: in one line.
    :param predicting: what the plain pipeline's classifier runs on.
    """

    machine: str
    predicting: str
    use: Use | None = None
    ours: list[Run] = field(default_factory=list)
    plain: list[Run] = field(default_factory=list)
    live: list[LiveSet] = field(default_factory=list)
    served: Served | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain types."""
        return asdict(self)


def spread(values: Sequence[float], unit: str, digits: int = 1) -> str:
    """Return median and 95th percentile."""
    if not len(values):
        return "-"
    middle, high = np.percentile(values, [50, 95])
    return f"{middle:.{digits}f} / {high:.{digits}f} {unit}"


def rows(results: Results) -> list[Row]:
    """Return the table's rows."""
    found: list[Row] = []
    for clip in dict.fromkeys(run.clip for run in results.ours):
        ours = [run for run in results.ours if run.clip == clip]
        plain = [run for run in results.plain if run.clip == clip]
        found += _clip_rows(clip, ours, plain)
    if results.live:
        found += _live_rows(results.live)
    if served := results.served:
        found += _served_rows(served)
    return found


def _clip_rows(clip: str, ours: list[Run], plain: list[Run]) -> list[Row]:
    first = ours[0]

    def both(what: str, of: Callable[[Run], list[float]], unit: str, digits: int) -> Row:
        mine, theirs = ([one for run in runs for one in of(run)] for runs in (ours, plain))
        times = f"{np.median(theirs) / np.median(mine):.2f}" if mine and theirs else "-"
        return what, spread(mine, unit, digits), spread(theirs, unit, digits), times

    def scores(runs: list[Run]) -> str:
        return ", ".join(sorted({_score(run.score) for run in runs}))

    head = f"**{clip}**, {first.length:.1f} s, {first.frames} frames, runs"
    return [
        (head, str(len(ours)), str(len(plain)), ""),
        both("pose, a frame", lambda run: run.pose_ms, "ms", 1),
        both("upload to verdict / clip's length", lambda run: [run.verdict / run.length], "", 2),
        both("upload to verdict and replay / length", lambda run: [run.replay / run.length], "", 2),
        both("processor time / length", lambda run: [run.processor / run.length], "", 2),
        ("score", scores(ours), scores(plain), ""),
    ]


def _score(score: float | None) -> str:
    return "not judged" if score is None else f"{score:.4f}"


def _live_rows(live: list[LiveSet]) -> list[Row]:
    judged, skipped, dropped = (
        sum(getattr(one, name) for one in live) for name in ("judged", "skipped", "dropped")
    )
    pose = [ms for one in live for ms in one.pose_ms]
    return [
        (f"**live**, sets of {judged / len(live):.0f} frames", str(len(live)), "", ""),
        ("pose, a frame", spread(pose, "ms"), "", ""),
        ("end of the recording to the verdict",
         spread([one.verdict_ms for one in live], "ms", 0), "", ""),
        ("frames judged / skipped by rule / dropped by accident",
         f"{judged} / {skipped} / {dropped}", "", ""),
    ]  # fmt: skip


def _served_rows(served: Served) -> list[Row]:
    return [
        ("**server's process**, starts", str(len(served.start)), "", ""),
        ("start until /readyz", spread(served.start, "s", 2), "", ""),
        (f"uploads with replay a minute, of {served.uploads}",
         f"{60 * served.uploads / served.seconds:.1f}", "", ""),
        ("memory after the start / after the uploads / at most",
         f"{served.idle_mb:.0f} / {served.steady_mb:.0f} / {served.peak_mb:.0f} MB", "", ""),
    ]  # fmt: skip


def markdown(results: Results) -> str:
    """Return the table, with the machine and whether it was busy above it."""
    lines = [
        f"Machine: {results.machine}",
        f"While it ran: {results.use}" if results.use else "",
        f"The plain pipeline's classifier: {results.predicting}",
        "",
        "| median / 95th percentile | ours | plain | times better |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows(results))])
