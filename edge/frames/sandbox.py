"""Frames of a file from a stranger, decoded in a child process of its own."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import numpy as np

from edge.errors import SourceError
from edge.frames import Frame, FrameSource
from edge.frames.ahead import read_ahead
from edge.frames.child import GIVEN_UP, PATIENCE
from edge.frames.records import ERROR, FRAME, START
from edge.frames.spare import SpareDecoder, SpareKeeper
from edge.frames.video import VideoLimits, open_file


class SandboxedVideo(FrameSource):
    """A video file as a source of frames, decoded where it can do no harm.

        with SandboxedVideo("upload.bin") as video:
            for frame in video:
                ...

    The child may crash, hang or ask for too much memory: the iteration then ends in a
    :class:`~edge.errors.SourceError` and the child is gone. It is given the open file and can reach
    no other: :mod:`edge.frames.confinement`.

    A video that is still being recorded is given as its pieces, in an iterator that waits for the
    next one: frames then come as soon as they are there.

    :param file: the file's path, or its pieces.
    :param limits: as for :class:`~edge.frames.video.VideoFile`.
    :param patience: seconds of processor time to wait for a silent child; of any time for one that
        does nothing.
    :param spares: where a decoder may be ready; None: one is started now.
    :raises SourceError: the file cannot be read; already on construction where its beginning
        shows that.
    """

    def __init__(
        self,
        file: str | Path | Iterator[bytes],
        limits: VideoLimits | None = None,
        *,
        patience: float = PATIENCE,
        spares: SpareKeeper | None = None,
    ) -> None:
        limits = limits or VideoLimits()
        opened = open_file(Path(file)) if isinstance(file, (str, Path)) else _pipe(file)
        with opened:
            decoder = spares.take() if spares else SpareDecoder()
            self._child = decoder.use(opened, limits, patience=patience)
        try:
            self._duration = self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> float | None:
        record = self._child.record()
        if record.kind == ERROR:
            raise SourceError(record.words)
        try:
            duration = json.loads(record.body)["duration"] if record.kind == START else ""
        except (ValueError, TypeError, KeyError) as error:
            raise SourceError(GIVEN_UP) from error
        if duration is not None and not (
            isinstance(duration, (int, float)) and 0 <= duration < 1e6
        ):
            raise SourceError(GIVEN_UP)
        return duration

    @property
    def duration(self) -> float | None:
        """Seconds, or None where the file does not say."""
        return self._duration

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.end()

    def __iter__(self) -> Iterator[Frame]:
        frames = read_ahead(self._frames())
        try:
            for frame in frames:  # noqa: UP028 - yield from would close them before the child
                yield frame
        finally:
            self.close()  # a read that waits for the child ends then
            frames.close()

    def _frames(self) -> Iterator[Frame]:
        while True:
            record = self._child.record()
            if record.kind == ERROR:
                raise SourceError(record.words)
            if record.kind != FRAME:
                return
            shape = record.height, record.width, 3
            yield Frame(np.frombuffer(record.body, np.uint8).reshape(shape), record.time)


def _pipe(pieces: Iterator[bytes]) -> FileIO:
    """Return a pipe that a thread fills with the pieces, and that ends where they end."""
    read, write = os.pipe()
    threading.Thread(
        target=_feed, args=(pieces, FileIO(write, "w")), name="feeding a decoder", daemon=True
    ).start()
    return FileIO(read)


def _feed(pieces: Iterator[bytes], into: FileIO) -> None:
    """Pass the pieces on to a decoder, whose input ends where they end."""
    with suppress(BrokenPipeError), into:  # the child may have seen enough, or be gone
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[into.write(view) :]
