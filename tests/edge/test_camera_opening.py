"""Which camera is opened, and that it is found again after it was unplugged."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames import camera_opening as module
from edge.frames.camera import Camera, CameraMode
from edge.frames.camera_demo import DemoCamera
from edge.frames.camera_opening import AutoOpener, camera_opener, signature, video_devices
from edge.frames.v4l2 import Device
from tests.edge.videos import write_video


class Opened(Camera):
    """What was asked for."""

    def __init__(self, name: str, mode: CameraMode) -> None:
        self.name = name
        self.mode = mode

    def __iter__(self) -> Iterator[Frame]:
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


class Bus:
    """A folder of devices, and what the kernel says of each.

    :param folder: instead of /dev.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drivers: dict[str, str] = {}
        self.busy: set[str] = set()
        (folder / "v4l" / "by-id").mkdir(parents=True)

    def plug(self, number: int, *, driver: str = "uvcvideo", named: str | None = None) -> None:
        """Add a device; a webcam has a second node beside it."""
        (self.folder / f"video{number}").touch()
        self.drivers[f"video{number}"] = driver
        if named:
            (self.folder / "v4l" / "by-id" / named).symlink_to(f"../../video{number}")

    def unplug(self) -> None:
        for path in [*self.folder.glob("video*"), *self.folder.glob("v4l/by-id/*")]:
            path.unlink()

    def describe(self, path: Path) -> Device:
        driver = self.drivers[path.resolve().name]
        return Device(driver.removesuffix(" metadata"), "Webcam", "metadata" not in driver)

    def usb(self, device: str, mode: CameraMode) -> Camera:
        if Path(device).resolve().name in self.busy:
            raise CameraError(f"{device} gives no pictures; is another program using it?")
        return Opened(device, mode)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus(tmp_path)
    monkeypatch.setattr(module, "describe", made.describe)
    monkeypatch.setattr(module, "V4L2Camera", made.usb)
    monkeypatch.setattr(module, "CsiCamera", lambda sensor, mode: Opened(f"csi:{sensor}", mode))
    return made


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("demo") / "demo.mp4", times=[0.0, 0.03, 0.06])


def test_what_the_settings_choose(bus: Bus, clip: Path) -> None:
    mode = CameraMode(rate=25)
    for choice, name in (
        ("/dev/video9", "/dev/video9"), ("csi", "csi:0"), ("csi:1", "csi:1"),
        ("demo", "demo: demo"),
    ):  # fmt: skip
        assert camera_opener(choice, clip, mode)().name == name
    opened = camera_opener("/dev/video9", clip, mode)()
    assert isinstance(opened, Opened) and opened.mode == mode


def test_lasting_names_come_first_and_numbers_in_order(bus: Bus) -> None:
    bus.plug(10)
    bus.plug(2)
    bus.plug(3, named="usb-Webcam-video-index0")
    (bus.folder / "v4l" / "by-id" / "usb-Gone-video-index0").symlink_to("../../video7")
    names = [path.name for path in video_devices(bus.folder)]
    assert names == ["usb-Webcam-video-index0", "video2", "video10"]


def test_auto_passes_over_what_gives_no_pictures(bus: Bus, clip: Path) -> None:
    bus.plug(0, driver="uvcvideo metadata")
    bus.plug(1)
    bus.busy = {"video1"}
    bus.plug(2)
    assert AutoOpener(clip, CameraMode(), bus.folder)().name.endswith("video2")


def test_auto_takes_a_csi_camera_through_nvidias_source(bus: Bus, clip: Path) -> None:
    bus.plug(0, driver="tegra-video")
    assert AutoOpener(clip, CameraMode(), bus.folder)().name == "csi:0"
    bus.plug(1)
    assert AutoOpener(clip, CameraMode(), bus.folder)().name.endswith("video1")


def test_it_comes_back_under_another_number(bus: Bus, clip: Path) -> None:
    open_camera = AutoOpener(clip, CameraMode(), bus.folder)
    bus.plug(0, named="usb-Webcam-video-index0")
    name = open_camera().name
    bus.unplug()
    with pytest.raises(CameraError, match="plug it in"):  # never the demo in its place
        open_camera()
    bus.plug(4, named="usb-Webcam-video-index0")
    bus.plug(5)
    assert open_camera().name == name
    bus.busy = {"video4", "video5"}
    with pytest.raises(CameraError, match="another program"):
        open_camera()


def test_the_one_that_worked_last_is_tried_first(bus: Bus, clip: Path) -> None:
    open_camera = AutoOpener(clip, CameraMode(), bus.folder)
    bus.plug(5)
    assert open_camera().name.endswith("video5")
    bus.plug(0)
    assert open_camera().name.endswith("video5")


def test_the_demo_gives_way_to_a_camera_that_is_plugged_in(
    bus: Bus, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bus.plug(0)
    bus.busy = {"video0"}
    open_camera = AutoOpener(clip, CameraMode(), bus.folder)
    with caplog.at_level(logging.WARNING):
        demo = open_camera()
    assert isinstance(demo, DemoCamera)
    assert "another program" in caplog.text
    frames = iter(demo)
    next(frames)
    bus.plug(2)
    assert len(list(frames)) < 3
    assert open_camera().name.endswith("video2")


def test_a_device_that_may_be_opened_now_is_news(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.plug(0)
    before = signature(bus.folder)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert signature(bus.folder) != before


def test_a_device_that_cannot_be_asked_is_tried_all_the_same(
    bus: Bus, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> Device:
        raise OSError(path)

    monkeypatch.setattr(module, "describe", refuse)
    bus.plug(0)
    assert AutoOpener(clip, CameraMode(), bus.folder)().name.endswith("video0")
