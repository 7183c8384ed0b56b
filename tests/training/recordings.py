"""A small data set of recordings: real videos, shortened, with a manifest."""

from __future__ import annotations

import csv
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import av

from edge.frames.video import VideoFile

SIZE = (640, 480)
"""Width and height of all rendered clips."""


def shorten(video: Path, target: Path, seconds: float) -> Path:
    """Write the beginning of a video into a file of its own."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with VideoFile(video) as source, av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height = SIZE
        for frame in takewhile(lambda frame: frame.time < seconds, source):
            picture = av.VideoFrame.from_ndarray(frame.picture, format="bgr24")
            picture.pts, picture.time_base = round(frame.time * 30), Fraction(1, 30)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return target


def write_manifest(path: Path, *rows: dict[str, object]) -> Path:
    """Write a manifest whose columns are the keys of all rows."""
    columns = list({column: None for row in rows for column in row})
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    return path
