"""The queue as it stands: whose the waiting videos are, and how long they will take."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Final

USUAL_PACE: Final = 0.5
"""Seconds of scoring for a second of video, until some were measured."""

USUAL_SECONDS: Final = 15.0
"""Length of a video that does not say how long it is, until some were seen."""

REMEMBERED: Final = 15
"""So many of the last videos are looked at."""


class Line:
    """What is known of jobs only while the kiosk runs; nothing of it is written to the disk.

        line = Line()
        line.join("abc", client="192.168.1.7", seconds=12.0)
        line.left("abc", progress=0.5)

    All methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._paces: deque[float] = deque(maxlen=REMEMBERED)
        self._lengths: deque[float] = deque(maxlen=REMEMBERED)

    def join(self, key: str, *, client: str = "", seconds: float | None = None) -> None:
        """Note a job.

        :param client: who sent it; empty: nobody who is counted.
        :param seconds: length of its video, as far as it is known.
        """
        with self._lock:
            if client:
                self._clients[key] = client
            if seconds is not None:
                self._seconds[key] = seconds

    def leave(self, key: str) -> None:
        """Forget a job."""
        with self._lock:
            self._clients.pop(key, None)
            self._seconds.pop(key, None)

    def of(self, client: str, keys: Iterable[str]) -> int:
        """Return how many of these jobs a client has sent."""
        with self._lock:
            return sum(self._clients.get(key) == client for key in keys)

    def measured(self, seconds: float, took: float) -> None:
        """Note that scoring a video of so many seconds took so long, in seconds."""
        if seconds <= 0:
            return
        with self._lock:
            self._lengths.append(seconds)
            self._paces.append(took / seconds)

    def left(self, key: str, progress: float = 0.0) -> float:
        """Return about how many seconds a job still takes once it is its turn.

        :param progress: how much of it is done, 0 to 1.
        """
        with self._lock:
            usual = median(self._lengths) if self._lengths else USUAL_SECONDS
            pace = median(self._paces) if self._paces else USUAL_PACE
            return self._seconds.get(key, usual) * pace * (1.0 - progress)
