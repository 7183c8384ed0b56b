"""Which coaches are signed in; they are forgotten after a working day, and by a restart."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

LASTS: Final = 12 * 3600.0
"""Seconds."""

MOST: Final = 100


class Passes:
    """Knows which sessions are a coach's.

        passes = Passes()
        name = passes.give(labels.mark)
        passes.opens(name, labels.mark)

    A copy of a cookie is worth nothing any more once the coach has signed out.

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, float]] = {}

    def give(self, mark: str) -> str:
        """Return the name of a new session.

        :param mark: what tells the PIN of now from another one.
        """
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._known[name] = (mark, self._clock() + LASTS)
            while len(self._known) > MOST:
                self._known.pop(next(iter(self._known)))
        return name

    def opens(self, name: str | None, mark: str | None) -> bool:
        """Tell whether a session is a coach's, with the PIN of now."""
        with self._lock:
            known, end = self._known.get(name or "", ("", 0.0))
        return bool(known) and known == mark and self._clock() < end

    def take(self, name: str | None) -> None:
        """End a session."""
        with self._lock:
            self._known.pop(name or "", None)
