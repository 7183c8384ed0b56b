"""Whether the camera sees what the classifier needs: from the front, and the whole body."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import L_HIP, L_SHOULDER, MID_HIP, NECK, R_HIP, R_SHOULDER, TEN
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import PoseTrack

FACING: Final = 0.25
"""Least width of shoulders and hips over the torso. From the front it is about 0.5; turned by an
angle it shrinks with the cosine, and it is negative from behind."""


def frontal_width(track: PoseTrack) -> float:
    """Return the width of shoulders and hips, right to left, over the length of the torso.

    The median over the track; NaN where shoulders and hips were never seen together.
    """
    corners = [R_SHOULDER, L_SHOULDER, R_HIP, L_HIP, NECK, MID_HIP]
    good = (track.confidence[:, corners] >= MIN_CONFIDENCE).all(axis=1)
    if not good.any():
        return float("nan")
    joints = track.joints[good]
    torso = np.percentile(np.hypot(*(joints[:, NECK] - joints[:, MID_HIP]).T), 90)
    shoulders = joints[:, L_SHOULDER, 0] - joints[:, R_SHOULDER, 0]
    hips = joints[:, L_HIP, 0] - joints[:, R_HIP, 0]
    return float(np.median((shoulders + hips) / 2) / torso)


def well_seen(track: PoseTrack) -> npt.NDArray[np.bool_]:
    """Return [T] whether all ten joints were seen well in each frame."""
    return np.asarray((track.confidence[:, list(TEN)] >= MIN_CONFIDENCE).all(axis=1))
