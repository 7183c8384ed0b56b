"""The live camera: one thread reads it, and any number of others look on."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import cv2

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.pulse import Pulse

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0
"""Time between two attempts to open a camera that failed."""

HANGS_AFTER: Final = 60.0
"""Seconds without a turn after which the thread hangs. OpenCV itself waits ten seconds for a
picture, and ``auto`` may try several devices one after another."""

PREVIEW_WIDTH: Final = 640
PREVIEW_QUALITY: Final = 80
"""Size in pixels and JPEG quality of the live picture."""


class FrameTap:
    """The frames of the camera from now on, for one listener.

        with camera.tap() as frames:
            frame = frames.get(timeout=1.0)

    A listener who falls behind is brought forward by rule: of the frames that wait the older half
    is skipped, so that what is missing is spread evenly and the newest is never far. Such frames
    are counted in ``skipped``; ``dropped`` counts those that the camera itself lost.

    :param room: frames that may wait; beyond them the oldest is skipped at once.
    """

    def __init__(self, room: int) -> None:
        self._frames: deque[Frame] = deque()
        self._room = room
        self._condition = threading.Condition()
        self.skipped = 0
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Take a frame from the camera thread; never waits."""
        with self._condition:
            if len(self._frames) == self._room:
                self._skip(1)
            self._frames.append(frame)
            self._condition.notify()

    def clear(self) -> None:
        """Forget the frames that wait."""
        with self._condition:
            self._frames.clear()

    def get(self, timeout: float) -> Frame:
        """Return the next frame.

        :raises CameraError: none came for ``timeout`` seconds.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: self._frames, timeout):
                raise CameraError("the camera gives no pictures")
            self._skip(len(self._frames) // 2)
            return self._frames.popleft()

    def newest(self) -> Frame | None:
        """Return the newest frame that waits, or None; those before it are skipped."""
        with self._condition:
            self._skip(len(self._frames) - 1)
            return self._frames.popleft() if self._frames else None

    def _skip(self, count: int) -> None:
        for _ in range(count):
            self._frames.popleft()
            self.skipped += 1


class LiveCamera:
    """Reads a camera in a thread of its own and opens it again when it fails.

        camera = LiveCamera(camera_opener("auto", demo_clip))
        camera.start()
        with camera.tap() as frames:
            frame = frames.get(timeout=1.0)

    ``pulse`` beats with each picture and each attempt to open the camera: one that is unplugged
    does not stop it, a driver that never returns does.

    :param open_camera: opens the camera; called again after each failure.
    """

    def __init__(self, open_camera: Callable[[], Camera]) -> None:
        self._open = open_camera
        self._condition = threading.Condition()
        self._latest: Frame | None = None
        self._number = 0
        self._jpeg: tuple[int, bytes] = (0, b"")
        self._encoding = threading.Lock()
        self._taps: list[FrameTap] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.pulse = Pulse("camera", HANGS_AFTER)
        self.name = "camera"
        self.message: str | None = "the camera is being opened"

    @property
    def ok(self) -> bool:
        """Tell whether pictures are coming."""
        return self.message is None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let the camera go."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    @contextmanager
    def tap(self, room: int = 4) -> Iterator[FrameTap]:
        """Listen to the frames from now on; ``room`` frames may wait for the listener."""
        tap = FrameTap(room)
        with self._condition:
            self._taps.append(tap)
        try:
            yield tap
        finally:
            with self._condition:
                self._taps.remove(tap)

    def jpeg(self, after: int, timeout: float) -> tuple[int, bytes]:
        """Return the number and JPEG of the newest picture whose number is above ``after``.

        Each picture is encoded once, however many look on, and not at all if nobody does.

        :raises CameraError: no newer picture came within ``timeout`` seconds.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: self._number > after, timeout):
                raise CameraError(self.message or "the camera gives no pictures")
            number, latest = self._number, self._latest
        # Outside the condition: the camera's thread must not wait for the encoder.
        with self._encoding:
            if self._jpeg[0] < number and latest is not None:
                self._jpeg = (number, encode_jpeg(latest))
            return self._jpeg

    def _run(self) -> None:
        while not self._stop.is_set():
            self.pulse.beat()
            try:
                with self._open() as camera:
                    self.name = camera.name
                    missed = 0
                    for frame in camera:
                        self._publish(frame, camera.missed - missed)
                        missed = camera.missed
                        if self._stop.is_set():
                            return
            except CameraError as error:
                if self.message != str(error):
                    log.warning("camera: %s", error)
                self.message = str(error)
            except Exception:  # a driver may fail in any way; the camera is tried again
                log.exception("camera")
                self.message = "the camera does not work"
            self._stop.wait(RETRY_SECONDS)

    def _publish(self, frame: Frame, missed: int) -> None:
        self.pulse.beat()
        with self._condition:
            self.message = None
            self._latest = frame
            self._number += 1
            for tap in self._taps:
                tap.dropped += missed
                tap.put(frame)
            self._condition.notify_all()


def encode_jpeg(frame: Frame) -> bytes:
    """Return the picture as a JPEG for the live view."""
    picture = frame.picture
    height, width = picture.shape[:2]
    if width > PREVIEW_WIDTH:
        size = (PREVIEW_WIDTH, round(height * PREVIEW_WIDTH / width))
        shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    else:
        shrunk = picture
    good, data = cv2.imencode(".jpg", shrunk, [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])
    if not good:
        raise CameraError("the live picture cannot be encoded")
    return data.tobytes()
