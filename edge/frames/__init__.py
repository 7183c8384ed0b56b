"""Frames and where they come from: a video file, a camera, or the demo clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and when it was taken.

    :param picture: [height, width, 3] uint8, blue-green-red as OpenCV has it, upright.
    :param time: seconds on the source's own clock; it never runs backwards.
    """

    picture: Picture
    time: float


class FrameSource(Protocol):
    """Anything that gives frames in order of time.

    with open_source() as source:
        for frame in source:
            session.push(frame)
    """

    @property
    def duration(self) -> float | None:
        """Seconds that the source will last, or None where that is not known."""

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames; raises :class:`edge.errors.SourceError` or ``CameraError``."""

    def __enter__(self) -> FrameSource:
        """Return the source itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source."""
