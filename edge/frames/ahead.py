"""The next picture is read while the caller works with this one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def read_ahead(frames: Iterable[_T]) -> Generator[_T, None, None]:
    """Pass frames on, one of them always being read already in a thread of its own.

        for frame in read_ahead(video):
            ...

    Whoever stops early closes the answer, which waits for the read that is going on.

    :param frames: a source; what it raises is raised here, in its place.
    """
    reading = iter(frames)
    with ThreadPoolExecutor(1, "reading ahead") as reader:
        coming = reader.submit(next, reading, None)
        try:
            while (frame := coming.result()) is not None:
                coming = reader.submit(next, reading, None)
                yield frame
        finally:
            del coming  # an error in it holds this frame, and with it all that the caller has
