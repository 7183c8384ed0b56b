"""A camera at the hardware edge that does what cameras in gyms do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import monotonic, sleep

import numpy as np
import numpy.typing as npt

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames.camera import Camera

SIZE = (48, 64)


def noisy(
    brightness: float = 90.0, spread: float = 60.0, *, number: int = 0
) -> npt.NDArray[np.uint8]:
    """Return a picture with something in it and a sensor's noise.

    :param brightness: 0 to 255 in the middle.
    :param spread: between its bright and its dark side.
    """
    rng = np.random.default_rng(number)
    ramp = np.linspace(-spread / 2, spread / 2, SIZE[1])[None, :, None]
    values = brightness + ramp + rng.normal(0, 1.5, (*SIZE, 3))
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


class Gym:
    """What happens to a camera; the test changes it while pictures come.

    :param rate: pictures a second.
    """

    def __init__(self, rate: float = 60.0) -> None:
        self.rate = rate
        self.shows = "ok"
        """``ok``, ``black``, ``dark``, ``frozen``, ``ring`` (old buffers in turn) or ``large``."""
        self.plugged = True
        self.hangs = threading.Event()
        self.opened = 0

    def open(self) -> Camera:
        """Open the camera, as :class:`edge.live.LiveCamera` wants it."""
        return GymCamera(self)

    def picture(self, number: int) -> npt.NDArray[np.uint8]:
        match self.shows:
            case "black":
                return noisy(3, 0, number=number)
            case "dark":
                return noisy(12, 20, number=number)
            case "frozen":
                return noisy()
            case "ring":
                return noisy(number=number % 4)
            case "large":
                return np.concatenate([noisy(number=number)] * 2)
        return noisy(number=number)


class GymCamera(Camera):
    """The camera of a :class:`Gym`."""

    def __init__(self, gym: Gym) -> None:
        self.gym = gym
        if not gym.plugged:
            raise CameraError("there is no camera; plug it in")
        gym.opened += 1
        self.name = f"gym {gym.opened}"

    def __iter__(self) -> Iterator[Frame]:
        number = 0
        while True:
            while self.gym.hangs.is_set():
                sleep(0.01)
            if not self.gym.plugged:
                raise CameraError("the camera was unplugged")
            sleep(1 / self.gym.rate)
            number += 1
            yield Frame(self.gym.picture(number), monotonic())

    def close(self) -> None:
        """Nothing is open."""
