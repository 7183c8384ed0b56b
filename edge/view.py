"""Whether the camera sees what the classifier needs: from the front, and the whole body."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import L_HIP, L_SHOULDER, MID_HIP, NECK, R_HIP, R_SHOULDER, TEN
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import PoseTrack

FACING_SHOULDERS: Final = 0.5
FACING_HIPS: Final = 0.32
"""Widths over the length of the torso below which somebody is turned away, if both are below.

From the front shoulders are 0.56-0.72 and hips 0.36-0.43 wide; a turn shrinks them with its cosine,
and from behind they are negative. In three-quarter views, 35 degrees and more, they are 0.38-0.44
and 0.28-0.31. Arms overhead draw the shoulders together, but not the hips. (Measured with BlazePose
on real clips. The classifier has learnt from turns of up to 12 degrees.)
"""


def faces_camera(track: PoseTrack) -> bool | None:
    """Tell whether somebody faces the camera for most of the track.

    None where shoulders and hips were never seen together.
    """
    corners = [R_SHOULDER, L_SHOULDER, R_HIP, L_HIP, NECK, MID_HIP]
    good = (track.confidence[:, corners] >= MIN_CONFIDENCE).all(axis=1)
    if not good.any():
        return None
    joints = track.joints[good]
    torso = np.percentile(np.hypot(*(joints[:, NECK] - joints[:, MID_HIP]).T), 90)
    shoulders = np.median(joints[:, L_SHOULDER, 0] - joints[:, R_SHOULDER, 0])
    hips = np.median(joints[:, L_HIP, 0] - joints[:, R_HIP, 0])
    return bool(shoulders >= FACING_SHOULDERS * torso or hips >= FACING_HIPS * torso)


def well_seen(track: PoseTrack) -> npt.NDArray[np.bool_]:
    """Return [T] whether all ten joints were seen well in each frame."""
    return np.asarray((track.confidence[:, list(TEN)] >= MIN_CONFIDENCE).all(axis=1))
