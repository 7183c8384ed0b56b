"""Single pictures from strangers, decoded in one child process that serves them all.

Run as a program, this file is that child: for each JPEG on its input, a length and the bytes, it
writes a record as :mod:`edge.frames.decoder` does. It is not meant to be run by hand.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Final

import cv2
import numpy as np

from edge.errors import SourceError
from edge.frames import Picture
from edge.frames.decoder import ERROR, FRAME, HEADER, limit_myself, write

MOST_BYTES: Final = 60_000
"""A page's picture of 384 pixels has 10 to 30 thousand."""

MOST_PIXELS: Final = 640 * 640
PATIENCE: Final = 3.0
"""Seconds for one picture; the first one waits for the child to begin."""

CPU_SECONDS: Final = 3600
"""Processor time of one child: a million pictures. Then the next picture begins a new one."""

LENGTH: Final = struct.Struct("<I")
JPEG: Final = b"\xff\xd8\xff"
PROJECT: Final = Path(__file__).resolve().parents[2]


class SandboxedStills:
    """Decodes JPEGs where they can do no harm.

        stills = SandboxedStills()
        picture = stills.decode(jpeg)

    The child is started by the first picture. It may crash, hang or ask for too much memory: that
    picture is refused then, and the next one begins a new child. Any thread may ask.

    :param patience: seconds to wait for one picture.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, jpeg: bytes) -> Picture:
        """Return the picture, blue-green-red, upright as it was sent.

        :param jpeg: at most :data:`MOST_BYTES`, of at most :data:`MOST_PIXELS`.
        :raises SourceError: it is no such JPEG.
        """
        if len(jpeg) > MOST_BYTES or not jpeg.startswith(JPEG):
            raise SourceError("the picture is no JPEG, or a large one")
        with self._lock:
            try:
                return self._ask(jpeg)
            except OSError as error:
                self._end()
                raise SourceError("the picture could not be decoded") from error
            except SourceError:
                if self._child is not None and self._child.poll() is not None:
                    self._end()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, jpeg: bytes) -> Picture:
        child = self._child
        if child is None or child.poll() is not None:
            self._end()
            self._child = child = self._start()
        if child.stdin is None or child.stdout is None:  # never with PIPE; tells the type checker
            raise SourceError("the decoder did not start")
        deadline = monotonic() + self._patience
        child.stdin.write(LENGTH.pack(len(jpeg)) + jpeg)
        child.stdin.flush()
        kind, _, width, height, length = HEADER.unpack(self._read(HEADER.size, deadline))
        body = self._read(length, deadline)
        if kind != FRAME:
            raise SourceError(body.decode())
        return np.frombuffer(body, np.uint8).reshape(height, width, 3)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "edge.frames.stills"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=PROJECT,
            # The child needs nothing of our environment but the way to its libraries; the last one
            # is OpenCV's own limit, which it checks before it takes any memory.
            env={
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "OPENBLAS_NUM_THREADS": "1",
                "OPENCV_IO_MAX_IMAGE_PIXELS": str(MOST_PIXELS),
            },
        )

    def _read(self, length: int, deadline: float) -> bytes:
        """Return so many bytes of the child's output.

        :raises OSError: it ended or takes too long.
        """
        if self._child is None or self._child.stdout is None:
            raise BrokenPipeError
        fd = self._child.stdout.fileno()
        parts: list[bytes] = []
        while length > 0:
            ready, _, _ = select.select([fd], [], [], max(0.0, deadline - monotonic()))
            part = os.read(fd, length) if ready else b""
            if not part:
                raise TimeoutError("the decoder gives nothing")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        child.wait()


def main() -> int:
    """Decode JPEGs until the input ends."""
    cv2.setNumThreads(1)
    limit_myself(cpu_seconds=CPU_SECONDS)
    source, out = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        jpeg = np.frombuffer(source.read(LENGTH.unpack(head)[0]), np.uint8)
        try:
            picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        except (cv2.error, MemoryError):
            picture = None
        if picture is None:
            write(out, ERROR, b"the picture could not be decoded")
        else:
            height, width = picture.shape[:2]
            write(out, FRAME, picture.data.cast("B"), size=(width, height))
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
