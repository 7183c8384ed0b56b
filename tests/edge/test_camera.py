"""Cameras: the demo clip played as one, and what happens where there is none."""

from __future__ import annotations

import itertools
from pathlib import Path
from time import monotonic, sleep

import cv2
import numpy as np
import pytest

from edge.errors import CameraError
from edge.frames import camera as module
from edge.frames.camera import DemoCamera, V4L2Camera, camera_opener
from tests.edge.videos import write_video


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "demo.mp4", times=[n / 30 for n in range(15)])


def test_the_demo_plays_at_its_own_pace_and_again(clip: Path) -> None:
    began = monotonic()
    with DemoCamera(clip) as demo:
        frames = list(itertools.islice(demo, 32))
    took = monotonic() - began
    gaps = np.diff([frame.time for frame in frames])
    # Over the seam as well; who is held up for a moment misses a picture.
    assert 30 * gaps == pytest.approx(np.round(30 * gaps), abs=0.1)
    assert np.median(gaps) == pytest.approx(1 / 30, abs=0.003)
    assert took > 0.95
    assert frames[0].time == pytest.approx(began, abs=0.5)


def test_who_is_slow_misses_frames_of_the_demo(clip: Path) -> None:
    with DemoCamera(clip) as demo:
        frames = iter(demo)
        first = next(frames)
        sleep(0.2)
        gap = next(frames).time - first.time
        assert gap > 0.15
        assert demo.missed == round(gap * 30) - 1


def test_missing_or_damaged_demo_clips_are_camera_errors(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="missing"):
        DemoCamera(tmp_path / "none.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    with pytest.raises(CameraError, match="cannot be read"), DemoCamera(tmp_path / "bad.mp4") as d:
        next(iter(d))


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(CameraError, match="plug it in"):
        V4L2Camera("/dev/video-none")


class FakeCapture:
    """What OpenCV gives for a device, with a number of pictures until it fails."""

    def __init__(self, pictures: int) -> None:
        self.left = pictures
        self.set_values: dict[int, float] = {}
        self.released = False

    def set(self, key: int, value: float) -> bool:
        self.set_values[key] = value
        return True

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        return (True, np.zeros((4, 4, 3), np.uint8)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_device_that_stops_is_a_camera_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = FakeCapture(3)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    device = tmp_path / "video0"
    device.touch()
    with V4L2Camera(str(device)) as camera:
        frames = iter(camera)
        assert next(frames).time <= next(frames).time
        with pytest.raises(CameraError, match="stopped giving pictures"):
            next(frames)
    assert capture.released
    assert capture.set_values[cv2.CAP_PROP_FPS] == 30


def test_a_device_without_pictures_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = FakeCapture(0)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
    device = tmp_path / "video0"
    device.touch()
    with pytest.raises(CameraError, match="another program"):
        V4L2Camera(str(device))
    assert capture.released


def test_auto_falls_back_to_the_demo(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device: str) -> V4L2Camera:
        raise CameraError(device)

    monkeypatch.setattr(module, "V4L2Camera", refuse)
    assert isinstance(camera_opener("auto", clip)(), DemoCamera)
    assert isinstance(camera_opener("demo", clip)(), DemoCamera)
    with pytest.raises(CameraError):
        camera_opener("/dev/video9", clip)()
