"""What every camera is, what is asked of it, and how the pictures that it lost are counted."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from edge.frames import FrameSource

DEMO_CLIPS: Final = Path(__file__).resolve().parents[1] / "demo"
"""Where the rendered demo clips lie."""

Mains = Literal["auto", "50", "60"]

MODE: Final = re.compile(r"(\d{2,4})x(\d{2,4})@(\d{1,3}(?:\.\d+)?)")


class Camera(FrameSource):
    """A source of frames that has a name and no end.

    ``missed`` counts the pictures that got lost between lens and iteration, as far as the camera
    can tell. ``when_slow`` and ``when_silent`` say what to do where it gives few pictures or none,
    and the machine is not to blame.
    """

    duration = None
    name = "camera"
    missed = 0
    when_slow = "it needs more light, or a fixed exposure (docs/cameras.md)"
    when_silent = "the camera's driver does not answer; unplug the camera and plug it in again"


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What is asked of a camera; it may give something else, which is told to the log.

        CameraMode.parse("1280x720@30")

    :param width: pixels.
    :param height: pixels.
    :param rate: pictures per second.
    :param exposure: of each picture in milliseconds; None: the camera chooses, and keeps the rate.
    :param mains: hertz of the light's alternating current, against flicker; ``auto``: the camera
        finds out, where it can.
    """

    width: int = 640
    height: int = 480
    rate: float = 30.0
    exposure: float | None = None
    mains: Mains = "auto"

    @classmethod
    def parse(
        cls, text: str, *, exposure: float | None = None, mains: Mains = "auto"
    ) -> CameraMode:
        """Read size and rate as the settings have them.

        :raises ValueError: it is not written so, or no camera gives that.
        """
        found = MODE.fullmatch(text)
        if found is None:
            raise ValueError("write the camera's mode as WIDTHxHEIGHT@RATE, such as 640x480@30")
        width, height, rate = int(found[1]), int(found[2]), float(found[3])
        if not (160 <= width <= 3840 and 120 <= height <= 2160 and 5 <= rate <= 120):
            raise ValueError("the camera's mode must lie between 160x120@5 and 3840x2160@120")
        if width % 8 or height % 2:
            raise ValueError("the width must be a multiple of 8, the height of 2")
        return cls(width, height, rate, exposure, mains)


class Rhythm:
    """Counts the pictures that are missing in a camera's rhythm.

        rhythm = Rhythm()
        missed += rhythm.missing(frame.time)

    On a busy machine pictures come late and then in a hurry: one is missing only where all that
    follow are late. How long a picture takes is learnt from the pictures themselves: a camera that
    exposes longer in dim light is slow, and misses nothing once that is known.
    """

    SPAN: Final = 8
    """Over so many pictures their distance is averaged, before the median is taken."""

    KNOWN: Final = 48
    """So many times are remembered."""

    LATE: Final = 12
    """So many pictures in a row must be late."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=self.KNOWN)
        self._late: deque[float] = deque(maxlen=self.LATE)
        self._due = 0.0

    def missing(self, time: float) -> int:
        """Return how many pictures are known to be missing now, and were not before.

        :param time: of a picture, in seconds.
        """
        self._times.append(time)
        if len(self._times) <= self.SPAN:
            self._due = time
            return 0
        times = np.array(self._times)
        usual = float(np.median(times[self.SPAN :] - times[: -self.SPAN])) / self.SPAN
        self._due += usual
        self._late.append(time - self._due)
        least = min(self._late)
        if usual <= 0 or len(self._late) < self.LATE:
            return 0
        lost = max(0, round(least / usual - 0.2))
        # A clock that runs a little differently is followed.
        shift = lost * usual if lost else least / self.LATE
        self._due += shift
        self._late = deque((late - shift for late in self._late), self.LATE)
        return lost
