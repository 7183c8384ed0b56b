"""Video4Linux beside OpenCV: what a device is, and the controls that OpenCV does not know.

The numbers are those of linux/videodev2.h, the same on x86-64 and 64-bit ARM.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.frames.camera import CameraMode

QUERYCAP: Final = 0x80685600
QUERYCTRL: Final = 0xC0445624
G_CTRL: Final = 0xC008561B
S_CTRL: Final = 0xC008561C

CAPTURES: Final = 0x1
UNUSABLE: Final = 0x1 | 0x4
"""Flags of a control that is disabled or can only be read."""

POWER_LINE: Final = 0x00980918
EXPOSURE_AUTO: Final = 0x009A0901
EXPOSURE: Final = 0x009A0902
DYNAMIC_RATE: Final = 0x009A0903

NAMES: Final = {
    POWER_LINE: "power_line_frequency", EXPOSURE_AUTO: "auto_exposure",
    EXPOSURE: "exposure_time_absolute", DYNAMIC_RATE: "exposure_dynamic_framerate",
}  # fmt: skip
"""As ``v4l2-ctl --list-ctrls`` calls them."""

MANUAL: Final = 1
AUTOMATIC: Final = (3, 0)
"""Values of auto_exposure: with a fixed aperture, as webcams have it, else wholly automatic."""

MAINS: Final = {"50": 1, "60": 2, "auto": 3}


@dataclass(frozen=True, slots=True)
class Device:
    """What a device says of itself.

    :param driver: such as ``uvcvideo``.
    :param card: the camera's name.
    :param captures: whether it gives pictures: a webcam has a second node that does not.
    """

    driver: str
    card: str
    captures: bool


def describe(path: str | Path) -> Device:
    """Return what a device is; starts no stream, so that it may be in use.

    :raises OSError: it is no camera, is gone, or may not be opened.
    """
    answer = bytearray(104)
    with _opened(path) as handle:
        fcntl.ioctl(handle, QUERYCAP, answer)
    driver, card, _, _, _, here = struct.unpack("16s32s32sIII", answer[:92])
    return Device(_text(driver), _text(card), bool(here & CAPTURES))


def settle(path: str | Path, mode: CameraMode) -> list[str]:
    """Set exposure and mains frequency; return what the driver refused, in words.

        for refused in settle("/dev/video0", CameraMode()):
            log.warning(refused)

    In a dim room a webcam left alone lengthens its exposure and halves its rate;
    exposure_dynamic_framerate forbids that, and leaves it the gain.

    :param path: of the device; it may be streaming.
    :param mode: what is wanted.
    """
    try:
        with _opened(path) as handle:
            return [problem for problem in _settle(handle, mode) if problem]
    except OSError as error:
        return [f"its controls cannot be reached: {error.strerror}"]


def _settle(handle: int, mode: CameraMode) -> Iterator[str | None]:
    mains = set_control(handle, POWER_LINE, MAINS[mode.mains])
    # Many cameras have no automatic choice there; then theirs stands, and nobody asked for more.
    yield mains if mode.mains != "auto" else None
    if mode.exposure is None:
        refusals = [set_control(handle, EXPOSURE_AUTO, value) for value in AUTOMATIC[:1]]
        if refusals[-1]:
            refusals.append(set_control(handle, EXPOSURE_AUTO, AUTOMATIC[1]))
        yield refusals[0] if all(refusals) else None
        yield set_control(handle, DYNAMIC_RATE, 0)
    else:
        yield set_control(handle, EXPOSURE_AUTO, MANUAL)
        yield set_control(handle, EXPOSURE, round(10 * mode.exposure))  # units of 100 us


def set_control(handle: int, control: int, value: int) -> str | None:
    """Set one control of an open device; return why that did not succeed, or None."""
    name = NAMES[control]
    query = bytearray(struct.pack("II32siiiiIII", control, 0, b"", 0, 0, 0, 0, 0, 0, 0))
    try:
        fcntl.ioctl(handle, QUERYCTRL, query)
    except OSError as error:
        why = "no such control" if error.errno == errno.EINVAL else error.strerror
        return f"{name}: {why}"
    _, _, _, least, most, _, _, flags, _, _ = struct.unpack("II32siiiiIII", query)
    if flags & UNUSABLE:
        return f"{name}: cannot be changed"
    if not least <= value <= most:
        return f"{name}: must lie between {least} and {most}, not {value}"
    try:
        fcntl.ioctl(handle, S_CTRL, bytearray(struct.pack("Ii", control, value)))
        answer = bytearray(struct.pack("Ii", control, 0))
        fcntl.ioctl(handle, G_CTRL, answer)
    except OSError as error:
        return f"{name}={value}: {error.strerror}"
    is_now = struct.unpack("Ii", answer)[1]
    return None if is_now == value else f"{name}={value}: it stays at {is_now}"


@contextmanager
def _opened(path: str | Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _text(padded: bytes) -> str:
    return padded.split(b"\0")[0].decode(errors="replace")
