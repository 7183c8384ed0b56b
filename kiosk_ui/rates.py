"""A limit on how often somebody may ask."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

MOST_CLIENTS: Final = 5000
"""So many are remembered; the one that was silent for longest is forgotten."""


class Rates:
    """Lets each client ask so often, and more often for a short while.

        rates = Rates(per_second=30, burst=200)
        wait = rates.wait("192.168.0.42")     # 0.0: go on; else come again after so many seconds

    All methods may be called from any thread.

    :param per_second: how often, in the long run.
    :param burst: how often at once, after silence.
    :param clock: seconds that only grow.
    """

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, client: str) -> float:
        """Count one request, and return the seconds that it comes too early.

        :param client: its address; empty: the device itself, which may always.
        """
        if not client:
            return 0.0
        name, now = _house(client), self._clock()
        with self._lock:
            left, then = self._left.pop(name, (self._burst, now))
            left = min(self._burst, left + (now - then) * self._per_second)
            good = left >= 1.0
            self._left[name] = (left - 1.0 if good else left, now)
            while len(self._left) > MOST_CLIENTS:
                self._left.pop(next(iter(self._left)))
        return 0.0 if good else (1.0 - left) / self._per_second


def _house(client: str) -> str:
    """Return what one client is known by: an IPv6 phone takes as many addresses as it likes."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
