"""A clock that nobody sets: how long this machine has been running since its last boot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """A moment, by the boot it belongs to and the seconds since.

        began = uptime()
        uptime().since(began)

    Two moments of one boot are as far apart as they are, whatever is done to the system's clock,
    and whichever program asks.

    :param boot: another one after each boot.
    :param seconds: since that boot, sleep included.
    """

    boot: str
    seconds: float

    def since(self, earlier: Uptime) -> float:
        """Return how many seconds have certainly passed since an earlier moment.

        Of one before the boot, only what has passed since the boot is certain.
        """
        return max(self.seconds - (earlier.seconds if earlier.boot == self.boot else 0.0), 0.0)


@cache
def _boot() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:  # no /proc: each program then counts for itself
        return ""


def uptime() -> Uptime:
    """Return this moment."""
    return Uptime(_boot(), time.clock_gettime(time.CLOCK_BOOTTIME))
