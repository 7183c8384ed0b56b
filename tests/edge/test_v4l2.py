"""The controls of a V4L2 driver, against a driver that answers as the kernel does."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.frames import v4l2
from edge.frames.camera import CameraMode
from edge.frames.v4l2 import describe, settle
from tests.edge.drivers import FakeDriver, webcam


@pytest.fixture
def device(tmp_path: Path) -> Path:
    made = tmp_path / "video0"
    made.touch()
    return made


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    made = webcam()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


def now(driver: FakeDriver) -> dict[str, int]:
    return {v4l2.NAMES[control]: values[2] for control, values in driver.controls.items()}


def test_the_rate_is_kept_and_the_exposure_left_to_the_camera(
    device: Path, driver: FakeDriver
) -> None:
    assert settle(device, CameraMode()) == []
    assert now(driver)["exposure_dynamic_framerate"] == 0
    assert now(driver)["auto_exposure"] == 3
    assert now(driver)["power_line_frequency"] == 1  # it has no "auto", and that is no complaint


def test_exposure_and_mains_are_fixed(device: Path, driver: FakeDriver) -> None:
    assert settle(device, CameraMode(exposure=12.5, mains="60")) == []
    assert now(driver) == {
        "power_line_frequency": 2, "auto_exposure": 1, "exposure_time_absolute": 125,
        "exposure_dynamic_framerate": 1,
    }  # fmt: skip


def test_what_the_driver_refuses_is_told_and_the_rest_is_set(
    device: Path, driver: FakeDriver
) -> None:
    del driver.controls[v4l2.DYNAMIC_RATE]
    assert settle(device, CameraMode()) == ["exposure_dynamic_framerate: no such control"]
    driver.controls[v4l2.EXPOSURE][3] = 0x4  # read-only
    driver.stubborn = {v4l2.POWER_LINE}
    told = settle(device, CameraMode(exposure=10, mains="60"))
    assert told == [
        "power_line_frequency=2: it stays at 1", "exposure_time_absolute: cannot be changed",
    ]  # fmt: skip
    assert now(driver)["auto_exposure"] == 1


def test_an_exposure_out_of_range_is_told(device: Path, driver: FakeDriver) -> None:
    driver.controls[v4l2.EXPOSURE][:2] = [3, 100]
    (told,) = settle(device, CameraMode(exposure=50))
    assert told == "exposure_time_absolute: must lie between 3 and 100, not 500"


def test_a_camera_that_is_wholly_automatic_or_has_no_exposure(
    device: Path, driver: FakeDriver
) -> None:
    driver.controls[v4l2.EXPOSURE_AUTO] = [0, 1, 1, 0]
    assert settle(device, CameraMode()) == []
    assert now(driver)["auto_exposure"] == 0
    driver.controls.clear()
    assert len(settle(device, CameraMode())) == 2
    driver.dead = True
    assert settle(device, CameraMode())[0].endswith("No such device")


def test_a_device_that_is_gone(tmp_path: Path) -> None:
    (told,) = settle(tmp_path / "video9", CameraMode())
    assert "No such file" in told
    with pytest.raises(OSError):
        describe(os.devnull)


def test_devices_are_described(device: Path, driver: FakeDriver) -> None:
    found = describe(device)
    assert (found.driver, found.card, found.captures) == ("uvcvideo", "Webcam", True)
    driver.captures = 0x00800000  # the node beside it, for metadata
    assert not describe(device).captures


COMPILER = shutil.which("cc")


@pytest.mark.skipif(
    not (COMPILER and Path("/usr/include/linux/videodev2.h").exists()),
    reason="no C compiler, or no linux-libc-dev",
)
def test_the_numbers_are_the_kernels(tmp_path: Path) -> None:
    names = {
        "VIDIOC_QUERYCAP": v4l2.QUERYCAP, "VIDIOC_QUERYCTRL": v4l2.QUERYCTRL,
        "VIDIOC_G_CTRL": v4l2.G_CTRL, "VIDIOC_S_CTRL": v4l2.S_CTRL,
        "V4L2_CAP_VIDEO_CAPTURE": v4l2.CAPTURES, "V4L2_CID_POWER_LINE_FREQUENCY": v4l2.POWER_LINE,
        "V4L2_CID_EXPOSURE_AUTO": v4l2.EXPOSURE_AUTO, "V4L2_CID_EXPOSURE_ABSOLUTE": v4l2.EXPOSURE,
        "V4L2_CID_EXPOSURE_AUTO_PRIORITY": v4l2.DYNAMIC_RATE,
        "V4L2_CTRL_FLAG_DISABLED|V4L2_CTRL_FLAG_READ_ONLY": v4l2.UNUSABLE,
    }  # fmt: skip
    checks = [f'_Static_assert(({name}) == {value}u, "{name}");' for name, value in names.items()]
    source = tmp_path / "check.c"
    source.write_text("\n".join(["#include <linux/videodev2.h>", *checks]))
    subprocess.run([str(COMPILER), "-fsyntax-only", source], check=True)
