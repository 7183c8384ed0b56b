"""Finds the camera that the settings ask for, and finds it again after it was unplugged."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.errors import CameraError
from edge.frames.camera import Camera, CameraMode
from edge.frames.camera_csi import CsiCamera
from edge.frames.camera_demo import DemoCamera
from edge.frames.camera_usb import V4L2Camera
from edge.frames.v4l2 import describe

log = logging.getLogger(__name__)

DEVICES: Final = Path("/dev")

CSI_DRIVER: Final = "tegra-video"
"""What gives a CSI sensor's raw data: of use to NVIDIA's own source alone."""


def camera_opener(
    choice: str, demo_clip: Path, mode: CameraMode | None = None
) -> Callable[[], Camera]:
    """Return a function that opens the camera that the settings ask for.

        open_camera = camera_opener("auto", DEMO_CLIPS / "good.mp4", CameraMode(rate=25))
        with open_camera() as camera:
            ...

    :param choice: ``auto`` (see :class:`AutoOpener`), ``demo``, ``csi``, ``csi:1`` for the second
        sensor, or the path of a device.
    :param demo_clip: what is played as the demo.
    :param mode: what is wanted of the camera.
    """
    mode = mode or CameraMode()
    if choice == "auto":
        return AutoOpener(demo_clip, mode)
    if choice == "demo":
        return lambda: DemoCamera(demo_clip)
    sensor = re.fullmatch(r"csi(?::(\d+))?", choice)
    if sensor:
        return lambda: CsiCamera(int(sensor[1] or 0), mode)
    return lambda: V4L2Camera(choice, mode)


class AutoOpener:
    """Opens the first camera that works; the demo only while there has never been one.

        open_camera = AutoOpener(DEMO_CLIPS / "good.mp4", CameraMode())
        camera = open_camera()

    A camera is called by its name in /dev/v4l/by-id where it has one: that stays when it comes back
    under another number. The one that worked last is tried first. Once a camera has worked a
    missing one is an error: nobody is to squat before a demo clip. A camera that is plugged in
    while the demo plays takes its place.

    :param demo_clip: what is played as the demo.
    :param mode: what is wanted of the camera.
    :param devices: folder of the devices.
    """

    def __init__(self, demo_clip: Path, mode: CameraMode, devices: Path = DEVICES) -> None:
        self._demo_clip = demo_clip
        self._mode = mode
        self._devices = devices
        self._last: str | None = None

    def __call__(self) -> Camera:
        """Open it.

        :raises CameraError: no camera works any more.
        """
        before = signature(self._devices)
        problems = []
        for name in self._candidates():
            try:
                camera = self._open(name)
            except CameraError as error:
                problems.append(str(error))
                continue
            self._last = name
            return camera
        if self._last is not None:
            raise CameraError(problems[0] if problems else "there is no camera; plug it in")
        for problem in problems:
            log.warning("camera: %s", problem)
        return DemoCamera(self._demo_clip, lambda: signature(self._devices) != before)

    def _candidates(self) -> list[str]:
        """Return the cameras, the likeliest first: the last one, USB's, then CSI's."""
        usb, csi = [], False
        for path in video_devices(self._devices):
            try:
                found = describe(path)
            except OSError:
                usb.append(str(path))  # the attempt to open it says why
                continue
            if found.captures and found.driver == CSI_DRIVER:
                csi = True
            elif found.captures:
                usb.append(str(path))
        names = [*usb, *(["csi"] if csi else [])]
        return sorted(names, key=lambda name: name != self._last)

    def _open(self, name: str) -> Camera:
        return CsiCamera(0, self._mode) if name == "csi" else V4L2Camera(name, self._mode)


def video_devices(devices: Path = DEVICES) -> list[Path]:
    """Return the video devices: by their lasting names, then those that have none, by number."""
    named = sorted((devices / "v4l" / "by-id").glob("*"))
    known = {os.path.realpath(path) for path in named}
    plain = sorted(devices.glob("video*"), key=lambda path: (len(path.name), path.name))
    return [
        *(path for path in named if path.exists()),
        *(path for path in plain if os.path.realpath(path) not in known),
    ]


def signature(devices: Path = DEVICES) -> list[tuple[str, bool]]:
    """Return which devices there are and whether they may be opened: another one is news.

    A new device belongs to root for the moment until udev gives it to its group.
    """
    return [
        (path.name, os.access(path, os.R_OK | os.W_OK)) for path in sorted(devices.glob("video*"))
    ]
