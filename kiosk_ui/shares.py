"""Codes with which a gym-goer takes a result home on their phone; they are forgotten soon."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

LASTS: Final = 600.0
"""Seconds for which a code works; a restart of the kiosk ends all of them."""

UNGUESSABLE: Final = 9
"""Bytes of a code: 72 bits of chance."""


class Shares:
    """Knows which code stands for which score, and for how long.

        shares = Shares()
        code = shares.code_for(score.id)
        shares.find(code)     # the score's id, or None once the code has expired

    All methods may be called from any thread.

    :param lasts: seconds for which a code works.
    :param clock: gives seconds; never goes back.
    """

    def __init__(self, lasts: float = LASTS, clock: Callable[[], float] = monotonic) -> None:
        self.lasts = lasts
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[str, float]] = {}

    def code_for(self, key: str) -> str:
        """Return the code of a score; the same one as long as it works."""
        with self._lock:
            self._forget()
            for code, (known, _) in self._codes.items():
                if known == key:
                    return code
            code = secrets.token_urlsafe(UNGUESSABLE)
            self._codes[code] = (key, self._clock() + self.lasts)
            return code

    def find(self, code: str) -> str | None:
        """Return the id of the score that a code stands for; None: it never did, or has expired."""
        with self._lock:
            self._forget()
            key, _ = self._codes.get(code, (None, 0.0))
            return key

    def _forget(self) -> None:
        now = self._clock()
        self._codes = {code: (key, end) for code, (key, end) in self._codes.items() if now < end}
