"""Codes with which a gym-goer takes a result home on their phone; they are forgotten soon."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

import segno

LASTS: Final = 600.0
"""Seconds for which a code works; a restart of the kiosk ends all of them."""

UNGUESSABLE: Final = 9
"""Bytes of a code: 72 bits of chance."""

ELSEWHERE: Final = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737): asking for the way there sends nothing."""


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


def drawing(link: str) -> str:
    """Return a link as a QR code: an SVG to be put into a page, dark on white with its margin."""
    code = segno.make(link, error="m", micro=False)
    return code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr")


def lan_address(port: int) -> str | None:
    """Return where phones on the same network reach this machine; None where it has no network.

    :param port: the web server's.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(ELSEWHERE)
        except OSError:
            return None
        host = str(way.getsockname()[0])
    return None if host.startswith(("127.", "0.")) else f"http://{host}:{port}"
