"""Single pictures from strangers, decoded in one child process that serves them all.

Run as a program, this file is that child: for each JPEG on its input, a length and the bytes, it
writes a record as :mod:`edge.frames.decoder` does. It is not meant to be run by hand.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from typing import Final

import cv2
import numpy as np

from edge.errors import SourceError
from edge.frames import Picture
from edge.frames.child import DecoderChild, launch
from edge.frames.confinement import confine
from edge.frames.records import ERROR, FRAME, READY, write

MOST_BYTES: Final = 60_000
"""A page's picture of 384 pixels has 10 to 30 thousand."""

MOST_PIXELS: Final = 640 * 640
PATIENCE: Final = 3.0
"""Seconds of processor time for one picture."""

MEMORY_BYTES: Final = 1 << 30
"""Address space of the child; the libraries alone take half of it."""

CPU_SECONDS: Final = 3600
"""Processor time of one child: a million pictures. Then the next picture begins a new one."""

LENGTH: Final = struct.Struct("<I")
JPEG: Final = b"\xff\xd8\xff"


class SandboxedStills:
    """Decodes JPEGs where they can do no harm.

        stills = SandboxedStills()
        picture = stills.decode(jpeg)

    The child is started by the first picture. It may crash, hang or ask for too much memory: that
    picture is refused then, and the next one begins a new child. Any thread may ask.

    :param patience: seconds to wait for one picture, as :class:`~edge.frames.child.DecoderChild`
        counts them.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._child: DecoderChild | None = None

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
                if self._child is not None and not self._child.runs:
                    self._end()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, jpeg: bytes) -> Picture:
        child = self._child
        if child is None or not child.runs:
            self._end()
            self._child = child = self._start()
        child.input.write(LENGTH.pack(len(jpeg)) + jpeg)
        record = child.record()
        if record.kind != FRAME:
            raise SourceError("the picture could not be decoded")
        shape = record.height, record.width, 3
        return np.frombuffer(record.body, np.uint8).reshape(shape)

    def _start(self) -> DecoderChild:
        # OpenCV's own limit, which it checks before it takes any memory.
        environment = {"OPENCV_IO_MAX_IMAGE_PIXELS": str(MOST_PIXELS)}
        process = launch("edge.frames.stills", subprocess.PIPE, environment)
        return DecoderChild(process, pixels=MOST_PIXELS, patience=self._patience)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()
            child.close_input()


def main() -> int:
    """Decode JPEGs until the input ends."""
    cv2.setNumThreads(1)
    source, out = sys.stdin.buffer, sys.stdout.buffer
    refused = confine(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS)
    write(out, READY, json.dumps(refused).encode())
    out.flush()
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
