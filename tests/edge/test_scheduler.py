"""The pose scheduler: one call at a time, the camera first."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from edge.errors import PoseError
from edge.frames import Frame
from edge.pose.scheduler import PoseScheduler, Priority
from edge.track import Pose


class SlowEstimator:
    """An estimator that notes who calls, and whether anybody else is inside."""

    name = "slow"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.inside = 0
        self.most = 0
        self.gate = threading.Event()
        self.fail = False

    def open_stream(self) -> SlowStream:
        return SlowStream(self)


class SlowStream:
    def __init__(self, estimator: SlowEstimator) -> None:
        self.estimator = estimator

    def estimate(self, frame: Frame) -> list[Pose]:
        e = self.estimator
        e.inside += 1
        e.most = max(e.most, e.inside)
        e.calls.append(threading.current_thread().name)
        e.gate.wait(5)
        time.sleep(0.001)
        e.inside -= 1
        if e.fail:
            raise PoseError("broken")
        return []


FRAME = Frame(np.zeros((4, 4, 3), np.uint8), 0.0)


def test_the_camera_goes_first_and_equals_in_their_order() -> None:
    estimator = SlowEstimator()
    scheduler = PoseScheduler(estimator)
    threads = []
    for name, priority in [
        ("first", Priority.UPLOAD), ("upload-a", Priority.UPLOAD),
        ("upload-b", Priority.UPLOAD), ("camera", Priority.CAMERA),
    ]:  # fmt: skip
        stream = scheduler.open_stream(priority)
        thread = threading.Thread(target=stream.estimate, args=(FRAME,), name=name)
        thread.start()
        threads.append(thread)
        deadline = time.monotonic() + 5
        # Wait until this one is inside or in the queue before the next one comes.
        while len(scheduler._waiting) + estimator.inside < len(threads):
            assert time.monotonic() < deadline
            time.sleep(0.001)
    estimator.gate.set()
    for thread in threads:
        thread.join(5)
    assert estimator.calls == ["first", "camera", "upload-a", "upload-b"]
    assert estimator.most == 1


def test_a_failure_gives_the_turn_back() -> None:
    estimator = SlowEstimator()
    estimator.gate.set()
    estimator.fail = True
    stream = PoseScheduler(estimator).open_stream()
    for _ in range(2):
        with pytest.raises(PoseError):
            stream.estimate(FRAME)


def test_many_streams_at_once_never_meet_inside() -> None:
    estimator = SlowEstimator()
    estimator.gate.set()
    scheduler = PoseScheduler(estimator)

    def work(priority: Priority) -> None:
        stream = scheduler.open_stream(priority)
        for _ in range(20):
            stream.estimate(FRAME)

    threads = [threading.Thread(target=work, args=(Priority(n % 2),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(estimator.calls) == 160
    assert estimator.most == 1


def test_another_model_takes_over_without_disturbing_who_is_at_it() -> None:
    class Numbered:
        def __init__(self, name: str) -> None:
            self.name = name
            self.asked = 0

        def open_stream(self) -> Numbered:
            return self

        def estimate(self, frame: Frame) -> list[Pose]:
            self.asked += 1
            return []

    old, new = Numbered("old"), Numbered("new")
    scheduler = PoseScheduler(old)
    session, endless = scheduler.open_stream(), scheduler.open_endless_stream(Priority.CAMERA)
    picture = Frame(np.zeros((4, 4, 3), np.uint8), 0.0)
    for stream in (session, endless):
        stream.estimate(picture)
    scheduler.estimator = new
    for stream in (session, endless, scheduler.open_stream()):
        stream.estimate(picture)
    assert (scheduler.name, old.asked, new.asked) == ("new", 3, 2)


def test_the_models_own_time_is_counted_for_each_picture_it_answers() -> None:
    estimator = SlowEstimator()
    estimator.gate.set()
    scheduler = PoseScheduler(estimator)
    streams = [scheduler.open_stream(), scheduler.open_endless_stream(Priority.CAMERA)]
    for stream in streams:
        stream.estimate(FRAME)
    assert scheduler.times.count == 2
    assert scheduler.times.total >= 0.002  # what it sleeps
    estimator.fail = True
    with pytest.raises(PoseError):
        streams[0].estimate(FRAME)
    assert scheduler.times.count == 2
