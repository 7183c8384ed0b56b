"""What a decoder's child process writes to its output, one record after another.

A record is a header (kind, time in seconds, width, height, length of the body in bytes), then the
body: words, or a frame's pixels.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

HEADER: Final = struct.Struct("<cdIIQ")
READY, START, FRAME, END, ERROR = b"R", b"S", b"F", b"E", b"X"
KINDS: Final = (READY, START, FRAME, END, ERROR)

MOST_WORDS: Final = 4096
"""Bytes that a record without pixels may have."""


def write(out: BinaryIO, kind: bytes, body: bytes | memoryview, *, time: float = 0.0,
          size: tuple[int, int] = (0, 0)) -> None:  # fmt: skip
    """Write one record; ``size`` is width and height in pixels."""
    out.write(HEADER.pack(kind, time, *size, len(body)))
    out.write(body)
