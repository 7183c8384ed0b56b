"""How long something took, each time, in a shape that costs next to nothing to keep."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from typing import Final

LAST: Final = 300
"""So many of the last ones are kept one by one: ten seconds of pictures."""


class Durations:
    """Counts durations by their size, and keeps the last ones.

        pose = Durations((0.01, 0.02, 0.05, 0.1))
        pose.add(0.013)
        pose.quantile(0.95)      # 0.013

    Whoever adds does so in one thread at a time; anybody may look meanwhile.

    :param bounds: upper bounds of the sizes, in seconds, growing; what is above is counted too.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        """Seconds in all."""
        self._counts = [0] * (len(self.bounds) + 1)
        self._last: deque[float] = deque(maxlen=LAST)

    def add(self, seconds: float) -> None:
        """Note one."""
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds
        self._last.append(seconds)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many there were of each size; the last number is of those above all bounds."""
        return tuple(self._counts)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """Return the duration that a share (0 to 1) of the last ones did not exceed, in seconds.

        None where there was none yet.
        """
        # One step for the interpreter: nobody adds in the middle of it.
        last = sorted(self._last.copy())
        return last[max(0, math.ceil(share * len(last)) - 1)] if last else None
