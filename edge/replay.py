"""The replay to take home: the clip with the subject's skeleton in it."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.clip import ClipWriter, Planes, channels, read_planes
from edge.frames import Picture
from edge.frames.ahead import read_ahead
from edge.joints import BODY_25, BONES, INDEX
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import FloatArray, Pose, PoseTrack

LEFT: Final = (80, 220, 80)
RIGHT: Final = (60, 160, 255)
MIDDLE: Final = (255, 255, 255)
BLACK: Final = (0, 0, 0)
"""Colours, blue-green-red: the person's left green, their right orange, the middle white, and what
goes around the bones."""

BONE_ENDS: Final = tuple((INDEX[one], INDEX[other]) for one, other in BONES)
"""The two joints of each bone; the second one gives its colour."""

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
    with closing(read_ahead(read_planes(clip))) as pictures, ClipWriter(output) as replay:
        for planes, time in pictures:
            joints, confidence = joints_at(track, time)
            replay.add(planes, time, partial(draw_skeleton, joints=joints, confidence=confidence))


class ReplayAlong:
    """Draws the replay while the clip is being scored, of whoever is the provisional subject.

        replay = ReplayAlong(Path("along.mp4"))
        replay.see(time, subject)                # as soon as it is known
        replay.write(planes, time)               # a moment later
        replay.close()                           # all are written
        replay.track = track                     # of whoever was judged
        if not replay.take(output):              # it was somebody else, or not all of it
            render_replay(clip, track, output)

    Nearly always who is followed is who is judged; then the clip needs not be decoded again.

    :param path: the file to write.
    """

    def __init__(self, path: Path) -> None:
        self._writer = ClipWriter(path)
        self._seen: deque[tuple[float, Pose]] = deque()
        self._drawn: list[tuple[float, FloatArray, FloatArray]] = []
        self._first: float | None = None
        self._over = False
        self._whole = self._failed = False
        self.track = PoseTrack.empty()
        """What it is to show; known after the assessment."""

    def see(self, time: float, subject: Pose) -> None:
        """Hear where the subject is at ``time``, in seconds from the first frame on."""
        self._seen.append((time, subject))

    def write(self, planes: Planes, time: float) -> None:
        """Draw one picture of which it is known who was seen up to :data:`MAX_GAP` later.

        :param time: seconds on the frames' clock.
        """
        self._first = time if self._first is None else self._first
        time -= self._first
        while len(self._seen) > 1 and self._seen[1][0] <= time:
            self._seen.popleft()
        around = PoseTrack.from_poses(list(islice(self._seen, 2)))
        joints, confidence = joints_at(around, time)
        self._drawn.append((time, joints, confidence))
        draw = partial(draw_skeleton, joints=joints, confidence=confidence)
        with self._trouble_is_for_later():
            self._writer.add(planes, time, draw)

    def close(self) -> None:
        """Finish the file, of which it is not known yet whether it is wanted."""
        with self._trouble_is_for_later():
            self._writer.close()
            self._whole = bool(self._drawn) and not self._failed

    @contextmanager
    def _trouble_is_for_later(self) -> Iterator[None]:
        """Cost nobody their verdict: drawing it again will show what is wrong."""
        try:
            yield
        except Exception:  # noqa: BLE001 - whatever the drawing or the encoder met
            self._failed = True

    def take(self, output: Path) -> bool:
        """Move the replay to ``output`` if it shows the track; else remove it.

        :returns: whether ``output`` is there; False also the second time.
        :raises OSError: there is no such place any more.
        """
        if self._over:
            return False
        self._over = True
        try:
            there = self._whole and self._writer.path.is_file()
            if there and all(self._shows(*drawn) for drawn in self._drawn):
                shutil.move(self._writer.path, output)
                return True
            return False
        finally:
            self._remove()

    def discard(self) -> None:
        """Give it up, unless it was taken."""
        if not self._over:
            self._over = True
            self._remove()

    def _remove(self) -> None:
        if self._whole:
            self._writer.path.unlink(missing_ok=True)
        else:
            self._writer.discard()

    def _shows(self, time: float, joints: FloatArray, confidence: FloatArray) -> bool:
        right, sure = joints_at(self.track, time)
        return np.array_equal(sure, confidence) and np.array_equal(right, joints, equal_nan=True)


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


def draw_skeleton(planes: Planes, joints: FloatArray, confidence: FloatArray) -> Planes:
    """Return the picture with one person's bones and joints in it.

    :param planes: the picture.
    :param joints: [25, 2] pixels.
    :param confidence: [25]; joints below the least confidence are left out.
    """
    good = (confidence >= MIN_CONFIDENCE) & np.isfinite(joints).all(axis=1)
    bones = [pair for pair in BONE_ENDS if good[list(pair)].all()]
    drawn: Planes = planes.copy()
    brightness, *colours = channels(drawn)
    thickness = max(2, brightness.shape[0] // 180)
    for number, channel in enumerate((brightness, *colours)):
        scale = 1 if number == 0 else 2
        thin, thick = (max(1, round(t / scale)) for t in (thickness, thickness + 2))
        # Fixed-point coordinates with 3 fractional bits keep the skeleton from trembling.
        points = (
            np.round(np.nan_to_num(joints) * (8 / scale)).clip(-(2**20), 2**20).astype(np.int32)
        )
        _draw_lines(channel, points, bones, as_planes(BLACK)[number], thick)
        for colour in (MIDDLE, RIGHT, LEFT):
            own = [pair for pair in bones if colour_of(BODY_25[pair[1]]) == colour]
            _draw_lines(channel, points, own, as_planes(colour)[number], thin)
        for index in np.flatnonzero(good):
            value, radius = as_planes(colour_of(BODY_25[index]))[number], (thickness + 1) * 8
            middle = points[index].tolist()
            cv2.circle(channel, middle, radius // scale, value, -1, cv2.LINE_AA, 3)
    return drawn


def _draw_lines(
    channel: Picture,
    points: npt.NDArray[np.int32],
    pairs: list[tuple[int, int]],
    value: int,
    thickness: int,
) -> None:
    if pairs:
        cv2.polylines(channel, list(points[pairs]), False, value, thickness, cv2.LINE_AA, 3)


@cache
def as_planes(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a colour's brightness, blue and red as the planes have them, 0 to 255.

    :param colour: blue-green-red.
    """
    square = np.full((2, 2, 3), colour, np.uint8)
    brightness, blue, red = channels(
        np.asarray(cv2.cvtColor(square, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    )
    return int(brightness[0, 0]), int(blue[0, 0]), int(red[0, 0])


@cache
def colour_of(joint: str) -> tuple[int, int, int]:
    """Return the colour of a joint by the side of the body it is on."""
    if joint[0] == "L" and joint[1:2].isupper():
        return LEFT
    if joint[0] == "R" and joint[1:2].isupper():
        return RIGHT
    return MIDDLE
