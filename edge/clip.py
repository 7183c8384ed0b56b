"""Writing clips as H.264 MP4 that every phone and browser plays."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final

import av
import av.container
import cv2
import numpy as np

from edge.frames import Frame, Picture

CLOCK: Final = Fraction(1, 90_000)
"""The time base of the stream: the one that MPEG systems use."""

QUALITY: Final = 23
"""x264's constant rate factor; its default, visually close to the source."""


def picture_size(clip: Path) -> tuple[int, int]:
    """Return width and height in pixels of a clip that :class:`ClipWriter` wrote.

    :raises OSError: there is no such file.
    """
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


class ClipWriter:
    """Encodes frames as they come; the file is complete after :meth:`close`.

        with ClipWriter(Path("clip.mp4")) as clip:
            clip.write(frame)

    The index is put first (faststart), sizes are even and the first time is 0. Frames of another
    size than the first one are made to fit.

    :param path: the file to write; it appears under its name only when it is complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._container = av.open(
            str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._stream: av.VideoStream | None = None
        self._first = 0.0
        self._last_pts = -1

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, frame: Frame) -> None:
        """Add one frame; a time that does not move forward is left out."""
        if self._stream is None:
            self._stream = self._add_stream(frame.picture)
            self._first = frame.time
        pts = round((frame.time - self._first) / CLOCK)
        if pts <= self._last_pts:
            return
        self._last_pts = pts
        picture = self._fit(frame.picture, self._stream.width, self._stream.height)
        encoded = av.VideoFrame.from_ndarray(picture, format="bgr24")
        encoded.pts, encoded.time_base = pts, CLOCK
        self._container.mux(self._stream.encode(encoded))

    def _add_stream(self, picture: Picture) -> av.VideoStream:
        stream = self._container.add_stream("libx264", rate=30)
        stream.height, stream.width = (max(2, side // 2 * 2) for side in picture.shape[:2])
        stream.pix_fmt = "yuv420p"
        # The encoder's clock as well: left at 1/30 s it would round every time to it.
        stream.time_base = stream.codec_context.time_base = CLOCK
        # A key frame every second lets the page jump to the worst moment at once.
        stream.options = {"preset": "veryfast", "crf": str(QUALITY), "g": "30"}
        return stream

    @staticmethod
    def _fit(picture: Picture, width: int, height: int) -> Picture:
        if abs(picture.shape[1] - width) <= 1 and abs(picture.shape[0] - height) <= 1:
            return np.ascontiguousarray(picture[:height, :width])
        return np.asarray(cv2.resize(picture, (width, height)), dtype=np.uint8)

    def close(self) -> None:
        """Finish the file and give it its name; without any frame there is no file."""
        if self._stream is None:
            self.discard()
            return
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._partial.replace(self.path)

    def discard(self) -> None:
        """Give the file up, also one that could not be written to its end: the disk may be full."""
        self._partial.unlink(missing_ok=True)
        with suppress(OSError):  # what is written now is nobody's, and there is no room for it
            self._container.close()
