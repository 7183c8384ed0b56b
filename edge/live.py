"""The live camera: one thread reads it, and any number of others look on."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final

import cv2

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.frames.picture import PictureWatch, Wellness
from edge.own_time import own_time
from edge.pulse import Pulse
from edge.reading import Reading

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.5
LONGEST_RETRY_SECONDS: Final = 5.0
"""Time between two attempts to open a camera that failed: it doubles up to the second."""

ATTEND_SECONDS: Final = 0.25

MOST_STUCK: Final = 3
"""So many drivers may hang before the camera is not opened any more."""

HANGS_AFTER: Final = 60.0
"""Seconds of this process's own time (:mod:`edge.own_time`) without a picture or an attempt after
which the pulse is late."""

FROZEN_SECONDS: Final = 10.0
FROZEN_AGAIN_SECONDS: Final = 120.0
"""A picture that stands still for so long is tried to be cured by opening the camera anew, and
again after the second."""

RATE_SECONDS: Final = 2.0
RATE_PICTURES: Final = 256
"""Over so many seconds the rate is taken, of no more than so many pictures."""

SLOW_PICTURES: Final = 60
SLOW_RATE: Final = 15.0
"""Pictures a second below which the log is told, after so many pictures."""

OVERLOADED: Final = 0.2
"""Where threads wait for a processor for more than this share of the time, it is not the camera."""

OVERLOAD: Final = "this machine has too much to do"

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


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """How the camera does.

    :param name: of the camera that was opened last.
    :param frames: pictures that came since the start.
    :param dropped: pictures that the camera lost, before anybody could take them.
    :param rate: pictures a second over the last two seconds, or None while none come.
    :param reopened: how often it had to be opened anew after it had given pictures.
    :param picture: ``ok``, ``black``, ``dark`` or ``frozen``; None while none come.
    """

    name: str
    frames: int
    dropped: int
    rate: float | None
    reopened: int
    picture: Wellness | None


class LiveCamera:
    """Reads a camera in a thread of its own and opens it again when it fails.

        camera = LiveCamera(camera_opener("auto", demo_clip))
        camera.start()
        with camera.tap() as frames:
            frame = frames.get(timeout=1.0)

    Each opened camera has a reading thread of its own. One whose driver never returns is left where
    it is, and the camera is opened anew, perhaps under another name.

    ``pulse`` beats with each picture and each attempt to open the camera: one that is unplugged
    does not stop it, a driver that never returns does, until pictures come from elsewhere.

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
        self._times: deque[float] = deque(maxlen=RATE_PICTURES)
        self._dropped = 0
        self._reopened = 0
        self._picture: Wellness = "ok"
        self._frozen_until = -inf  # until then a frozen camera is not opened anew once more
        self._stop = threading.Event()
        self._stuck: list[Reading] = []
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.pulse = Pulse("camera", HANGS_AFTER)
        self.name = "camera"
        self.message: str | None = "the camera is being opened"

    @property
    def ok(self) -> bool:
        """Tell whether pictures are coming."""
        return self.message is None

    @property
    def picture(self) -> Wellness | None:
        """How the pictures are; None while none come."""
        return self._picture if self.ok else None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the latest picture in pixels, or None before the first."""
        latest = self._latest
        return None if latest is None else (latest.picture.shape[1], latest.picture.shape[0])

    def figures(self) -> CameraFigures:
        """Return how the camera does."""
        now = monotonic()
        with self._condition:
            times = [time for time in self._times if now - time < RATE_SECONDS]
            long = times[-1] - times[0] if len(times) > 1 else 0.0
            return CameraFigures(
                self.name, self._number, self._dropped,
                (len(times) - 1) / long if long else None, self._reopened, self.picture,
            )  # fmt: skip

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
        pause = RETRY_SECONDS
        while not self._stop.is_set():
            self._stuck = [reading for reading in self._stuck if not reading.ended.is_set()]
            if not self._stuck:
                self.pulse.beat()
            if len(self._stuck) < MOST_STUCK:
                reading = Reading(self._read)
                self._attend(reading)
                if reading.worked:
                    pause = RETRY_SECONDS
            self._stop.wait(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)

    def _attend(self, reading: Reading) -> None:
        """Wait until a reading has ended or hangs, and say what is wrong."""
        while not reading.ended.wait(ATTEND_SECONDS):
            if reading.hangs:
                reading.abandoned.set()
                self._stuck.append(reading)
                self._complain(reading.when_silent)
                return
        if not self._stop.is_set():
            self._complain(reading.problem)

    def _complain(self, problem: str) -> None:
        if self.message != problem:
            log.warning("camera: %s", problem)
        with self._condition:
            self.message = problem

    def _read(self, reading: Reading) -> None:
        """Open the camera and read it until it fails; in the reading's own thread."""
        try:
            with self._open() as camera:
                if not reading.abandoned.is_set():
                    self.name, reading.when_silent = camera.name, camera.when_silent
                    self._pass_on(camera, reading)
        except CameraError as error:
            reading.problem = str(error)
        except Exception:  # a driver may fail in any way; the camera is tried again
            log.exception("camera")
            reading.problem = "the camera does not work"

    def _pass_on(self, camera: Camera, reading: Reading) -> None:
        watch, missed, shape = PictureWatch(), 0, None
        began, waited = monotonic(), own_time.waited
        for frame in camera:
            if reading.abandoned.is_set() or self._stop.is_set():
                return
            shape = shape or frame.picture.shape
            if frame.picture.shape != shape or shape[2:] != (3,) or not frame.picture.size:
                raise CameraError("the camera has changed the size of its pictures")
            self._reopened += reading.pictures == 0 and self._number > 0
            reading.progressed()
            self._picture = watch.push(frame)
            if watch.frozen_for > FROZEN_SECONDS and monotonic() > self._frozen_until:
                self._frozen_until = monotonic() + FROZEN_AGAIN_SECONDS
                raise CameraError("the picture stands still; the camera is opened anew")
            self._publish(frame, camera.missed - missed)
            missed = camera.missed
            if reading.pictures == SLOW_PICTURES:
                share = (own_time.waited - waited) / (monotonic() - began)
                self._warn_if_slow(OVERLOAD if share > OVERLOADED else camera.when_slow)

    def _warn_if_slow(self, why: str) -> None:
        rate = self.figures().rate
        if rate is not None and rate < SLOW_RATE:
            log.warning("camera %s gives %.0f pictures a second: %s", self.name, rate, why)

    def _publish(self, frame: Frame, missed: int) -> None:
        self.pulse.beat()
        with self._condition:
            self.message = None
            self._latest = frame
            self._number += 1
            self._times.append(monotonic())
            self._dropped += missed
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
