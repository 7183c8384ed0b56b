"""One opening of a camera: a thread that may hang, and what is known of it from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from edge.frames.camera import Camera
from edge.own_time import own_time

WORKED_SECONDS: Final = 5.0
"""A camera that gave pictures for so long is tried again at once when it fails."""

READ_PATIENCE: Final = 15.0
OPEN_PATIENCE: Final = 45.0
"""Seconds of this process's own time (:mod:`edge.own_time`) without a picture after which the
driver hangs. OpenCV itself waits five seconds for one, a CSI camera fifteen for its first, and
``auto`` may try several devices one after another."""


class Reading:
    """Opens and reads a camera in a thread of its own; whoever attends to it sees how it does.

        reading = Reading(read)
        while not reading.ended.wait(0.25) and not reading.hangs:
            ...

    :param read: opens the camera and reads it until it fails.
    """

    def __init__(self, read: Callable[[Reading], None]) -> None:
        self.problem = "the camera is being opened"
        self.when_silent = Camera.when_silent
        self.pictures = 0
        self.ended = threading.Event()
        self.abandoned = threading.Event()
        self._first = self._last = own_time()
        # Daemon: a driver that never returns must not keep the process from ending.
        threading.Thread(target=self._run, args=(read,), name="camera reading", daemon=True).start()

    def _run(self, read: Callable[[Reading], None]) -> None:
        try:
            read(self)
        finally:
            self.ended.set()

    def progressed(self) -> None:
        """Hear that a picture has come."""
        self._last = own_time()
        self._first = self._first if self.pictures else self._last
        self.pictures += 1

    @property
    def worked(self) -> bool:
        """Whether pictures came for a while: a camera that fails at once is not tried so soon."""
        return self.pictures > 0 and self._last - self._first > WORKED_SECONDS

    @property
    def hangs(self) -> bool:
        """Whether the driver has not returned for longer than any that works needs."""
        patience = READ_PATIENCE if self.pictures else OPEN_PATIENCE
        return own_time() - self._last > patience
