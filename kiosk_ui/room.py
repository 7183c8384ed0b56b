"""The floor of the disk: below it nothing new is begun, so that what runs can end well."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from kiosk_ui.disk import free_bytes

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 5.0
"""Seconds between two looks of whoever waits."""

TIDY_EVERY: Final = 60.0
"""Seconds between two deletions while there is too little room."""

MARGIN: Final = 1.05
"""There is room again once there is so much more than the floor, so that nothing flickers."""


class Room:
    """Tells whether the disk has room for something new.

        room = Room(Path("var"), floor=500_000_000)
        if not room():
            ...      # refuse, and say why

    :param folder: on the disk.
    :param floor: bytes that stay free; 0: whatever there is will do.
    :param free: tells how much is free.
    """

    def __init__(
        self, folder: Path, floor: int, free: Callable[[Path], int] = free_bytes
    ) -> None:  # fmt: skip
        self.folder = folder
        self.floor = floor
        self._free = free
        self._enough = True

    @property
    def free(self) -> int:
        """How many bytes are free."""
        return self._free(self.folder)

    def __call__(self) -> bool:
        """Tell whether there is room; the log hears of each change."""
        free = self.free
        enough = free >= (self.floor if self._enough else self.floor * MARGIN)
        if enough is not self._enough:
            self._enough = enough
            told, level = ("room again", logging.WARNING) if enough else ("full", logging.ERROR)
            log.log(
                level, "the disk: %s; %.0f MB are free, the floor is %.0f MB", told, free / 1e6,
                self.floor / 1e6,
            )  # fmt: skip
        return enough

    def wait(self, closing: threading.Event, seconds: float) -> bool:
        """Wait until it is time to delete what is too old: sooner while there is too little room.

        :param closing: ends the waiting; True is returned then.
        :param seconds: after which it is time in any case.
        """
        began = monotonic()
        while not closing.wait(min(LOOK_EVERY, seconds)):
            waited = monotonic() - began
            if waited >= seconds or (waited >= TIDY_EVERY and not self()):
                return False
        return True
