"""Time that a process could have used: on an overloaded machine it runs slowly.

Whoever asks whether a thread hangs counts this time. A driver that never returns lets all of it
pass; threads that only wait for a processor let next to none of it pass, however long they wait.
"""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic
from typing import Final

TASKS: Final = Path("/proc/self/task")
"""Linux tells there how long each thread was ready to run and had no processor."""

LOOK_SECONDS: Final = 1.0
"""Between two looks there."""

LEAST_SHARE: Final = 0.1
"""Of all time, at least this counts: whatever hangs is found, on any machine."""


class OwnTime:
    """Seconds that only grow, less those in which a thread of this process had no processor.

        now = OwnTime()
        began = now()
        now() - began       # as with time.monotonic(), but for the overload

    Of the threads the one counts that waited longest: the others may wait for it. A kernel that
    does not tell leaves all seconds in.

    :param tasks: a folder for each thread, with a file ``schedstat``.
    """

    def __init__(self, tasks: Path = TASKS) -> None:
        self._tasks = tasks
        self._lock = threading.Lock()
        self._looked = self._told = monotonic()
        self._waited = 0.0
        self._delays = self._read()

    def __call__(self) -> float:
        """Return the seconds; costs next to nothing but once a second."""
        with self._lock:
            now = monotonic()
            if now - self._looked >= LOOK_SECONDS:
                self._look(now)
            # What was told since the last look may have been too much: it stands still then.
            self._told = max(self._told, now - self._waited)
            return self._told

    @property
    def waited(self) -> float:
        """Seconds that were left out so far."""
        return self._waited

    def _look(self, now: float) -> None:
        before, self._delays = self._delays, self._read()
        longest = max(
            (delay - before.get(task, 0.0) for task, delay in self._delays.items()), default=0.0
        )
        self._waited += min(longest, (1 - LEAST_SHARE) * (now - self._looked))
        self._looked = now

    def _read(self) -> dict[str, float]:
        """Return for how many seconds each thread has waited for a processor since it began."""
        found = {}
        for task in self._tasks.glob("*/schedstat"):
            try:
                found[task.parent.name] = int(task.read_text().split()[1]) / 1e9
            except (OSError, LookupError, ValueError):  # the thread has ended, or is not told of
                continue
        return found


own_time: Final = OwnTime()
"""That of this process."""
