"""Writing clips as H.264 MP4 that every phone and browser plays."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final

import av
import av.container
import av.error
import cv2
import numpy as np

from edge.errors import SourceError
from edge.frames import Frame, Picture

CLOCK: Final = Fraction(1, 90_000)
"""The time base of the stream: the one that MPEG systems use."""

PRESET: Final = "ultrafast"
"""x264's: against ``veryfast`` it takes a third of the processor's time, for three and a half times
the bytes, which are 180 kB a second; see docs/performance.md."""

QUALITY: Final = 23
"""x264's constant rate factor; its default, visually close to the source."""

ROOM: Final = 8
"""Pictures that may wait for the encoder. Whoever writes faster than it encodes waits then."""

Planes = Picture
"""A picture as the encoder takes it: [height * 3 / 2, width], brightness, then both colours at half
the size (I420)."""


Draw = Callable[[Planes], Planes]
"""Makes another picture of one, and leaves that as it is."""


def picture_size(clip: Path) -> tuple[int, int]:
    """Return width and height in pixels of a clip that :class:`ClipWriter` wrote.

    :raises OSError: there is no such file.
    """
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


def read_planes(clip: Path) -> Iterator[tuple[Planes, float]]:
    """Give the pictures of a clip that :class:`ClipWriter` wrote, and their times in seconds.

    :raises SourceError: it cannot be read.
    """
    try:
        with av.open(str(clip)) as container:
            for picture in container.decode(video=0):
                planes = picture.to_ndarray(format="yuv420p")
                yield np.asarray(planes, dtype=np.uint8), float(picture.time or 0.0)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise SourceError("the clip cannot be read") from error


def channels(planes: Planes) -> tuple[Picture, Picture, Picture]:
    """Return brightness and the two colours of a picture; what is changed there is changed in it.

    :param planes: the colours have half its height and width.
    """
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    blue, red = planes[height:].reshape(2, height // 2, width // 2)
    return planes[:height], blue, red


class ClipWriter:
    """Encodes frames as they come; the file is complete after :meth:`close`.

        with ClipWriter(Path("clip.mp4")) as clip:
            clip.write(frame)

    A thread of its own encodes, so that whoever writes finds the joints of the next picture
    meanwhile; what goes wrong there is raised by the next call. The index is put first (faststart),
    sizes are even and the first time is 0. Frames of another size than the first one are made to
    fit.

    :param path: the file to write; it appears under its name only when it is complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._container = av.open(
            str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._size: tuple[int, int] | None = None
        self._first = 0.0
        self._last_pts = -1
        self._waiting: queue.Queue[tuple[int, Planes, Draw | None] | None] = queue.Queue(ROOM)
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

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
        self.add(self.planes(frame.picture), frame.time)

    def planes(self, picture: Picture) -> Planes:
        """Return a picture as the encoder takes it, in the size of the first one."""
        height, width = picture.shape[:2]
        if self._size is None:
            self._size = (max(2, width // 2 * 2), max(2, height // 2 * 2))
        more = width - self._size[0], height - self._size[1]
        if all(0 <= one <= 1 for one in more):
            picture = picture[: self._size[1], : self._size[0]]
        else:
            picture = np.asarray(cv2.resize(picture, self._size), dtype=np.uint8)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)

    def add(self, planes: Planes, time: float, draw: Draw | None = None) -> None:
        """Add what :meth:`planes` made of a picture; it is not to be changed any more.

        :param time: seconds.
        :param draw: makes of it the picture to encode, in the encoder's thread.
        """
        if self._error:
            raise self._error
        if self._thread is None:
            self._size = planes.shape[1], planes.shape[0] * 2 // 3
            self._first = time
            self._thread = threading.Thread(target=self._encode_all, name="encoder", daemon=True)
            self._thread.start()
        pts = round((time - self._first) / CLOCK)
        if pts > self._last_pts:
            self._last_pts = pts
            self._waiting.put((pts, planes, draw))

    def close(self) -> None:
        """Finish the file and give it its name; without any frame there is no file."""
        if self._thread is None:
            self.discard()
            return
        self._waiting.put(None)
        self._thread.join()
        if self._error:
            raise self._error
        self._container.close()
        self._partial.replace(self.path)

    def discard(self) -> None:
        """Give the file up, also one that could not be written to its end: the disk may be full."""
        if self._thread is not None and self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        with suppress(OSError):  # what is written now is nobody's, and there may be no room for it
            self._container.close()
        self._partial.unlink(missing_ok=True)

    def _encode_all(self) -> None:
        """Encode until there is no more; after an error only take what comes, so nobody waits."""
        stream: av.VideoStream | None = None
        while True:
            one = self._waiting.get()
            try:
                if one is not None and self._error is None:
                    stream = stream or self._add_stream()
                    pts, planes, draw = one
                    picture = av.VideoFrame.from_ndarray(
                        draw(planes) if draw else planes, format="yuv420p"
                    )
                    picture.pts, picture.time_base = pts, CLOCK
                    self._container.mux(stream.encode(picture))
                elif stream is not None and self._error is None:
                    self._container.mux(stream.encode(None))
            except Exception as error:  # noqa: BLE001 - whoever writes is told, or would wait
                self._error = error
            if one is None:
                return

    def _add_stream(self) -> av.VideoStream:
        stream = self._container.add_stream("libx264", rate=30)
        if self._size is not None:
            stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # fast enough, and a tenth less work than with three
        # The encoder's clock as well: left at 1/30 s it would round every time to it.
        stream.time_base = stream.codec_context.time_base = CLOCK
        # A key frame every second lets the page jump to the worst moment at once.
        stream.options = {"preset": PRESET, "crf": str(QUALITY), "g": "30"}
        return stream
