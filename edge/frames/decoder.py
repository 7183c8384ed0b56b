"""The child process that decodes one file from a stranger and writes plain frames to its output.

It is started by :class:`edge.frames.spare.SpareDecoder` and is not meant to be run by hand. Its
input is a socket, through which it is told the limits and given the file: open already, or a pipe
through which it comes piece by piece. Until then it waits, its libraries loaded; then it confines
itself, and only then it looks into the file. If nobody is left who could give it one, it ends.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import socket
import sys
from io import FileIO
from typing import Final

import av

from edge.errors import SourceError
from edge.frames.confinement import confine
from edge.frames.records import END, ERROR, FRAME, MOST_WORDS, READY, START, write
from edge.frames.video import VideoFile, VideoLimits

MEMORY_BYTES: Final = 1536 * 1024**2
"""Address space the child may take: twice what 4K videos take, see docs/security.md."""

TOO_MUCH: Final = "the video needs too much memory"

CPU_SECONDS: Final = 60.0
CPU_PER_SECOND: Final = 4.0
"""Processor time that a child may use, and for each second that a video may last: 4K at 60 pictures
a second takes about that on the smallest device."""


def import_all() -> None:
    """Import what the library imports only when it meets it: a track of subtitles, for instance."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(module.name)


def receive() -> VideoLimits | None:
    """Wait for the limits and the file, which becomes the input; None where nobody is left."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as told:
        words, files, _, _ = socket.recv_fds(told, MOST_WORDS, 1)
    if not files:
        return None
    os.dup2(files[0], sys.stdin.fileno())
    os.close(files[0])
    return VideoLimits(**json.loads(words))


def main() -> int:
    """Decode the file that is given, within the limits."""
    import_all()
    limits = receive()
    if limits is None:
        return 0
    out = sys.stdout.buffer
    refused = confine(
        memory_bytes=MEMORY_BYTES,
        cpu_seconds=int(CPU_SECONDS + CPU_PER_SECOND * limits.seconds),
    )
    write(out, READY, json.dumps(refused).encode())
    out.flush()
    try:
        # Unbuffered: what is there is decoded at once, however little it is.
        with VideoFile(FileIO(sys.stdin.fileno(), closefd=False), limits) as video:
            write(out, START, json.dumps({"duration": video.duration}).encode())
            for frame in video:
                height, width = frame.picture.shape[:2]
                body = frame.picture.data.cast("B")
                write(out, FRAME, body, time=frame.time, size=(width, height))
            write(out, END, b"")
    except SourceError as error:
        write(out, ERROR, str(error).encode())
    except MemoryError:
        write(out, ERROR, TOO_MUCH.encode())
    except BrokenPipeError:
        return 1  # the parent has had enough
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
