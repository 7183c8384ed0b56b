"""Frames of a file from a stranger, decoded in a child process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from edge.errors import SourceError
from edge.frames import Frame, FrameSource
from edge.frames.decoder import ERROR, FRAME, HEADER, START, command
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

    :param path: the file.
    :param limits: as for :class:`~edge.frames.video.VideoFile`.
    :param patience: seconds to wait for a silent child.
    :raises SourceError: the file cannot be read; already on construction where its beginning
        shows that.
    """

    def __init__(
        self, path: str | Path, limits: VideoLimits | None = None, *, patience: float = PATIENCE
    ) -> None:
        self.patience = patience
        self._child = subprocess.Popen(
            command(str(Path(path).absolute()), limits or VideoLimits()),
            stdin=subprocess.DEVNULL,
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
        try:
            self._duration = self._start()
        except SourceError:
            self.close()
            raise

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
