"""Where somebody stands: whoever walks to another place does not repeat anything on the way."""

from __future__ import annotations

from math import hypot, isfinite
from typing import Final

import numpy as np

from edge.joints import L_ANKLE, NECK, R_ANKLE
from edge.track import FloatArray

SAME_PLACE: Final = 0.12
"""Neck-to-ankle lengths by which the feet may move while somebody stays where they are."""

LEFT_SECONDS: Final = 0.6
"""Seconds after which feet that are elsewhere will not come back."""


class Place:
    """Notices that somebody has gone to another place.

        place = Place()
        place.left(time, *standing(pose.joints))      # True: from here on they are elsewhere

    Walking towards the camera moves the hips in the picture as a repetition does, but the feet
    as well. A camera held by hand drifts less, and an ankle that is seen wrongly comes back.
    """

    def __init__(self) -> None:
        self._feet: tuple[float, float] | None = None
        self._size = 0.0
        self._here = 0.0  # when the feet were last seen in this place

    def left(self, time: float, x: float, y: float, size: float) -> bool:
        """Take where somebody stands at ``time`` (seconds); tell whether a new place begins there.

        Frames in which neck or ankles are not seen (NaN) change nothing.

        :param x, y, size: from :func:`standing`.
        """
        if not isfinite(size):
            return False
        known = self._feet is not None
        self._size = max(self._size, size)
        if self._feet and hypot(x - self._feet[0], y - self._feet[1]) <= SAME_PLACE * self._size:
            self._here = time
        elif not known or time - self._here >= LEFT_SECONDS:
            self._feet, self._size, self._here = (x, y), size, time
            return known
        return False


def standing(joints: FloatArray) -> FloatArray:
    """Return [..., 3] the middle of the ankles, x and y, and how far below the neck it is.

    :param joints: [..., 25, 2]; NaN where not seen.
    """
    feet = (joints[..., R_ANKLE, :] + joints[..., L_ANKLE, :]) / 2
    up = feet - joints[..., NECK, :]
    return np.concatenate([feet, np.hypot(up[..., :1], up[..., 1:])], axis=-1)
