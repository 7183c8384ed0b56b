"""Whether the camera sees what is judged: from where it should, and the whole body."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from edge.exercise import MAX_TURN, Exercise
from edge.exercises import load
from edge.joints import INDEX, L_HIP, L_SHOULDER, MID_HIP, NECK, R_HIP, R_SHOULDER, SWAP
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import BoolArray, PoseTrack

SHOULDERS: Final = 0.61
HIPS: Final = 0.39
"""Widths over the length of the torso of somebody who faces the camera, at the narrow end.

From the front shoulders are 0.56-0.72 and hips 0.36-0.43 wide; a turn shrinks them with its cosine,
and from behind they are negative. In three-quarter views, 35 degrees and more, they are 0.38-0.44
and 0.28-0.31. Arms overhead draw the shoulders together, but not the hips: the wider of the two
tells. (Measured with BlazePose on real clips.)
"""

LEAST_LOW: Final = 0.1
"""Where the elbows are below the shoulders in this share of the frames, the others do not count."""


def turned_by(track: PoseTrack, view: Literal["front", "side"] = "front") -> float | None:
    """Return by how many degrees somebody is turned from the view, 0 to 180.

        turned_by(track)            # 0: faces the camera, 90: from the side, 180: from behind
        turned_by(track, "side")    # 0: from the side, 90: faces the camera or away from it

    An estimate from the widths of shoulders and hips over the length of the torso: good enough to
    tell a quarter turn. None where shoulders and hips were never seen together.
    """
    corners = [R_SHOULDER, L_SHOULDER, R_HIP, L_HIP, NECK, MID_HIP]
    good = (track.confidence[:, corners] >= MIN_CONFIDENCE).all(axis=1)
    if view == "side":
        # The far side of the body is hidden: a pose model guesses it, and says so.
        good = (track.confidence[:, [NECK, MID_HIP]] >= MIN_CONFIDENCE).all(axis=1)
        good &= np.isfinite(track.joints[:, corners]).all(axis=(1, 2))
    if not good.any():
        return None
    low = good & ~_elbows_up(track)
    if view == "front" and low.sum() >= LEAST_LOW * good.sum():
        good = low
    joints = track.joints[good]
    torso = joints[:, NECK] - joints[:, MID_HIP]
    length = float(np.percentile(np.hypot(*torso.T), 90))
    across = joints[:, [L_SHOULDER, L_HIP]] - joints[:, [R_SHOULDER, R_HIP]]
    if view == "side":
        # A turn shows the width of the body level in the picture, whether one stands or lies; what
        # is upright of it a camera above sees without any turn.
        share = np.median(np.abs(across[..., 0]), axis=0) / length / (SHOULDERS, HIPS)
        lying = np.median(np.abs(torso[:, 0]) - np.abs(torso[:, 1])) > 0
        # A lying body's length shrinks with the turn too, a standing one's does not.
        turn = np.arctan(share.mean()) if lying else np.arcsin(min(1.0, float(share.mean())))
        return float(np.degrees(turn))
    share = np.median(across[..., 0], axis=0) / length / (SHOULDERS, HIPS)
    return float(np.degrees(np.arccos(np.clip(share.max(), -1.0, 1.0))))


def _elbows_up(track: PoseTrack) -> BoolArray:
    """Return [T] whether the arms are raised, which draws the shoulders together."""
    elbows = track.joints[:, [INDEX["RElbow"], INDEX["LElbow"]], 1].mean(axis=1)
    return np.asarray(elbows < track.joints[:, NECK, 1])


def well_placed(track: PoseTrack, exercise: Exercise) -> bool | None:
    """Tell whether somebody is filmed from where the exercise must be; None: nobody knows."""
    turned = turned_by(track, exercise.view)
    return None if turned is None else turned <= MAX_TURN


def well_seen(track: PoseTrack, exercise: Exercise | None = None) -> BoolArray:
    """Return [T] whether all joints that the exercise needs were seen well in each frame.

    :param exercise: None: the default exercise.
    """
    exercise = exercise or load()
    good = track.confidence >= MIN_CONFIDENCE
    if exercise.view == "side":
        good |= good[:, list(SWAP)]
    return np.asarray(good[:, [INDEX[name] for name in exercise.joints]].all(axis=1))
