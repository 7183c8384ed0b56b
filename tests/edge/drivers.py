"""Stand-ins at the hardware edge: what OpenCV and a V4L2 driver answer, with faults."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.frames import v4l2


class FakeCapture:
    """What OpenCV gives for a device.

    :param answers: one letter for each reading: ``p`` a picture, ``x`` none; at the end none.
    :param shape: height and width.
    """

    def __init__(self, answers: str, shape: tuple[int, int] = (480, 640)) -> None:
        self.answers = list(answers)
        self.shape = shape
        self.values: dict[int, float] = {}
        self.kept: dict[int, float] = {}
        self.stamp: Callable[[], float] = lambda: 0.0
        self.released = False

    def set(self, key: int, value: float) -> bool:
        self.values[key] = value
        return True

    def get(self, key: int) -> float:
        if key == 0:  # POS_MSEC
            return 1000 * self.stamp()
        return self.kept.get(key, self.values.get(key, 0.0))

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, npt.NDArray[np.uint8] | None]:
        if not self.answers or self.answers.pop(0) == "x":
            return False, None
        return True, np.zeros((*self.shape, 3), np.uint8)

    def release(self) -> None:
        self.released = True


@dataclass
class FakeDriver:
    """Answers the kernel's calls about controls, each (least, most, value, flags).

    :param controls: what the camera has.
    :param stubborn: controls that take no other value, without an error.
    :param dead: every call fails as if the camera had been unplugged.
    """

    controls: dict[int, list[int]] = field(default_factory=dict)
    driver: bytes = b"uvcvideo"
    captures: int = v4l2.CAPTURES
    stubborn: set[int] = field(default_factory=set)
    dead: bool = False

    def ioctl(self, _handle: int, request: int, data: bytearray) -> int:
        if self.dead:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        if request == v4l2.QUERYCAP:
            data[:92] = struct.pack(
                "16s32s32sIII", self.driver, b"Webcam", b"usb-1", 0, 0x84A00001, self.captures
            )
            return 0
        (control,) = struct.unpack_from("I", data)
        if control not in self.controls:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        least, most, value, flags = self.controls[control]
        if request == v4l2.QUERYCTRL:
            data[:] = struct.pack(
                "II32siiiiIII", control, 2, b"c", least, most, 1, value, flags, 0, 0
            )
        elif request == v4l2.G_CTRL:
            struct.pack_into("Ii", data, 0, control, value)
        elif request == v4l2.S_CTRL:
            if control not in self.stubborn:
                self.controls[control][2] = struct.unpack("Ii", data)[1]
        else:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        return 0


def webcam() -> FakeDriver:
    """Return a driver with the controls that most webcams have, as they come out of the box."""
    return FakeDriver({
        v4l2.POWER_LINE: [0, 2, 1, 0], v4l2.EXPOSURE_AUTO: [0, 3, 3, 0],
        v4l2.EXPOSURE: [3, 2047, 250, 0], v4l2.DYNAMIC_RATE: [0, 1, 1, 0],
    })  # fmt: skip
