"""The floor of the disk: below it nothing new is begun, so that what runs can end well."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kiosk_ui.disk import free_bytes

log = logging.getLogger(__name__)

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
