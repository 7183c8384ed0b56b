"""The machine on which something is measured, and who else used it meanwhile."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import Self

from benchmarking.runs import processor_time

STAT: Final = Path("/proc/stat")
BUSY: Final = (0, 1, 2, 5, 6)
"""Columns of /proc/stat: user, nice, system, interrupts."""

STOLEN: Final = 7


def describe() -> str:
    """Return processor, cores, memory and Python in one line."""
    board = Path("/proc/device-tree/model")  # a Jetson says there what it is
    if board.is_file():
        name = board.read_text(errors="replace").strip("\0\n ")
    else:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else "unknown processor"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0))
    return (
        f"{name}, {platform.machine()}, {cores} cores, {memory:.0f} GB, "
        f"Python {platform.python_version()}"
    )


@dataclass(frozen=True, slots=True)
class Use:
    """How the processor was used.

    :param others: share of all cores that was not ours, 0 to 1.
    :param stolen: share that the machine around this one took.
    :param load: processes that wanted the processor, on average of a minute.
    """

    others: float
    stolen: float
    load: float

    def __str__(self) -> str:
        busy = "busy with other things" if self.others + self.stolen > 0.05 else "quiet"
        return (
            f"{busy}: others used {self.others:.0%} of the processor, {self.stolen:.0%} was "
            f"stolen, load {self.load:.1f}"
        )


class Watch:
    """Notes what the processor does besides what is measured.

    with Watch() as watch:
        measure()
    print(watch.use)
    """

    def __enter__(self) -> Self:
        self._before = _ticks(), processor_time()
        return self

    def __exit__(self, *_: object) -> None:
        (before, own), now = self._before, _ticks()
        spent = [b - a for a, b in zip(before, now, strict=True)]
        total = max(sum(spent), 1)
        ours = (processor_time() - own) * os.sysconf("SC_CLK_TCK")
        others = max(sum(spent[column] for column in BUSY) - ours, 0.0)
        self.use = Use(others / total, spent[STOLEN] / total, os.getloadavg()[0])


def _ticks() -> list[int]:
    return [int(one) for one in STAT.read_text().splitlines()[0].split()[1:9]]
