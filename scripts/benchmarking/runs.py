"""One clip through one pipeline, and how long its parts took."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from time import perf_counter

from edge.frames import Frame
from edge.pose import PoseStream
from edge.track import Pose


@dataclass(slots=True)
class Run:
    """What one pipeline did with one clip.

    :param clip: its file's name.
    :param length: seconds that it lasts.
    :param frames: pictures that were looked at.
    :param pose_ms: milliseconds of each picture's pose.
    :param verdict: seconds from the beginning to the verdict.
    :param replay: seconds from the beginning until the replay was there as well.
    :param processor: seconds of processor time that all of it took, on all cores together.
    :param score: 0 to 1; None where it was not judged.
    :param stages: seconds of the parts, where they come one after another.
    """

    clip: str
    length: float
    frames: int
    pose_ms: list[float]
    verdict: float
    replay: float
    processor: float
    score: float | None
    stages: dict[str, float] = field(default_factory=dict)


def processor_time() -> float:
    """Return seconds of processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Timed:
    """A pose stream that notes how long each picture takes, in milliseconds.

        stream = Timed(model.open_stream())
        stream.estimate(frame)
        print(stream.took)

    :param stream: what finds the joints.
    """

    def __init__(self, stream: PoseStream) -> None:
        self._stream = stream
        self.took: list[float] = []

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture."""
        began = perf_counter()
        people = self._stream.estimate(frame)
        self.took.append(1000 * (perf_counter() - began))
        return people
