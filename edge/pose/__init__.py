"""Finding people and their joints in pictures: one small protocol, one file per backend."""

from __future__ import annotations

from typing import Protocol

from edge.frames import Frame
from edge.track import Pose


class PoseStream(Protocol):
    """The people in one sequence of frames; it remembers where they were.

    stream = estimator.open_stream()
    people = stream.estimate(frame)
    """

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture, in no particular order; empty where nobody is.

        :raises PoseError: the model failed.
        """


class PoseEstimator(Protocol):
    """A pose model, loaded once and shared by any number of streams."""

    @property
    def name(self) -> str:
        """What the model is called in reports and logs."""

    def open_stream(self) -> PoseStream:
        """Start a new sequence of frames."""
