"""The child process that decodes one file from a stranger and writes plain frames to its output.

It is started by :class:`edge.frames.sandbox.SandboxedVideo` and is not meant to be run by hand.
Everything on the output is a record: a header (kind, time in seconds, width, height, length of
the body in bytes), then the body.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from dataclasses import asdict
from io import FileIO
from typing import BinaryIO, Final

from edge.errors import SourceError
from edge.frames.video import VideoFile, VideoLimits

HEADER: Final = struct.Struct("<cdIIQ")
START, FRAME, END, ERROR = b"S", b"F", b"E", b"X"

STDIN: Final = "-"
"""Named instead of a file that comes through the input, piece by piece."""

MEMORY_BYTES: Final = 2 * 1024**3
"""Address space the child may take: decoding 4K HEVC with frame threads stays below 1 GiB."""


def write(out: BinaryIO, kind: bytes, body: bytes | memoryview, *, time: float = 0.0,
          size: tuple[int, int] = (0, 0)) -> None:  # fmt: skip
    """Write one record; ``size`` is width and height in pixels."""
    out.write(HEADER.pack(kind, time, *size, len(body)))
    out.write(body)


def limit_myself(cpu_seconds: int) -> None:
    """Cap memory and processor time, and forbid writing files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Decode the file named first (- for the input) within the limits named second (as JSON)."""
    path, limits = sys.argv[1], VideoLimits(**json.loads(sys.argv[2]))
    limit_myself(cpu_seconds=int(60 + 4 * limits.seconds))
    out = sys.stdout.buffer
    try:
        # Unbuffered: what is there is decoded at once, however little it is.
        file = FileIO(sys.stdin.fileno()) if path == STDIN else path
        with VideoFile(file, limits) as video:
            write(out, START, json.dumps({"duration": video.duration}).encode())
            for frame in video:
                height, width = frame.picture.shape[:2]
                body = frame.picture.data.cast("B")
                write(out, FRAME, body, time=frame.time, size=(width, height))
            write(out, END, b"")
    except SourceError as error:
        write(out, ERROR, str(error).encode())
    except MemoryError:
        write(out, ERROR, b"the video needs too much memory")
    except BrokenPipeError:
        return 1  # the parent has had enough
    out.flush()
    return 0


def command(path: str, limits: VideoLimits) -> list[str]:
    """Return the command line that decodes ``path``, or the input where it is ``-``."""
    return [sys.executable, "-m", "edge.frames.decoder", path, json.dumps(asdict(limits))]


if __name__ == "__main__":
    sys.exit(main())
