"""Stand-ins at the hardware edge: a camera and a pose model that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from time import monotonic, sleep

import numpy as np

from edge.errors import CameraError, PoseError
from edge.exercise import Repetition
from edge.explanation import Explanation
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.judging import Judgement
from edge.track import Pose, PoseTrack
from tests.edge.people import depth_at, poses_of, track_of


class FakeCamera(Camera):
    """A camera that gives noisy pictures at a fixed rate, and fails on request.

    :param fail: while this event is set, opening and reading fail.
    :param rate: frames per second.
    :param noise: whether the pictures are as noisy as can be: what is recorded of them is large.
    """

    name = "fake"

    def __init__(
        self, fail: threading.Event | None = None, *, rate: float = 60.0, noise: bool = False
    ) -> None:
        self.fail = fail or threading.Event()
        self.rate = rate
        self.span = (0, 255) if noise else (60, 120)
        self.closed = False
        if self.fail.is_set():
            raise CameraError("there is no camera; plug it in")

    def __iter__(self) -> Iterator[Frame]:
        noise = np.random.default_rng(0)
        while not self.closed:
            if self.fail.is_set():
                raise CameraError("the camera was unplugged")
            sleep(1 / self.rate)
            yield Frame(noise.integers(*self.span, (48, 64, 3), dtype=np.uint8), monotonic())

    def close(self) -> None:
        self.closed = True


class ScriptedEstimator:
    """A pose model that sees what a script says, by the time since the first frame.

    :param people: tracks whose nearest pose is seen in each frame.
    :param fails: called before each answer; true makes the model fail.
    """

    name = "scripted"

    def __init__(self, *people: PoseTrack, fails: Callable[[], bool] = lambda: False) -> None:
        self.people = people
        self.fails = fails

    def open_stream(self) -> ScriptedStream:
        return ScriptedStream(self)


class ScriptedStream:
    def __init__(self, estimator: ScriptedEstimator) -> None:
        self._estimator = estimator
        self._first: float | None = None
        self._poses = [poses_of(track) for track in estimator.people]

    def estimate(self, frame: Frame) -> list[Pose]:
        if self._estimator.fails():
            raise PoseError("the model failed")
        self._first = frame.time if self._first is None else self._first
        time = frame.time - self._first
        found = []
        for track, poses in zip(self._estimator.people, self._poses, strict=True):
            if track.times[0] <= time <= track.times[-1]:
                found.append(poses[int(np.abs(track.times - time).argmin())][1])
        return found


class ConstantClassifier:
    """A classifier that judges every repetition alike.

    :param parts: the probability that each part of the body was wrong.
    """

    label = "constant 1.0.0"
    threshold = 0.5

    def __init__(self, value: float = 0.8, parts: Mapping[str, float] | None = None) -> None:
        self.value = value
        self.parts = parts or {}

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        return Judgement(self.value, self.parts)

    def explain(
        self, part: PoseTrack, repetition: Repetition, judgement: Judgement
    ) -> Explanation | None:
        return None


def squatting_person(
    seconds: float = 4.0, *, length: float | None = None, depth: float = 1.0
) -> PoseTrack:
    """Return somebody who squats once in the middle of a small picture.

    :param length: of the squat in seconds; None: nearly all the time.
    :param depth: 1: a full squat.
    """
    times = np.arange(0, seconds, 1 / 60)
    depths = depth * depth_at(times, begin=0.5, length=length or seconds - 1.5)
    return small(track_of(times, depths))


def standing_person(seconds: float) -> PoseTrack:
    """Return somebody who stands in the middle of a small picture."""
    times = np.arange(0, seconds, 1 / 60)
    return small(track_of(times, np.zeros(len(times))))


def small(track: PoseTrack) -> PoseTrack:
    """Return a track in the pictures of the fake camera, a tenth of the usual ones."""
    return PoseTrack(track.times, track.joints / 10, track.confidence)
