"""The replay to take home: the clip with the subject's skeleton in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.clip import ClipWriter
from edge.frames import Picture
from edge.frames.ahead import read_ahead
from edge.frames.video import VideoFile, VideoLimits
from edge.joints import BODY_25, BONES, INDEX
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import FloatArray, PoseTrack

LEFT: Final = (80, 220, 80)
RIGHT: Final = (60, 160, 255)
MIDDLE: Final = (255, 255, 255)
"""Colours, blue-green-red: the person's left green, their right orange, the middle white."""

MAX_GAP: Final = 0.25
"""Seconds over which a skeleton is drawn between two sights; over longer gaps there is none."""


def render_replay(clip: Path, track: PoseTrack, output: Path) -> None:
    """Write ``clip`` with the skeleton of ``track`` drawn into it as an H.264 MP4.

        render_replay(Path("clip.mp4"), session.track, Path("replay.mp4"))

    :param clip: the clean clip, in which faces are hidden already, and whose times are those of the
        track from its first frame on.
    :param track: the subject, in pixels of the clip; times from 0.
    :raises SourceError: the clip cannot be read.
    """
    # Our own clip: it is not made smaller and no frame of it is left out.
    limits = VideoLimits(seconds=np.inf, side=1 << 14, rate=1000.0)
    with (
        VideoFile(clip, limits) as video,
        closing(read_ahead(video)) as frames,
        ClipWriter(output) as replay,
    ):
        for frame in frames:
            draw_skeleton(frame.picture, *joints_at(track, frame.time))
            replay.write(frame)


def joints_at(track: PoseTrack, time: float) -> tuple[FloatArray, FloatArray]:
    """Return [25, 2] joints and [25] confidences at ``time`` (seconds), between two sights.

    Where nobody was seen close to that time, all confidences are 0.
    """
    nothing = np.zeros((len(BODY_25), 2)), np.zeros(len(BODY_25))
    if not len(track):
        return nothing
    after = int(np.searchsorted(track.times, time))
    before = max(after - 1, 0)
    after = min(after, len(track) - 1)
    # The nearest sight, if it is that very frame but for rounding of the times.
    nearest = min((before, after), key=lambda i: abs(track.times[i] - time))
    if abs(track.times[nearest] - time) < 0.002 or before == after:
        if abs(track.times[nearest] - time) > MAX_GAP:
            return nothing
        return track.joints[nearest], track.confidence[nearest]
    gap = track.times[after] - track.times[before]
    if gap > MAX_GAP:
        return nothing
    share = (time - track.times[before]) / gap
    joints = (1 - share) * track.joints[before] + share * track.joints[after]
    return joints, np.minimum(track.confidence[before], track.confidence[after])


def draw_skeleton(picture: Picture, joints: FloatArray, confidence: FloatArray) -> None:
    """Draw one person's bones and joints into the picture.

    :param picture: [height, width, 3] blue-green-red; changed in place.
    :param joints: [25, 2] pixels.
    :param confidence: [25]; joints below the least confidence are left out.
    """
    good = (confidence >= MIN_CONFIDENCE) & np.isfinite(joints).all(axis=1)
    thickness = max(2, picture.shape[0] // 180)
    # Fixed-point coordinates with 3 fractional bits keep the skeleton from trembling.
    points = np.round(np.nan_to_num(joints) * 8).clip(-(2**20), 2**20).astype(int)
    for one, other in BONES:
        a, b = INDEX[one], INDEX[other]
        if good[a] and good[b]:
            ends = tuple(points[a].tolist()), tuple(points[b].tolist())
            cv2.line(picture, *ends, (0, 0, 0), thickness + 2, cv2.LINE_AA, 3)
            cv2.line(picture, *ends, colour_of(other), thickness, cv2.LINE_AA, 3)
    for index in np.flatnonzero(good):
        centre = tuple(points[index].tolist())
        cv2.circle(
            picture, centre, (thickness + 1) * 8, colour_of(BODY_25[index]), -1, cv2.LINE_AA, 3
        )


def colour_of(joint: str) -> tuple[int, int, int]:
    """Return the colour of a joint by the side of the body it is on."""
    if joint[0] == "L" and joint[1:2].isupper():
        return LEFT
    if joint[0] == "R" and joint[1:2].isupper():
        return RIGHT
    return MIDDLE
