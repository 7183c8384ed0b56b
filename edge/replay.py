"""The replay to take home: the clip with the subject's skeleton in it, and nobody's face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.clip import ClipWriter
from edge.frames import Frame, Picture
from edge.frames.video import VideoFile, VideoLimits
from edge.joints import BODY_25, BONES, INDEX, MID_HIP, NECK
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import BoolArray, FloatArray, PoseTrack, once_per_track

LEFT: Final = (80, 220, 80)
RIGHT: Final = (60, 160, 255)
MIDDLE: Final = (255, 255, 255)
"""Colours, blue-green-red: the person's left green, their right orange, the middle white."""

MAX_GAP: Final = 0.25
"""Seconds over which a skeleton is drawn between two sights; over longer gaps there is none."""


FACE: Final = tuple(INDEX[name] for name in ("Nose", "REye", "LEye", "REar", "LEar"))

FACE_GAP: Final = 1.0
"""Seconds over which a face is thought to go straight from one sight to the next."""

FACE_STAYS: Final = 0.5
"""Seconds before the first and after the last sight in which a face is blurred all the same."""

HEAD_OVER_TRUNK: Final = 0.3
"""Half the height of a head, hair and chin included, over the length of the trunk."""


def render_replay(
    clip: Path, track: PoseTrack, output: Path, others: Sequence[PoseTrack] = ()
) -> None:
    """Write ``clip`` with the skeleton of ``track`` drawn into it as an H.264 MP4.

        render_replay(Path("clip.mp4"), session.track, Path("replay.mp4"), session.others)

    The heads of all who are known are blurred: people send each other what they take home.

    :param clip: the clean clip, whose times are those of the track from its first frame on.
    :param track: the subject, in pixels of the clip; times from 0.
    :param others: everybody else who was seen.
    :raises SourceError: the clip cannot be read.
    """
    # Our own clip: it is not made smaller and no frame of it is left out.
    limits = VideoLimits(seconds=np.inf, side=1 << 14, rate=1000.0)
    with VideoFile(clip, limits) as video, ClipWriter(output) as replay:
        for frame in video:
            picture = frame.picture.copy()
            for person in (track, *others):
                blur_head(picture, head_at(person, frame.time))
            draw_skeleton(picture, *joints_at(track, frame.time))
            replay.write(Frame(picture, frame.time))


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


Head = tuple[float, float, float]
"""Middle and radius of a head, in pixels."""


def head_at(track: PoseTrack, time: float) -> Head | None:
    """Return where somebody's head is at ``time`` (seconds); None: they are not in the picture.

    A head that is not seen for a moment is thought to be on its way between two sights: a face
    that shows for a few frames is a face that shows.
    """
    heads = [(t, h) for t, h in zip(track.times, _heads(track), strict=True) if h is not None]
    times = np.array([t for t, _ in heads])
    if not len(times) or not times[0] - FACE_STAYS <= time <= times[-1] + FACE_STAYS:
        return None
    after = min(int(np.searchsorted(times, time)), len(times) - 1)
    before = max(after - 1, 0) if times[after] > time else after
    if times[after] - times[before] > FACE_GAP:
        nearest = min((before, after), key=lambda i: abs(times[i] - time))
        return heads[nearest][1] if abs(times[nearest] - time) <= FACE_STAYS else None
    ends = np.array([heads[before][1], heads[after][1]]).T
    x, y, radius = (
        np.interp(time, times[[before, after]], e) if after > before else e[0] for e in ends
    )
    return float(x), float(y), float(radius)


@once_per_track
def _heads(track: PoseTrack) -> list[Head | None]:
    """Return the head in each frame of a track, or None."""
    good = (track.confidence >= MIN_CONFIDENCE) & np.isfinite(track.joints).all(axis=2)
    trunks = np.hypot(*(track.joints[:, MID_HIP] - track.joints[:, NECK]).T)
    trunks = trunks[good[:, [NECK, MID_HIP]].all(axis=1)]
    # Whoever bends forward has a trunk that looks shorter, but no smaller head.
    radius = HEAD_OVER_TRUNK * float(np.percentile(trunks, 90)) if len(trunks) else 0.0
    return [_head(*sight, radius) for sight in zip(track.joints, good, strict=True)]


def _head(joints: FloatArray, good: BoolArray, radius: float) -> Head | None:
    """Return middle and radius of the head from the face's joints, or else from neck and trunk."""
    face = joints[[joint for joint in FACE if good[joint]]]
    if len(face):
        x, y = face.mean(axis=0).tolist()
    elif good[[NECK, MID_HIP]].all():
        x, y = (joints[NECK] + (joints[NECK] - joints[MID_HIP]) * 1.5 * HEAD_OVER_TRUNK).tolist()
    else:
        return None
    wide = float(np.hypot(*np.ptp(face, axis=0))) if len(face) > 1 else 0.0
    radius = max(radius, wide)
    return (x, y, radius) if radius else None


def blur_head(picture: Picture, head: Head | None) -> None:
    """Blur a head beyond recognition; changed in place.

    :param picture: [height, width, 3].
    :param head: where; None: nothing happens.
    """
    if head is None:
        return
    (x, y, radius), (height, width) = head, picture.shape[:2]
    left, right = (int(np.clip(x + s * radius, 0, width)) for s in (-1, 1))
    top, bottom = (int(np.clip(y + s * radius, 0, height)) for s in (-1, 1))
    part = picture[top:bottom, left:right]
    if not part.size:
        return
    # Mixed up first: a blur alone can be undone in part, a handful of colours cannot.
    few = cv2.resize(part, (5, 5), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(few, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    down, across = np.ogrid[top:bottom, left:right]
    inside = (across - x) ** 2 + (down - y) ** 2 <= radius**2
    part[inside] = soft[inside]


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
