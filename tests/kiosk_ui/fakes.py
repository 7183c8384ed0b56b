"""Stand-ins for camera, station and models, and small videos, for the tests of the web part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from edge.assessment import (
    Assessment,
    Cue,
    FoundFault,
    FrameCounts,
    JudgedRepetition,
    Reason,
    Verdict,
)
from edge.clip import ClipWriter
from edge.errors import CameraError
from edge.exercise import Repetition, Text
from edge.frames import Frame, FrameSource
from edge.joints import BODY_25, INDEX
from edge.judging import Judgement
from edge.live import CameraFigures, encode_jpeg
from edge.track import Pose, PoseTrack

RATE = 30.0
SQUAT_SECONDS = 3.0

STANDING = {
    "Nose": (0, -150), "Neck": (0, -100), "MidHip": (0, 0),
    "RShoulder": (-35, -98), "LShoulder": (35, -98), "RHip": (-18, 0), "LHip": (18, 0),
    "RKnee": (-22, 70), "LKnee": (22, 70), "RAnkle": (-24, 140), "LAnkle": (24, 140),
}  # fmt: skip
FIXED = {"RAnkle", "LAnkle"}


def squatting(time: float, period: float = SQUAT_SECONDS) -> Pose:
    """Return somebody who goes down and up again once in ``period`` seconds."""
    depth = 60 * max(0.0, np.sin(2 * np.pi * (time / period - 0.25))) ** 2 if time % period else 0
    joints = np.full((len(BODY_25), 2), np.nan)
    confidence = np.zeros(len(BODY_25))
    for name, (x, y) in STANDING.items():
        down = 0 if name in FIXED else depth * (0.5 if "Knee" in name else 1.0)
        joints[INDEX[name]] = 160 + x, 170 + y + down
        confidence[INDEX[name]] = 0.95
    return Pose(joints, confidence)


class FakeEstimator:
    """Sees one person who squats, or nobody; fails or waits on demand.

    :param people: False: nobody is seen.
    :param error: raised from the frame number ``error_at`` on.
    """

    name = "fake-pose"

    def __init__(
        self, *, people: bool = True, error: Exception | None = None, error_at: int = 0
    ) -> None:
        self.people = people
        self.error = error
        self.error_at = error_at
        self.gate = threading.Event()
        self.gate.set()
        self.frames = 0

    def open_stream(self) -> FakeEstimator:
        return self

    def estimate(self, frame: Frame) -> list[Pose]:
        self.gate.wait(20)
        self.frames += 1
        if self.error and self.frames > self.error_at:
            raise self.error
        return [squatting(frame.time)] if self.people else []


class FakeClassifier:
    """Gives every repetition the same score."""

    label = "fake 0.0.0"
    threshold = 0.5

    def __init__(self, score: float = 0.8) -> None:
        self.value = score

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        return Judgement(self.value)

    def explain(self, part: PoseTrack, repetition: Repetition, judgement: Judgement) -> None:
        """Say nothing."""


class FakeCamera:
    """Gives numbered pictures at once, or fails."""

    def __init__(self) -> None:
        self.broken = False
        self.message: str | None = None
        self.counts = CameraFigures("fake", 100, 3, 29.97, 1, "ok")

    def figures(self) -> CameraFigures:
        return self.counts

    def jpeg(self, after: int, timeout: float) -> tuple[int, bytes]:
        if self.broken:
            raise CameraError("the camera was unplugged")
        jpeg = encode_jpeg(Frame(picture(after), 0.0))
        return after + 1, jpeg + b"picture %d" % (after + 1)  # what follows a JPEG is ignored


class FakeStation:
    """A station whose state is set by the test."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.now: dict[str, Any] = {
            "state": "idle", "remaining": None, "total": None, "session": 0, "by": None,
            "guidance": None, "insist_in": None, "repetitions": 0, "word": None, "result": None,
            "message": None, "camera": {"ok": True, "name": "fake", "message": None}, "version": 1,
        }  # fmt: skip
        self.calls: list[str] = []
        self.full = False

    def set(self, **changes: Any) -> None:
        with self.condition:
            self.now = {**self.now, **changes, "version": self.now["version"] + 1}
            self.condition.notify_all()

    def start(self) -> bool:
        self.calls.append("start")
        if self.full:
            return False
        if self.now["state"] not in ("idle", "result") or not self.now["camera"]["ok"]:
            return False
        self.set(state="positioning", remaining=60.0, total=60.0, by="touch", insist_in=5.0)
        return True

    def cancel(self) -> None:
        self.calls.append("cancel")
        self.set(state="idle", remaining=None, total=None)

    def touched(self) -> None:
        self.calls.append("touched")

    def snapshot(self) -> dict[str, Any]:
        return self.now

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        with self.condition:
            self.condition.wait_for(lambda: self.now["version"] != version, timeout)
            return self.now


class FakeVideo(FrameSource):
    """A source of plain frames that stands for an uploaded file.

    :param seconds: how long it is.
    :param duration: how long it says it is.
    """

    duration: float | None = None

    def __init__(self, path: Path, seconds: float = SQUAT_SECONDS) -> None:
        self.path = path
        self.seconds = seconds
        self.duration = seconds

    def close(self) -> None:
        """Do nothing: no file is open."""

    def __iter__(self) -> Iterator[Frame]:
        for number in range(round(self.seconds * RATE)):
            yield Frame(picture(number), number / RATE)


def picture(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture that differs from its neighbours."""
    made = np.full((240, 320, 3), 60, np.uint8)
    made[:, number % 320] = 255
    return made


def write_video(path: Path, seconds: float = SQUAT_SECONDS) -> Path:
    """Write a small MP4."""
    with ClipWriter(path) as clip:
        for frame in FakeVideo(path, seconds):
            clip.write(frame)
    return path


CUES = {
    Verdict.GOOD: Cue("praise", "praise", "Your squats look right.", "자세가 좋아요."),
    Verdict.BAD: Cue(
        "fault", "left_knee_in", "Left knee 24 % inside the foot: push it out, aim for under 10 %.",
        "왼쪽 무릎이 안쪽으로 24% 들어왔어요.", 24.0, "%", (None, 10.0),
    ),
    Verdict.NOT_JUDGED: Cue(
        "reason", "no_repetition", "No squat was seen. Go down and come all the way up again.",
        "스쿼트가 보이지 않았어요.",
    ),
}  # fmt: skip


def fault(name: str = "left_knee_in", probability: float = 0.9, **changes: Any) -> FoundFault:
    """Return a fault of a knee."""
    text = Text(en=CUES[Verdict.BAD].en, ko=CUES[Verdict.BAD].ko)
    found = FoundFault(
        name, "left_knee", probability, True, text, name, 24.0, "%", (None, 10.0), 1.5, 2.3
    )
    return replace(found, **changes)


def assessment(verdict: Verdict = Verdict.GOOD, score: float | None = 0.8) -> Assessment:
    """Return an assessment of two repetitions, or of none."""
    judged = verdict is not Verdict.NOT_JUDGED
    faults = (fault(),) if verdict is Verdict.BAD else ()
    return Assessment(
        verdict=verdict,
        score=score if judged else None,
        threshold=0.5,
        cue=CUES[verdict],
        exercise="squat",
        reason=None if judged else Reason.NO_REPETITION,
        repetitions=(
            JudgedRepetition(0.5, 1.5, 2.5, 0.6, score or 0.0, {"depth": 55.0}, faults),
            JudgedRepetition(3.0, 4.0, 5.0, 0.7, score or 0.0, {"depth": None}, faults),
        )
        if judged
        else (),
        faults=faults,
        joints=("Neck",),
        frames=FrameCounts(180, 180, 120),
        duration=6.0,
        model="fake 0.0.0",
        pose_model="fake-pose",
    )


def track() -> PoseTrack:
    """Return a track of one second."""
    return PoseTrack.from_poses((n / RATE, squatting(n / RATE)) for n in range(30))


def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait until ``condition()`` holds; fail after ``seconds``, which a busy machine may need."""
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)
