"""The one door to the pose model: one call at a time, the camera first."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from time import perf_counter
from typing import Final

from edge.durations import Durations
from edge.frames import Frame
from edge.pose import PoseEstimator, PoseStream
from edge.track import Pose

POSE_BOUNDS: Final = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.5)
"""Sizes by which the pose model's times are counted, in seconds: a camera gives one each 0.033."""


class Priority(IntEnum):
    """Who goes first when several wait."""

    CAMERA = 0
    ARRIVING = 1
    """A phone's recording that is still going on."""
    UPLOAD = 2


class PoseScheduler:
    """Shares one pose model between streams, frame by frame.

        scheduler = PoseScheduler(estimator)
        live = scheduler.open_stream(Priority.CAMERA)
        people = live.estimate(frame)

    Whoever calls waits for their turn; among those who wait the camera is served first, and
    equals in the order in which they came. An upload that is being scored therefore never delays
    the camera by more than one picture.

    :param estimator: the model; it is never called by two threads at once. Another one may be put
        in its place at any time: streams that are open keep theirs.
    """

    def __init__(self, estimator: PoseEstimator) -> None:
        self.estimator = estimator
        self._condition = threading.Condition()
        self._waiting: list[tuple[Priority, int]] = []
        self._busy = False
        self._order = itertools.count()
        self.times = Durations(POSE_BOUNDS)
        """How long the model took for each picture, without the waiting."""

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.estimator.name

    def open_stream(self, priority: Priority = Priority.UPLOAD) -> PoseStream:
        """Start a sequence of frames that waits for its turn with ``priority``."""
        return _ScheduledStream(self, self.estimator.open_stream(), priority)

    def open_endless_stream(self, priority: Priority = Priority.UPLOAD) -> PoseStream:
        """The same for whoever looks without end: it goes over to another model by itself."""
        return _EndlessStream(self, priority)

    @contextmanager
    def turn(self, priority: Priority) -> Iterator[None]:
        """Wait until the model is free and nobody more urgent waits; hold it inside."""
        with self._condition:
            ticket = (priority, next(self._order))
            heapq.heappush(self._waiting, ticket)
            self._condition.wait_for(lambda: not self._busy and self._waiting[0] == ticket)
            heapq.heappop(self._waiting)
            self._busy = True
        try:
            yield
        finally:
            with self._condition:
                self._busy = False
                self._condition.notify_all()


class _ScheduledStream:
    """A stream of the estimator behind the scheduler's door."""

    def __init__(self, scheduler: PoseScheduler, stream: PoseStream, priority: Priority) -> None:
        self._scheduler = scheduler
        self._stream = stream
        self._priority = priority

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture, once it is this stream's turn."""
        with self._scheduler.turn(self._priority):
            began = perf_counter()
            people = self._stream.estimate(frame)
            self._scheduler.times.add(perf_counter() - began)  # one at a time: it is our turn
            return people


class _EndlessStream:
    """A stream that begins anew where the model was replaced."""

    def __init__(self, scheduler: PoseScheduler, priority: Priority) -> None:
        self._scheduler = scheduler
        self._priority = priority
        self._estimator: PoseEstimator | None = None

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture, once it is this stream's turn."""
        estimator = self._scheduler.estimator
        if estimator is not self._estimator:
            self._estimator = estimator
            self._stream = _ScheduledStream(
                self._scheduler, estimator.open_stream(), self._priority
            )
        return self._stream.estimate(frame)
