"""The clean clip as it is kept: nobody in it can be recognised by their face."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.clip import ClipWriter, Planes, channels
from edge.frames import Frame, Picture
from edge.joints import INDEX, MID_HIP, NECK
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import Pose

FACE: Final = tuple(INDEX[name] for name in ("Nose", "REye", "LEye", "REar", "LEar"))

HEAD_OVER_TRUNK: Final = 0.3
"""Half the height of a head, hair and chin included, over the length of the trunk."""

MEMORY: Final = 0.4
"""Seconds for which a head is hidden before it is first seen and after it was last seen. Pictures
wait for so long before they are encoded: whoever enters shows their face a moment before they are
found, and a head that is missed for a moment is on its way from one sight to the next."""

FASTEST: Final = 22.0
"""Radii a second: a head that is further away is another one (2 body heights of 11 radii each)."""

SHRINKS: Final = 0.1
"""Share of its size that a head may lose in a second: whoever bends forward has a trunk that looks
shorter, but no smaller head; whoever walks away has."""

TREND: Final = 0.1
"""Seconds after which it is known where a head that was found has come from."""

UNSURE: Final = 1.6
"""Times its radius that a head is hidden until :data:`MEMORY` after it was found: where it was
before is a guess, and the model needs some pictures to see well where it is."""

TILES: Final = 5
"""So many areas of one colour a head is made of, across and down."""

Head = tuple[float, float, float]
"""Middle and radius of a head, in pixels."""


@dataclass(slots=True)
class _Known:
    """A head that is followed.

    :param time: of its last sight.
    :param head: where it was then.
    :param found: time and place of its first sight.
    :param traced: whether it is hidden where it came from.
    """

    time: float
    head: Head
    found: tuple[float, Head]
    traced: bool = False


@dataclass(slots=True)
class _Waiting:
    """A picture that is not encoded yet, and the heads to hide in it."""

    time: float
    planes: Planes
    heads: list[Head] = field(default_factory=list)


class FacelessClip:
    """Encodes frames as they come, each head in them hidden.

        clip = FacelessClip(Path("clip.mp4"))
        clip.write(frame, stream.estimate(frame))
        clip.close()

    Only who is found by the pose model is hidden.

    :param path: the file to write; it appears under its name only when it is complete.
    :param also: gets each picture as well, heads hidden, and its time in seconds; it is not to
        change it.
    """

    def __init__(self, path: Path, also: Callable[[Planes, float], None] | None = None) -> None:
        self._writer = ClipWriter(path)
        self._also = also
        self._waiting: deque[_Waiting] = deque()
        self._known: list[_Known] = []
        self._followed = -np.inf
        self._whole = False

    def write(self, frame: Frame, people: Sequence[Pose] | None) -> None:
        """Add one frame and everybody in it; None: nobody looked, and heads are on their way."""
        self._waiting.append(_Waiting(frame.time, self._writer.planes(frame.picture)))
        while frame.time - self._waiting[0].time > MEMORY:
            self._encode_one()
        if people is not None:
            self._follow(frame.time, [head for one in people if (head := head_of(one))])

    def close(self) -> None:
        """Finish the file; without any frame there is none."""
        while self._waiting:
            self._encode_one()
        self._writer.close()
        self._whole = True

    def discard(self) -> None:
        """Give the file up, also one that is finished."""
        self._waiting.clear()
        if self._whole:
            self._writer.path.unlink(missing_ok=True)
        else:
            self._writer.discard()

    def _encode_one(self) -> None:
        picture = self._waiting.popleft()
        if picture.time > self._followed:  # the clip ends, or its clock makes a leap: nobody looked
            picture.heads += [_larger(known.head) for known in self._known]
        for head in picture.heads:
            hide(picture.planes, head)
        self._writer.add(picture.planes, picture.time)
        if self._also:
            self._also(picture.planes, picture.time)

    def _follow(self, time: float, heads: list[Head]) -> None:
        """Note in which of the pictures that wait each head is to be hidden, and where."""
        lost, self._known = self._known, []
        for seen in heads:
            before = min(lost, key=lambda known: _apart(known.head, seen), default=None)
            if before is None or not _may_be(before, time, seen):
                self._known.append(_Known(time, seen, found=(time, seen)))
                for picture in self._waiting:
                    picture.heads.append(_larger(seen))
                continue
            lost.remove(before)
            least = before.head[2] * (1 - SHRINKS * (time - before.time))
            head = seen[0], seen[1], max(seen[2], least)
            now = _Known(time, head, before.found, before.traced)
            unsure = time - now.found[0] <= MEMORY
            for picture in self._waiting:
                if picture.time > before.time:
                    share = (picture.time - before.time) / (time - before.time)
                    between = _between(before.head, head, share)
                    picture.heads.append(_larger(between) if unsure else between)
            if not now.traced and time - now.found[0] >= TREND:
                self._trace_back(now)
                now.traced = True
            self._known.append(now)
        for known in lost:
            for picture in self._waiting:
                if self._followed < picture.time <= known.time + MEMORY:
                    picture.heads.append(known.head)
            if time - known.time <= MEMORY:
                self._known.append(known)
        self._followed = time

    def _trace_back(self, now: _Known) -> None:
        """Hide a head on the way that it came, going by where it went once it was found."""
        time, head = now.found
        for picture in self._waiting:
            if picture.time < time:
                share = (picture.time - time) / (now.time - time)
                x, y, _ = _between(head, now.head, share)
                picture.heads.append(_larger((x, y, max(head[2], now.head[2]))))


def _may_be(known: _Known, time: float, seen: Head) -> bool:
    """Tell whether a head can have come so far."""
    return _apart(known.head, seen) <= seen[2] * (1 + FASTEST * (time - known.time))


def _larger(head: Head) -> Head:
    return head[0], head[1], head[2] * UNSURE


def _apart(one: Head, other: Head) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def _between(one: Head, other: Head, share: float) -> Head:
    x, y, radius = (a + share * (b - a) for a, b in zip(one, other, strict=True))
    return x, y, radius


def head_of(pose: Pose) -> Head | None:
    """Return where somebody's head is: by the face's joints, or else by neck and trunk."""
    joints = pose.joints
    good = (pose.confidence >= MIN_CONFIDENCE) & np.isfinite(joints).all(axis=1)
    trunk = joints[NECK] - joints[MID_HIP]
    face = joints[[joint for joint in FACE if good[joint]]]
    if len(face):
        x, y = face.mean(axis=0).tolist()
    elif good[NECK] and good[MID_HIP]:
        x, y = (joints[NECK] + trunk * 1.5 * HEAD_OVER_TRUNK).tolist()
    else:
        return None
    wide = float(np.hypot(*np.ptp(face, axis=0))) if len(face) else 0.0
    radius = max(HEAD_OVER_TRUNK * float(np.nan_to_num(np.hypot(*trunk))), wide)
    return (x, y, radius) if radius > 0 else None


def hide(planes: Planes, head: Head) -> None:
    """Make a head a handful of colours; changed in place.

    :param planes: of a picture, as :meth:`edge.clip.ClipWriter.planes` returns them.
    """
    brightness, *colours = channels(planes)
    _mix(brightness, *head)
    x, y, radius = (one / 2 for one in head)
    for colour in colours:
        _mix(colour, x, y, radius + 0.5)


def _mix(plane: Picture, x: float, y: float, radius: float) -> None:
    height, width = plane.shape
    left, right = (int(np.clip(x + s * radius, 0, width)) for s in (-1, 1))
    top, bottom = (int(np.clip(y + s * radius, 0, height)) for s in (-1, 1))
    part = plane[top:bottom, left:right]
    if not part.size:
        return
    # Averages, not a soft blur: that can be undone in part, a handful of colours cannot.
    few = cv2.resize(part, (TILES, TILES), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(few, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    down, across = np.ogrid[top:bottom, left:right]
    inside = (across - x) ** 2 + (down - y) ** 2 <= radius**2
    part[:] = np.where(inside, soft, part)
