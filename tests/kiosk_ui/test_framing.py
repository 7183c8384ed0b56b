from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from edge.errors import PoseError
from edge.frames import Frame
from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from edge.pose import PoseStream
from edge.pose.blazepose import BlazePose
from edge.pose.scheduler import PoseScheduler
from edge.track import Pose
from kiosk_ui.phones.framing import (
    FORGET_SECONDS,
    MOST_OF_ONE_SENDER,
    MOST_PHONES,
    FramingFullError,
    FramingHelp,
)
from tests.edge.people import poses_of, track_of
from tests.kiosk_ui.conftest import Web

JPEG = bytes(cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1])


def standing_pose() -> Pose:
    """Return somebody who stands well in a picture of 640 by 480."""
    track = track_of(np.zeros(1), np.zeros(1), scale=97, offset=(320, 432))
    return poses_of(track)[0][1]


class Stream:
    """Sees whom it is told to."""

    def __init__(self) -> None:
        self.people: list[Pose] = []
        self.frames = 0
        self.error: Exception | None = None

    def estimate(self, frame: Frame) -> list[Pose]:
        self.frames += 1
        if self.error:
            raise self.error
        return self.people


class Desk:
    """Framing help with a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.streams: list[Stream] = []
        self.help = FramingHelp(
            self.open, decode=lambda _: np.zeros((480, 640, 3), np.uint8), clock=lambda: self.now
        )

    def open(self) -> PoseStream:
        self.streams.append(Stream())
        return self.streams[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_each_page_has_a_gate_of_its_own(desk: Desk) -> None:
    assert desk.help.look("10.0.0.1", "a", JPEG).unmet == ("nobody",)
    desk.help.look("10.0.0.2", "a", JPEG)
    desk.help.look("10.0.0.1", "b", JPEG)
    assert len(desk.streams) == 3


def test_standing_well_for_a_second_arms(desk: Desk) -> None:
    armed = []
    for _ in range(12):
        if desk.streams:
            desk.streams[0].people = [standing_pose()]
        guidance = desk.help.look("10.0.0.1", "a", JPEG)
        armed.append(guidance.armed)
        desk.now += 0.3
    assert guidance.unmet == ()
    assert armed[-1] and not any(armed[:4])


def test_whoever_sends_too_fast_gets_the_answer_before(desk: Desk) -> None:
    for _ in range(10):
        desk.help.look("10.0.0.1", "a", JPEG)
        desk.now += 0.05
    assert desk.streams[0].frames <= 4


def test_memory_and_work_are_bounded_and_silence_frees(desk: Desk) -> None:
    for number in range(MOST_PHONES):
        desk.help.look(f"10.0.0.{number}", "a", JPEG)
    with pytest.raises(FramingFullError):
        desk.help.look("10.0.0.99", "a", JPEG)
    desk.now += FORGET_SECONDS / 2
    desk.help.look("10.0.0.0", "a", JPEG)  # who goes on stays
    desk.now += FORGET_SECONDS * 0.6
    desk.help.look("10.0.0.99", "a", JPEG)
    assert set(desk.help._phones) == {("10.0.0.0", "a"), ("10.0.0.99", "a")}


def test_one_sender_does_not_take_all_places(desk: Desk) -> None:
    for number in range(MOST_OF_ONE_SENDER):
        desk.help.look("10.0.0.1", str(number), JPEG)
    with pytest.raises(FramingFullError):
        desk.help.look("10.0.0.1", "another", JPEG)
    desk.help.look("10.0.0.2", "another", JPEG)


def send(
    client: FlaskClient, body: bytes = JPEG, kind: str = "image/jpeg"
) -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/framing?page=a", data=body, content_type=kind)
    assert answer.json is not None
    return answer.status_code, answer.json


def test_the_route(web: Web, phone: FlaskClient, desk: Desk) -> None:
    assert send(phone) == (503, {**send(phone)[1], "code": "starting"})
    web.services.framing = desk.help
    status, told = send(phone)
    assert status == 200
    assert told["unmet"][0]["text"]["ko"] == "카메라 앞에 서 주세요"
    assert (told["holding"], told["armed"]) == (False, False)
    assert send(phone, kind="image/png")[0] == 415
    assert send(phone, b"x" * 60_001)[0] == 415
    desk.now += 1
    desk.streams[0].error = PoseError("no")
    assert send(phone)[0] == 503


def test_a_hostile_picture_is_a_bad_request(web: Web, phone: FlaskClient) -> None:
    web.services.framing = made = FramingHelp(Stream)
    try:
        assert send(phone, b"\xff\xd8\xff junk")[1]["code"] == "picture_invalid"
        assert send(phone)[0] == 200
    finally:
        made.close()


def test_real_small_pictures_at_three_a_second_arm_the_gate() -> None:
    scheduler = PoseScheduler(BlazePose())
    now = [0.0]
    made = FramingHelp(scheduler.open_stream, clock=lambda: now[0])
    with VideoFile(DEMO_CLIPS / "good.mp4") as video:
        first = next(iter(video)).picture
    small = cv2.resize(first, (384, 384 * first.shape[0] // first.shape[1]))
    jpeg = bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])[1])
    assert len(jpeg) < 40_000
    try:
        seen = []
        for _ in range(8):
            seen.append(made.look("10.0.0.1", "a", jpeg))
            now[0] += 0.33
    finally:
        made.close()
    assert seen[-1].unmet == () and seen[-1].armed, seen
