"""Frames and where they come from: a video file, a camera, or the demo clip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

Picture = npt.NDArray[np.uint8]

RATE_TOLERANCE: Final = 0.9
"""Frames may come so much earlier than the highest rate asks, since clocks tremble."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and when it was taken.

    :param picture: [height, width, 3] uint8, blue-green-red as OpenCV has it, upright.
    :param time: seconds on the source's own clock; it never runs backwards.
    """

    picture: Picture
    time: float

    def flipped(self) -> Frame:
        """Return the frame with left and right exchanged."""
        return Frame(np.ascontiguousarray(self.picture[:, ::-1]), self.time)


class FrameSource(ABC):
    """Anything that gives frames in order of time; it is closed on leaving a ``with`` block.

    with open_source() as source:
        for frame in source:
            session.push(frame)
    """

    @property
    @abstractmethod
    def duration(self) -> float | None:
        """Seconds that the source will last, or None where that is not known."""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Give the frames; raises :class:`edge.errors.SourceError` or ``CameraError``."""

    @abstractmethod
    def close(self) -> None:
        """Let the file or device go; a second time does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
