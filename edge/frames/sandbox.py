"""Frames of a file from a stranger, decoded in a child process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from edge.errors import SourceError
from edge.frames import Frame, FrameSource
from edge.frames.decoder import ERROR, FRAME, HEADER, START, STDIN, command
from edge.frames.video import VideoLimits

PATIENCE: Final = 30.0
"""Seconds without a byte from the child after which it is given up and killed."""

PIPE_BYTES: Final = 1 << 20
"""The largest pipe an ordinary user may ask for on Linux; a frame needs fewer switches so."""

PROJECT: Final = Path(__file__).resolve().parents[2]


class SandboxedVideo(FrameSource):
    """A video file as a source of frames, decoded where it can do no harm.

        with SandboxedVideo("upload.bin") as video:
            for frame in video:
                ...

    The child may crash, hang or ask for too much memory: the iteration then ends in a
    :class:`~edge.errors.SourceError` and the child is gone.

    A video that is still being recorded is given as its pieces, in an iterator that waits for the
    next one: frames then come as soon as they are there.

    :param file: the file's path, or its pieces.
    :param limits: as for :class:`~edge.frames.video.VideoFile`.
    :param patience: seconds to wait for a silent child.
    :raises SourceError: the file cannot be read; already on construction where its beginning
        shows that.
    """

    def __init__(
        self,
        file: str | Path | Iterator[bytes],
        limits: VideoLimits | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.patience = patience
        path = str(Path(file).absolute()) if isinstance(file, (str, Path)) else STDIN
        self._child = subprocess.Popen(
            command(path, limits or VideoLimits()),
            stdin=subprocess.PIPE if path == STDIN else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=PROJECT,
            # The child needs nothing of our environment but the way to its libraries.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        )
        if self._child.stdout is None:  # never with PIPE; tells the type checker
            raise SourceError("the decoder did not start")
        self._fd = self._child.stdout.fileno()
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        if not isinstance(file, (str, Path)):
            threading.Thread(
                target=self._feed, args=(file,), name="feeding a decoder", daemon=True
            ).start()
        try:
            self._duration = self._start()
        except SourceError:
            self.close()
            raise

    def _feed(self, pieces: Iterator[bytes]) -> None:
        """Pass the pieces on; the child's input ends where they end."""
        into = self._child.stdin
        if into is None:  # never with PIPE; tells the type checker
            return
        with suppress(BrokenPipeError), into:  # the child may have seen enough
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[into.write(view) :]

    def _start(self) -> float | None:
        kind, _, _, _, length = self._header()
        body = bytes(self._body(length))
        if kind != START:
            raise SourceError(body.decode())
        duration: float | None = json.loads(body)["duration"]
        return duration

    @property
    def duration(self) -> float | None:
        """Seconds, or None where the file does not say."""
        return self._duration

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.kill()
        if self._child.stdout:
            self._child.stdout.close()
        self._child.wait()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            kind, time, width, height, length = self._header()
            body = self._body(length)
            if kind == ERROR:
                raise SourceError(bytes(body).decode())
            if kind != FRAME:
                return
            yield Frame(np.frombuffer(body, np.uint8).reshape(height, width, 3), time)

    def _header(self) -> tuple[bytes, float, int, int, int]:
        kind, time, width, height, length = HEADER.unpack(self._body(HEADER.size))
        return kind, time, width, height, length

    def _body(self, length: int) -> bytearray:
        body = bytearray(length)
        view, done = memoryview(body), 0
        deadline = monotonic() + self.patience
        while done < length:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - monotonic()))
            if not ready:
                raise SourceError("reading the video takes too long")
            read = os.readv(self._fd, [view[done:]])
            if not read:
                raise SourceError("the video could not be decoded")
            done += read
        return body
