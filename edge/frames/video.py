"""Frames of a video file, decoded in this process by PyAV.

Files from strangers are decoded by :mod:`edge.frames.sandbox` instead, which runs this module in
a child process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Final

import av
import av.container
import av.error
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from edge.errors import SourceError
from edge.frames import RATE_TOLERANCE, Frame, FrameSource, Picture

FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
"""The containers we open: what phones and browsers record, and no playlists."""

CODECS: Final = "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,h263,mjpeg,prores,gif"
"""The decoders we run: what phones, browsers and old cameras record. None for sound."""

PROTOCOLS: Final = "none"
"""No file and no address is ever opened by what stands in a video: the library gets open files."""

MOST_STREAMS: Final = 32
"""Tracks of a file; a phone's has up to eight, of which most are its sensors'."""

MOST_RATE: Final = 250.0
"""Pictures a second on average that are decoded at most; the fastest phones film 240."""

THREADS: Final = 4
"""For decoding: each takes pictures' worth of memory, and the pose model wants processors, too."""

ONE_THREAD: Final = 1280 * 720
"""Pixels of a picture up to which one thread decodes faster than the joints are found; several take
a tenth more processor time for the same."""

CUT_SECONDS: Final = 0.5
CUT_SHARE: Final = 0.1
"""A video may end so much earlier than it states, in seconds and as a share, and be whole."""


def open_file(path: Path) -> FileIO:
    """Open a file that can be a video.

    :raises SourceError: it cannot.
    """
    try:
        if not path.is_file():
            raise SourceError("there is no such file")
        if path.stat().st_size == 0:
            raise SourceError("the file is empty")
        return FileIO(path)
    except OSError as error:
        raise SourceError(f"the file cannot be opened: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may be at most.

    :param seconds: longest clip.
    :param pixels: largest picture, width times height.
    :param side: pictures are made smaller until their longer side has at most so many pixels.
    :param rate: frames per second to give at most; frames in between are left out.
    """

    seconds: float = 180.0
    pixels: int = 4096 * 2304
    side: int = 720
    rate: float = 30.0

    @property
    def most_pixels(self) -> int:
        """Return how many pixels are given at most; both sides are even, and so may be longer."""
        return max(2, self.side + 1) ** 2


class VideoFile(FrameSource):
    """A video file as a source of upright frames with the file's own times.

        with VideoFile("squat.mp4") as video:
            for frame in video:
                ...

    Reads H.264, HEVC, VP8, VP9 and what else the codec library knows, in MP4, MOV, WebM, AVI or
    GIF, at a fixed or variable frame rate, with or without a stated duration. A rotation flag is
    applied.

    :param file: its path, or something with ``read()`` that gives the bytes as they come.
    :param limits: what to refuse and how large the pictures may be.
    :raises SourceError: the file is missing, empty or no video, or goes beyond the limits.
    """

    def __init__(self, file: str | Path | RawIOBase, limits: VideoLimits | None = None) -> None:
        self.limits = limits or VideoLimits()
        self._file = file if isinstance(file, RawIOBase) else open_file(Path(file))
        try:
            self._container = self._open()
        except BaseException:
            self._file.close()
            raise
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        codec = self._stream.codec_context
        codec.thread_count = 1 if codec.width * codec.height <= ONE_THREAD else THREADS
        self._scaler = VideoReformatter()  # a frame's own one would be made anew for each frame

    def _open(self) -> av.container.InputContainer:
        options = {
            "format_whitelist": FORMATS, "codec_whitelist": CODECS,
            "protocol_whitelist": PROTOCOLS, "max_streams": str(MOST_STREAMS),
        }  # fmt: skip
        try:
            container = av.open(self._file, "r", options=options)
        except (av.error.FFmpegError, ValueError, OSError) as error:
            # OSError: it names a place before the file's beginning.
            raise SourceError("this is not a video that can be read") from error
        try:
            self._check(container)
        except SourceError:
            container.close()
            raise
        return container

    def _check(self, container: av.container.InputContainer) -> None:
        if not container.streams.video:
            raise SourceError("there is no picture in this file")
        stream = container.streams.video[0]
        codec = stream.codec_context  # None: one that the library does not know
        if codec is None or codec.name not in CODECS.split(","):
            raise SourceError("the video is in a format that is not known here")
        self._check_size(codec.width, codec.height)
        if container.duration and container.duration / av.time_base > self.limits.seconds:
            raise SourceError(self._too_long())

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.limits.pixels:
            raise SourceError(
                f"the picture is too large ({width}x{height}); record at 1080p or below"
            )

    def _too_long(self) -> str:
        return f"the video is longer than {self.limits.seconds:.0f} s; record one set of squats"

    @property
    def duration(self) -> float | None:
        """Seconds, or None where the file does not say (a browser's recording)."""
        duration = self._container.duration
        return duration / av.time_base if duration else None

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        self._file.close()

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self._frames()
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError("the video is damaged or cut off") from error

    def _frames(self) -> Iterator[Frame]:
        first: float | None = None
        end = 0.0
        last = -np.inf
        least_gap = RATE_TOLERANCE / self.limits.rate
        most = MOST_RATE * self.limits.seconds
        for number, decoded in enumerate(self._container.decode(self._stream)):
            if number > most:  # all at the same time, for instance
                raise SourceError("the video has too many pictures; record one set of squats")
            self._check_size(decoded.width, decoded.height)  # it may change on the way
            time = decoded.time if decoded.time is not None else number / self._rate()
            first = time if first is None else first
            end = time + (decoded.duration or 0) * float(decoded.time_base or 0)
            time -= first
            if time - last < least_gap:
                continue
            if time > self.limits.seconds:
                raise SourceError(self._too_long())
            last = time
            yield Frame(self._upright(decoded), time)
        if first is None:
            raise SourceError("there is no picture in this file")
        self._check_end(max(0.0, end - first))  # a damaged file's clock may run backwards

    def _check_end(self, seconds: float) -> None:
        """Refuse a file that ends well before the length that it states.

        :raises SourceError: it was cut off, by a broken upload for instance.
        """
        stream, stated = self._stream, self.duration
        # An AVI states its length in its header; the library corrects it by what it finds.
        ticks = stream.frames if self._container.format.name == "avi" else stream.duration
        if ticks and stream.time_base:
            stated = float(ticks * stream.time_base)
        elif len(self._container.streams) > 1:
            return  # the length may be that of the sound
        if stated and stated - seconds > max(CUT_SECONDS, CUT_SHARE * stated):
            raise SourceError(
                f"the video is cut off after {seconds:.1f} of {stated:.1f} s; "
                "record or send it again"
            )

    def _rate(self) -> float:
        return float(self._stream.average_rate or 30)

    def _upright(self, decoded: av.VideoFrame) -> Picture:
        scale = min(1.0, self.limits.side / max(decoded.width, decoded.height))
        # Even sizes: H.264 with 4:2:0 colour cannot store odd ones.
        width = max(2, round(decoded.width * scale / 2) * 2)
        height = max(2, round(decoded.height * scale / 2) * 2)
        # Averages of areas: less work than the default, and nothing flickers that is made smaller.
        scaled = self._scaler.reformat(
            decoded, width, height, "bgr24", interpolation=Interpolation.AREA, threads=1
        )
        # PyAV gives the counter-clockwise turn that makes the picture upright.
        quarter_turns = round(decoded.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(scaled.to_ndarray(), quarter_turns))
