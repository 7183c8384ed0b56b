"""Cameras on a Jetson's CSI connector, read through NVIDIA's part of GStreamer."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Final

import cv2
import numpy as np

from edge.frames import Frame
from edge.frames.camera import Camera, CameraMode, Rhythm
from edge.frames.gstreamer import LAUNCHER, Pipeline

START_PATIENCE: Final = 15.0
"""Seconds until the first picture: NVIDIA's daemon opens the sensor and settles its exposure."""

PATIENCE: Final = 4.0
"""Seconds until each further one."""

FLICKER: Final = {"auto": 1, "50": 2, "60": 3}
"""Values of nvarguscamerasrc's ``aeantibanding``."""


class CsiCamera(Camera):
    """A camera on the CSI connector.

        with CsiCamera(sensor=0) as camera:
            for frame in camera:
                ...

    The picture stays in NVIDIA's memory until the last converter; what comes through the pipe is
    half as large as a picture of three colours, and becomes one here. Times are those at which a
    picture has arrived, on the system's monotonic clock.

    :param sensor: number of the sensor, as ``nvarguscamerasrc`` counts them.
    :param mode: what is wanted of it; NVIDIA's processor scales to that size.
    :param source: the first elements of the pipeline; None: those of the sensor.
    :param launcher: GStreamer's program.
    :raises CameraError: GStreamer or its elements are missing, or no picture comes.
    """

    def __init__(
        self,
        sensor: int = 0,
        mode: CameraMode | None = None,
        *,
        source: list[str] | None = None,
        launcher: str = LAUNCHER,
    ) -> None:
        self.name = f"csi:{sensor}"
        self._mode = mode = mode or CameraMode()
        elements = source or argus(sensor, mode)
        caps = f"video/x-raw,format=I420,{size_and_rate(mode)}"
        self._pipeline = Pipeline(
            [*elements, "!", caps], mode.width * mode.height * 3 // 2, launcher
        )  # fmt: skip
        self._first: bytearray | None = self._pipeline.picture(START_PATIENCE)

    def __iter__(self) -> Iterator[Frame]:
        rhythm = Rhythm()
        while True:
            data, self._first = self._first or self._pipeline.picture(PATIENCE), None
            now = monotonic()
            self.missed += rhythm.missing(now)
            planes = np.frombuffer(data, np.uint8).reshape(-1, self._mode.width)
            picture = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
            yield Frame(np.asarray(picture, dtype=np.uint8), now)

    def close(self) -> None:
        """End the pipeline and let the sensor go."""
        self._pipeline.close()


def argus(sensor: int, mode: CameraMode) -> list[str]:
    """Return the elements that read a CSI sensor. Never executed: it needs a Jetson.

    :param sensor: its number.
    :param mode: what is wanted of it.
    """
    source = ["nvarguscamerasrc", f"sensor-id={sensor}", f"aeantibanding={FLICKER[mode.mains]}"]
    if mode.exposure is not None:
        nanoseconds = round(mode.exposure * 1e6)
        source.append(f"exposuretimerange={nanoseconds} {nanoseconds}")
    memory = f"video/x-raw(memory:NVMM),format=NV12,{size_and_rate(mode)}"
    return [*source, "!", memory, "!", "nvvidconv"]


def size_and_rate(mode: CameraMode) -> str:
    """Return size and rate as GStreamer writes them."""
    rate = f"{round(mode.rate * 1000)}/1000"
    return f"width={mode.width},height={mode.height},framerate={rate}"
