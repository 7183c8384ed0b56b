"""Frames of a camera: a V4L2 device through OpenCV, or a demo clip played as if it were one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import cv2
import numpy as np

from edge.errors import CameraError, SourceError
from edge.frames import Frame, FrameSource
from edge.frames.video import VideoFile

DEMO_CLIPS: Final = Path(__file__).resolve().parents[1] / "demo"
"""Where the rendered demo clips lie."""


class Camera(FrameSource):
    """A source of frames that has a name and no end.

    ``missed`` counts the frames that nobody took in time, as far as the camera knows of them.
    """

    duration = None
    name = "camera"
    missed = 0


class V4L2Camera(Camera):
    """A camera that Linux shows as /dev/videoN.

        with V4L2Camera("/dev/video0") as camera:
            for frame in camera:
                ...

    Times are those of the system's monotonic clock, in seconds.

    :param device: path of the device.
    :param width: wanted width, in pixels; the camera may give another one.
    :param height: wanted height, in pixels.
    :param rate: wanted frames per second.
    :raises CameraError: the device is missing, busy or gives no pictures.
    """

    def __init__(
        self, device: str, *, width: int = 640, height: int = 480, rate: float = 30.0
    ) -> None:
        self.name = device
        if not Path(device).exists():
            raise CameraError(f"there is no camera at {device}; plug it in")
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        # Motion JPEG first: uncompressed pictures do not fit through USB 2 at 30 Hz.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, rate)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if not self._capture.isOpened() or not self._capture.read()[0]:
            self._capture.release()
            raise CameraError(f"{device} gives no pictures; is another program using it?")

    def __iter__(self) -> Iterator[Frame]:
        while True:
            good, picture = self._capture.read()
            if not good:
                raise CameraError(f"{self.name} has stopped giving pictures; is it plugged in?")
            yield Frame(np.asarray(picture, dtype=np.uint8), monotonic())

    def close(self) -> None:
        """Let the device go."""
        self._capture.release()


class DemoCamera(Camera):
    """A video file that is played over and over, at its own pace, as if it were a camera.

        with DemoCamera(DEMO_CLIPS / "good.mp4") as camera:
            for frame in camera:
                ...

    Whoever takes frames too slowly misses some, as with a real camera.

    :param clip: the file; it should end as it begins.
    :raises CameraError: the file cannot be read.
    """

    def __init__(self, clip: Path) -> None:
        self.name = f"demo: {clip.stem}"
        self._clip = clip
        if not clip.is_file():
            raise CameraError(f"the demo clip {clip.name} is missing")

    def close(self) -> None:
        """Do nothing: the clip is open only while it is played."""

    def __iter__(self) -> Iterator[Frame]:
        begin = monotonic()
        while True:
            length, gap = 0.0, 1 / 30
            try:
                with VideoFile(self._clip) as video:
                    for frame in video:
                        gap = frame.time - length or gap
                        length = frame.time
                        late = monotonic() - (begin + frame.time)
                        if late > gap:
                            self.missed += 1
                            continue
                        sleep(max(0.0, -late))
                        yield Frame(frame.picture, begin + frame.time)
            except SourceError as error:
                raise CameraError(f"the demo clip cannot be read: {error}") from error
            begin += length + gap


def camera_opener(choice: str, demo_clip: Path) -> Callable[[], Camera]:
    """Return a function that opens the camera that the settings ask for.

    :param choice: ``auto`` (the first camera that works, else the demo clip), ``demo``, or the
        path of a device.
    :param demo_clip: what is played as the demo.
    """

    def auto() -> Camera:
        for device in sorted(Path("/dev").glob("video*")):
            try:
                return V4L2Camera(str(device))
            except CameraError:
                continue  # a camera has several nodes, of which only one gives pictures
        return DemoCamera(demo_clip)

    if choice == "auto":
        return auto
    if choice == "demo":
        return lambda: DemoCamera(demo_clip)
    return lambda: V4L2Camera(choice)
