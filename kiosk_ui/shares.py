"""Codes with which a gym-goer takes a result home on their phone; they work for a while."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final

LASTS: Final = 600.0
"""Seconds after the verdict for which its code works."""

UNGUESSABLE: Final = 9
"""Bytes of a code: 72 bits of chance."""


class Shares:
    """Knows which code stands for which score, and for how long.

        shares = Shares(key_of_this_kiosk, store.videos.younger)
        code = shares.code_for(score.id)
        shares.find(code)     # the score's id, or None once the code has expired

    Nothing is kept: a code follows from the score and from the kiosk's own key, so that the one
    that somebody has scanned works on after a restart.

    :param key: secret bytes; with others the codes are others.
    :param younger: gives the ids of the scores that came less than so many seconds ago, and how
        many seconds ago that was.
    :param lasts: seconds for which a code works.
    """

    def __init__(
        self, key: bytes, younger: Callable[[float], Mapping[str, float]], lasts: float = LASTS
    ) -> None:
        self.lasts = lasts
        self._key = key
        self._younger = younger

    def code_for(self, score: str) -> str:
        """Return the code of a score."""
        made = hmac.digest(self._key, b"take home " + score.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made[:UNGUESSABLE]).decode()

    def left(self, score: str) -> float | None:
        """Return for how many seconds the code of a score still works; None: it does not."""
        age = self._younger(self.lasts).get(score)
        return None if age is None else self.lasts - age

    def find(self, code: str) -> str | None:
        """Return the id of the score that a code stands for; None: it never did, or has expired."""
        for score in self._younger(self.lasts):
            if hmac.compare_digest(self.code_for(score).encode(), code.encode()):
                return score
        return None
