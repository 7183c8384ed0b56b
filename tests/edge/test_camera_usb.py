"""USB cameras: what is asked of them, and what they do wrong. OpenCV and the driver are fakes."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from time import monotonic

import cv2
import pytest

from edge.errors import CameraError
from edge.frames import camera_usb
from edge.frames.camera import CameraMode
from edge.frames.camera_usb import V4L2Camera
from tests.edge.drivers import FakeCapture, FakeDriver, webcam


@pytest.fixture
def device(tmp_path: Path) -> Path:
    made = tmp_path / "video0"
    made.touch()
    return made


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    made = webcam()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    monkeypatch.setattr(camera_usb, "_told", set())
    return made


def plug(monkeypatch: pytest.MonkeyPatch, answers: str, **options: tuple[int, int]) -> FakeCapture:
    capture = FakeCapture(answers, **options)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    return capture


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(CameraError, match="plug it in"):
        V4L2Camera("/dev/video-none")


def test_a_device_of_somebody_else(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CameraError, match="group video"):
        V4L2Camera(str(device))


def test_a_device_that_stops_is_a_camera_error(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = plug(monkeypatch, "ppp")
    with V4L2Camera(str(device), CameraMode(rate=25)) as camera:
        frames = iter(camera)
        assert next(frames).time <= next(frames).time
        device.unlink()
        with pytest.raises(CameraError, match="stopped giving pictures"):
            next(frames)
    assert capture.released
    assert capture.values[cv2.CAP_PROP_FPS] == 25
    assert capture.values[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")


def test_a_device_that_stays_and_gives_nothing_is_given_up(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_usb, "SPOILT_SECONDS", 0.02)
    plug(monkeypatch, "pp")
    with V4L2Camera(str(device)) as camera, pytest.raises(CameraError, match="plugged in"):
        list(camera)


def test_a_damaged_picture_is_passed_over_and_counted(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, "ppxxp")
    with V4L2Camera(str(device)) as camera:
        frames = iter(camera)
        next(frames)
        next(frames)
        assert camera.missed == 2


def test_a_device_without_pictures_is_let_go(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = plug(monkeypatch, "")
    with pytest.raises(CameraError, match="another program"):
        V4L2Camera(str(device))
    assert capture.released


def test_what_is_refused_is_one_line_in_the_log(
    device: Path,
    driver: FakeDriver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver.controls.clear()
    for _ in range(2):  # plugged in again: said already
        capture = plug(monkeypatch, "pp", shape=(720, 1280))
        capture.kept = {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_FOURCC: 1448695129.0}
        with caplog.at_level(logging.WARNING):
            V4L2Camera(str(device)).close()
    told = caplog.text
    assert told.count("1280x720, not 640x480") == 1
    assert "10 pictures a second, not 30" in told and "no Motion JPEG" in told
    assert told.count("exposure_dynamic_framerate: no such control") == 1


def test_the_drivers_time_is_taken_where_it_can_be_true(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = plug(monkeypatch, "ppp")
    with V4L2Camera(str(device)) as camera:
        frames = iter(camera)
        capture.stamp = lambda: monotonic() - 0.5
        assert monotonic() - next(frames).time == pytest.approx(0.5, abs=0.2)
        capture.stamp = lambda: 1.6e9  # another clock
        assert monotonic() - next(frames).time < 0.2
