"""What a pose estimator sees: the joints of one person, in one picture and over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Pose:
    """The joints of one person in one picture, in BODY_25 order.

        pose = stream.estimate(frame)[0]
        x, y = pose.joints[edge.joints.NECK]

    :param joints: [25, 2] x to the right and y down, in pixels; NaN where the joint is not seen.
    :param confidence: [25] how sure the source is, 0 to 1; 0 where the joint is NaN.
    """

    joints: FloatArray
    confidence: FloatArray

    def __post_init__(self) -> None:
        count = len(BODY_25)
        if self.joints.shape != (count, 2) or self.confidence.shape != (count,):
            raise ValueError(
                f"a pose is [{count}, 2] joints and [{count}] confidences, "
                f"not {self.joints.shape} and {self.confidence.shape}"
            )


@dataclass(frozen=True, slots=True)
class PoseTrack:
    """The joints of one person over time, in BODY_25 order.

        track = PoseTrack.from_poses([(0.0, pose), (0.033, pose)])
        track.joints[:, edge.joints.MID_HIP]

    A track is never changed once it is made: :func:`once_per_track` relies on it.

    :param times: [T] seconds, strictly increasing.
    :param joints: [T, 25, 2] pixels (or any unit), y down; NaN where a joint is not seen.
    :param confidence: [T, 25] from 0 to 1.
    :ivar remembered: what was made of it, by what made it.
    """

    times: FloatArray
    joints: FloatArray
    confidence: FloatArray
    remembered: dict[object, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        length = len(self.times)
        if self.joints.shape != (length, len(BODY_25), 2):
            raise ValueError(f"joints of {length} times have shape {self.joints.shape}")
        if self.confidence.shape != (length, len(BODY_25)):
            raise ValueError(f"confidences of {length} times have shape {self.confidence.shape}")
        if length > 1 and not (np.diff(self.times) > 0).all():
            raise ValueError("the times of a track must increase")

    @classmethod
    def from_poses(cls, poses: Iterable[tuple[float, Pose]]) -> PoseTrack:
        """Join poses and their times (seconds) into a track."""
        items = list(poses)
        if not items:
            return cls.empty()
        return cls(
            np.array([time for time, _ in items], dtype=np.float64),
            np.stack([pose.joints for _, pose in items]).astype(np.float64),
            np.stack([pose.confidence for _, pose in items]).astype(np.float64),
        )

    @classmethod
    def empty(cls) -> PoseTrack:
        """Return a track of no frames."""
        count = len(BODY_25)
        return cls(np.zeros(0), np.zeros((0, count, 2)), np.zeros((0, count)))

    def __len__(self) -> int:
        return len(self.times)

    def poses(self) -> list[Pose]:
        """Return the pose of each time."""
        return [Pose(j, c) for j, c in zip(self.joints, self.confidence, strict=True)]

    def between(self, start: float, end: float) -> PoseTrack:
        """Return the part from ``start`` to ``end`` (seconds), both included."""
        keep = (self.times >= start) & (self.times <= end)
        return PoseTrack(self.times[keep], self.joints[keep], self.confidence[keep])


def once_per_track(
    make: Callable[Concatenate[PoseTrack, _P], _R],
) -> Callable[Concatenate[PoseTrack, _P], _R]:
    """Remember with a track what a function makes of it.

        @once_per_track
        def evenly(track: PoseTrack) -> PoseTrack: ...

    Whoever judges, measures and explains a repetition needs the same things of it. What is
    returned belongs to all of them: nobody may change it. Further arguments must be hashable.
    """
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def remembered(track: PoseTrack, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        key = (name, args, *kwargs.items())
        if key not in track.remembered:
            track.remembered[key] = make(track, *args, **kwargs)
        return cast("_R", track.remembered[key])

    return remembered
