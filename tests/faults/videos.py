"""Short real videos of one squat, cheap enough to be scored by the hundred."""

from __future__ import annotations

from pathlib import Path

from edge.clip import ClipWriter
from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile

SQUAT = (2.0, 4.2)
"""Seconds of the demo clip from standing to standing."""


def short_squat(path: Path, every: int = 4, clip: str = "good") -> Path:
    """Write one squat of a demo clip.

    :param every: each so manieth picture is kept: 4 leaves seven and a half a second.
    """
    with VideoFile(DEMO_CLIPS / f"{clip}.mp4") as video, ClipWriter(path) as writer:
        for number, frame in enumerate(video):
            if SQUAT[0] <= frame.time < SQUAT[1] and number % every == 0:
                writer.write(frame)
    return path
