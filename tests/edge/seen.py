"""What the real pose model sees in the rendered clips.

Looking at a clip takes longer than all that is made of it, and many tests want to know.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.frames.video import VideoFile
from edge.pose.blazepose import BlazePose
from edge.track import Pose
from tests.clips import KnownClip

Moments = list[tuple[float, list[Pose]]]


@dataclass(frozen=True)
class Sight:
    """The people in each frame of a clip, and their frame's time in seconds.

    :param size: width and height of the pictures, in pixels.
    """

    moments: Moments
    size: tuple[int, int]


Look = Callable[[str], Sight]


def look_at(name: str, folder: Path) -> Sight:
    """Return what is seen in a clip; whoever asks first looks, and keeps it in ``folder``."""
    kept = folder / f"seen-{name}.npz"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            keep(kept, look(KnownClip.load(name).video))
    with np.load(kept) as data:
        poses = [Pose(*both) for both in zip(data["joints"], data["confidence"], strict=True)]
        ends = data["counts"].cumsum()
        moments = [
            (float(time), poses[end - count : end])
            for time, count, end in zip(data["times"], data["counts"], ends, strict=True)
        ]
        width, height = data["size"]
    return Sight(moments, (int(width), int(height)))


def look(video: Path) -> Sight:
    """Return what the pose model sees in a video."""
    stream, size = BlazePose(threads=1).open_stream(), (0, 0)
    moments: Moments = []
    with VideoFile(video) as frames:
        for frame in frames:
            size = (frame.picture.shape[1], frame.picture.shape[0])
            moments.append((frame.time, stream.estimate(frame)))
    return Sight(moments, size)


def keep(path: Path, sight: Sight) -> None:
    """Write what was seen into a file."""
    poses = [pose for _, people in sight.moments for pose in people]
    np.savez(
        path,
        times=[time for time, _ in sight.moments],
        counts=[len(people) for _, people in sight.moments],
        joints=np.array([pose.joints for pose in poses]).reshape(-1, 25, 2),
        confidence=np.array([pose.confidence for pose in poses]).reshape(-1, 25),
        size=sight.size,
    )
