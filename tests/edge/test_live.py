"""The live camera and those who look on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import cv2
import numpy as np
import pytest

from edge import live as module
from edge import reading
from edge.errors import CameraError
from edge.frames import Frame
from edge.frames import picture as picture_module
from edge.frames.camera_demo import DemoCamera
from edge.live import FrameTap, LiveCamera, encode_jpeg
from tests.edge.camera_fakes import Gym
from tests.edge.fakes import FakeCamera


@pytest.fixture
def fail() -> threading.Event:
    return threading.Event()


@pytest.fixture
def camera(fail: threading.Event, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveCamera]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    live = LiveCamera(lambda: FakeCamera(fail))
    live.start()
    yield live
    live.stop()


def wait_until_ok(camera: LiveCamera, ok: bool = True) -> None:
    deadline = monotonic() + 5
    while camera.ok is not ok:
        assert monotonic() < deadline
        sleep(0.01)


def test_pictures_are_numbered_and_encoded_once(
    camera: LiveCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, jpeg = camera.jpeg(0, timeout=5)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    later, _ = camera.jpeg(number, timeout=5)
    assert later > number
    camera.stop()
    calls: list[Frame] = []

    def encode(frame: Frame) -> bytes:
        calls.append(frame)
        return b"x"

    monkeypatch.setattr(module, "encode_jpeg", encode)
    camera._jpeg = (0, b"")
    for _ in range(5):
        camera.jpeg(0, timeout=1)
    assert len(calls) == 1


def test_unplugging_and_plugging_in_again(camera: LiveCamera, fail: threading.Event) -> None:
    wait_until_ok(camera)
    fail.set()
    wait_until_ok(camera, ok=False)
    assert camera.message in ("the camera was unplugged", "there is no camera; plug it in")
    number = camera._number
    with pytest.raises(CameraError, match="camera"):
        camera.jpeg(number, timeout=0.05)
    fail.clear()
    wait_until_ok(camera)
    assert camera.jpeg(number, timeout=5)[0] > number


def test_a_listener_gets_the_frames_and_a_slow_one_misses_some(camera: LiveCamera) -> None:
    with camera.tap(room=2) as tap:
        first = tap.get(timeout=5)
        assert tap.get(timeout=5).time > first.time
        sleep(0.3)
        assert tap.skipped > 3
        assert tap.dropped == 0
    assert camera._taps == []


def filled(*, room: int, frames: int) -> FrameTap:
    tap = FrameTap(room)
    for time in range(frames):
        tap.put(Frame(np.zeros((2, 2, 3), np.uint8), float(time)))
    return tap


def test_of_the_frames_that_wait_the_older_half_is_skipped() -> None:
    tap = filled(room=4, frames=7)
    assert tap.skipped == 3  # there was no room for them
    assert [tap.get(0.1).time, tap.get(0.1).time] == [5, 6]
    assert tap.skipped == 5 and tap.dropped == 0
    with pytest.raises(CameraError, match="no pictures"):
        tap.get(timeout=0.01)


def test_whoever_keeps_up_misses_nothing() -> None:
    tap = FrameTap(4)
    for time in range(50):
        tap.put(Frame(np.zeros((2, 2, 3), np.uint8), float(time)))
        assert tap.get(0.1).time == time
    assert tap.skipped == 0


@pytest.mark.parametrize("each", [2, 3, 5])
def test_a_listener_of_half_the_speed_or_less_stays_close_and_misses_evenly(each: int) -> None:
    tap, got = FrameTap(4), []
    for time in range(300):
        tap.put(Frame(np.zeros((2, 2, 3), np.uint8), float(time)))
        if time % each == 0:
            got.append(tap.get(0.1).time)
            assert time - got[-1] <= 2
    assert max(np.diff(got)) <= each + 1
    assert len(got) + tap.skipped + 4 >= 300


def test_the_newest_frame_is_to_be_had_at_the_end() -> None:
    tap = filled(room=4, frames=4)
    newest = tap.newest()
    assert newest is not None and newest.time == 3
    assert tap.skipped == 3
    assert tap.newest() is None


def test_frames_that_the_camera_missed_count_as_dropped() -> None:
    camera = LiveCamera(FakeCamera)
    with camera.tap() as tap:
        frame = Frame(np.zeros((2, 2, 3), np.uint8), 0.0)
        camera._publish(frame, 0)
        camera._publish(frame, 3)
        assert tap.dropped == 3


def test_large_pictures_are_made_smaller() -> None:
    jpeg = encode_jpeg(Frame(np.zeros((720, 1280, 3), np.uint8), 0.0))
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (360, 640, 3)


@pytest.fixture
def gym(monkeypatch: pytest.MonkeyPatch) -> Gym:
    for name, seconds in (
        ("RETRY_SECONDS", 0.02), ("LONGEST_RETRY_SECONDS", 0.1), ("ATTEND_SECONDS", 0.02),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, seconds)
    return Gym()


@pytest.fixture
def live(gym: Gym) -> Iterator[LiveCamera]:
    made = LiveCamera(gym.open)
    made.start()
    wait_until_ok(made)
    yield made
    gym.hangs.clear()
    made.stop()


def wait_for(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline
        sleep(0.01)


def test_figures(live: LiveCamera, gym: Gym) -> None:
    wait_for(lambda: live.figures().frames > 20)
    found = live.figures()
    assert (found.name, found.reopened, found.picture) == ("gym 1", 0, "ok")
    assert found.rate is not None and 5 < found.rate < 62
    with live.tap(room=1) as frames:
        wait_for(lambda: frames.skipped > 2)
    assert live.figures().dropped == 0  # who is slow has skipped them; the camera lost none
    gym.plugged = False
    wait_until_ok(live, ok=False)
    assert live.figures().picture is None
    gym.plugged = True
    wait_until_ok(live)
    assert live.figures().reopened == 1
    assert live.name == "gym 2"


def test_figures_before_the_first_picture() -> None:
    found = LiveCamera(FakeCamera).figures()
    assert (found.frames, found.dropped, found.rate, found.picture) == (0, 0, None, None)


def test_a_driver_that_hangs_is_left_and_the_camera_opened_anew(
    live: LiveCamera, gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_PATIENCE", 0.1)
    monkeypatch.setattr(reading, "OPEN_PATIENCE", 0.1)
    live.pulse.patience = 0.5
    gym.hangs.set()
    wait_until_ok(live, ok=False)
    assert live.message is not None and "unplug" in live.message
    wait_for(lambda: len(live._stuck) == module.MOST_STUCK)
    opened = gym.opened
    wait_for(lambda: live.pulse.late)  # who watches over the kiosk may start it anew
    assert gym.opened == opened  # no thread more for each attempt
    gym.hangs.clear()
    wait_until_ok(live)
    wait_for(lambda: not live._stuck and not live.pulse.late)


def test_a_hanging_reader_that_wakes_up_says_nothing(
    live: LiveCamera, gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_PATIENCE", 0.1)
    gym.hangs.set()
    wait_for(lambda: bool(live._stuck))
    stuck = live._stuck[0]
    pictures = stuck.pictures
    gym.hangs.clear()
    wait_until_ok(live)
    wait_for(stuck.ended.is_set)
    assert stuck.pictures == pictures


def test_pictures_of_another_size_open_the_camera_anew(live: LiveCamera, gym: Gym) -> None:
    gym.shows = "large"
    wait_for(lambda: live.figures().reopened == 1)
    wait_until_ok(live)  # the size it has now is as good as any


def test_a_camera_that_is_slow_is_told(
    live: LiveCamera, gym: Gym, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SLOW_PICTURES", 15)
    gym.plugged = False
    wait_until_ok(live, ok=False)
    gym.plugged, gym.rate = True, 12.0
    wait_for(lambda: "more light" in caplog.text)
    assert caplog.text.count("more light") == 1


def test_on_an_overloaded_machine_the_camera_is_not_called_slow(
    live: LiveCamera, gym: Gym, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SLOW_PICTURES", 15)
    monkeypatch.setattr(module, "OVERLOADED", -1.0)  # any share of the time is too much
    gym.plugged = False
    wait_until_ok(live, ok=False)
    gym.plugged, gym.rate = True, 12.0
    wait_for(lambda: "this machine has too much to do" in caplog.text)
    assert "light" not in caplog.text


def test_a_demo_clip_is_told_neither_to_be_dark_nor_to_be_unplugged() -> None:
    for words in (DemoCamera.when_slow, DemoCamera.when_silent):
        assert "light" not in words and "plug" not in words


def test_a_frozen_picture_opens_the_camera_anew_once(
    live: LiveCamera, gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_module, "STILL_SECONDS", 0.3)
    monkeypatch.setattr(module, "FROZEN_SECONDS", 0.2)
    gym.shows = "frozen"
    wait_for(lambda: live.figures().reopened == 1)
    wait_for(lambda: live.figures().picture == "frozen")
    sleep(0.5)
    assert live.figures().reopened == 1
    gym.shows = "ok"
    wait_for(lambda: live.figures().picture == "ok")


def test_the_pause_between_attempts_grows(
    gym: Gym, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    gym.plugged = False
    pauses: list[float] = []
    live = LiveCamera(gym.open)

    def wait(pause: float) -> None:
        pauses.append(pause)
        sleep(0.001)

    monkeypatch.setattr(live._stop, "wait", wait)
    live.start()
    wait_for(lambda: len(pauses) > 6)
    live.stop()
    assert pauses[:5] == pytest.approx([0.02, 0.04, 0.08, 0.1, 0.1])
