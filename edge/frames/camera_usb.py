"""USB cameras, and whatever else Linux shows as /dev/videoN."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final

import cv2
import numpy as np

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames.camera import Camera, CameraMode, Rhythm
from edge.frames.v4l2 import settle

log = logging.getLogger(__name__)

# Read by OpenCV once, when it first waits for a picture; its own ten seconds are long to look at.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")

MOTION_JPEG: Final = cv2.VideoWriter.fourcc(*"MJPG")

BUFFERS: Final = 3
"""One is being decoded, one is being filled, one is free. With a single one the driver has none
while a picture is decoded, and loses the next."""

SPOILT_SECONDS: Final = 1.0
"""A picture that arrives damaged (USB loses bytes) is passed over; after so long it is a fault."""

STAMP_SECONDS: Final = 1.0
"""A driver's time of a picture is believed where it is younger than this: some give the time of
another clock, or none."""


class V4L2Camera(Camera):
    """A camera that Linux shows as /dev/videoN.

        with V4L2Camera("/dev/video0") as camera:
            for frame in camera:
                ...

    Times are those of the system's monotonic clock, in seconds: the driver's, where it tells when
    a picture was taken. What the driver refuses of the mode is one line in the log.

    :param device: path of the device.
    :param mode: what is wanted of it.
    :raises CameraError: the device is missing, busy or gives no pictures.
    """

    def __init__(self, device: str, mode: CameraMode | None = None) -> None:
        self.name = device
        self._mode = mode = mode or CameraMode()
        if not Path(device).exists():
            raise CameraError(f"there is no camera at {device}; plug it in")
        if not os.access(device, os.R_OK | os.W_OK):
            raise CameraError(f"this user may not open {device}; add it to the group video")
        self._capture = cv2.VideoCapture(os.path.realpath(device), cv2.CAP_V4L2)
        # Motion JPEG first: uncompressed pictures do not fit through USB 2 at 30 Hz.
        self._capture.set(cv2.CAP_PROP_FOURCC, MOTION_JPEG)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
        self._capture.set(cv2.CAP_PROP_FPS, mode.rate)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
        good, picture = self._capture.read() if self._capture.isOpened() else (False, None)
        if not good or picture is None:
            self._capture.release()
            raise CameraError(f"{device} gives no pictures; is another program using it?")
        for refused in (*self._unlike(picture.shape), *settle(device, mode)):
            _tell_once(device, refused)

    def _unlike(self, shape: tuple[int, ...]) -> Iterator[str]:
        """Say in which way the pictures are not as they were asked for."""
        mode, (height, width) = self._mode, shape[:2]
        if (width, height) != (mode.width, mode.height):
            yield f"it gives {width}x{height}, not {mode.width}x{mode.height}"
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        if rate > 0 and abs(rate - mode.rate) > 0.5:
            yield f"it gives {rate:g} pictures a second, not {mode.rate:g}"
        if int(self._capture.get(cv2.CAP_PROP_FOURCC)) != MOTION_JPEG:
            yield "it gives no Motion JPEG: through USB 2 the rate may be low"

    def __iter__(self) -> Iterator[Frame]:
        rhythm, last_good, before = Rhythm(), monotonic(), 0.0
        while True:
            good, picture = self._capture.read()
            now = monotonic()
            if not good or picture is None:
                self.missed += 1
                if now - last_good > SPOILT_SECONDS or not Path(self.name).exists():
                    raise CameraError(f"{self.name} has stopped giving pictures; is it plugged in?")
                continue
            last_good = now
            taken = max(before, self._taken(now))
            self.missed += rhythm.missing(taken)
            before = taken
            yield Frame(np.asarray(picture, dtype=np.uint8), taken)

    def _taken(self, now: float) -> float:
        """Return when the latest picture was taken."""
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return stamp if 0.0 <= now - stamp < STAMP_SECONDS else now

    def close(self) -> None:
        """Let the device go."""
        self._capture.release()


_told: set[tuple[str, str]] = set()


def _tell_once(device: str, what: str) -> None:
    """Tell the log, but not again each time the camera is plugged in."""
    if (device, what) not in _told:
        _told.add((device, what))
        log.warning("camera %s: %s", device, what)
