"""Whether anything has changed in a picture since somebody last looked through all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.frames import Picture
from edge.track import FloatArray

LONG_SIDE: Final = 112
"""Areas along a picture's longer side that are compared: the averages of so many pixels have no
noise to speak of, and the smallest person who is found covers a dozen."""

LEVELS: Final = 6
"""Of 255: an area whose brightness differs by more has changed. Compression moves still areas of
filmed clips by up to 4, now and then."""

AREAS: Final = 3
"""So many areas that have changed are something."""

MARGIN: Final = 0.15
"""Share of a body's size that flesh and clothes reach beyond its joints."""

Place = tuple[float, float, float, float]
"""Left, top, right and bottom of a body, in pixels."""


class Scene:
    """What a picture looked like when it was last looked through, but for where bodies were known.

    scene = Scene()
    scene.changed(picture, [])     # True: it was never looked through
    scene.keep(picture, [])
    """

    def __init__(self) -> None:
        self._kept: npt.NDArray[np.int16] | None = None
        self._places: list[Place] = []

    def keep(self, picture: Picture, places: Sequence[Place]) -> None:
        """Take this picture as the one to compare with.

        :param places: where there is somebody who is known.
        """
        self._kept, self._places = _areas(picture), list(places)

    def changed(self, picture: Picture, places: Sequence[Place]) -> bool:
        """Tell whether it differs where nobody known is, or was when it was kept."""
        now, kept = _areas(picture), self._kept
        if kept is None or kept.shape != now.shape:
            return True
        differs = np.abs(now - kept) > LEVELS
        scale = LONG_SIDE / max(picture.shape[:2])
        for place in np.round(scale * np.array([*self._places, *places])).clip(0).astype(int):
            left, top, right, bottom = place.tolist()
            differs[top:bottom, left:right] = False
        return int(np.count_nonzero(differs)) >= AREAS


def place_of(points: FloatArray) -> Place:
    """Return the place of somebody whose joints are at [N, 2] pixels."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * (high - low).max()
    (left, top), (right, bottom) = (low - margin).tolist(), (high + margin).tolist()
    return left, top, right, bottom


def _areas(picture: Picture) -> npt.NDArray[np.int16]:
    height, width = picture.shape[:2]
    scale = LONG_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.int16)
