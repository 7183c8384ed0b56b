from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, suppress

import numpy as np
import pytest

from edge.errors import SourceError
from edge.frames import Frame
from edge.frames.ahead import read_ahead


def frame(number: int) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), float(number))


def test_frames_come_in_their_order() -> None:
    assert [f.time for f in read_ahead(frame(n) for n in range(5))] == [0, 1, 2, 3, 4]
    assert list(read_ahead([])) == []


def test_one_frame_is_read_while_the_caller_works() -> None:
    read = threading.Event()

    def source() -> Iterator[Frame]:
        yield frame(0)
        read.set()
        yield frame(1)

    with closing(read_ahead(source())) as frames:
        assert next(frames).time == 0
        assert read.wait(10)


def test_an_error_comes_in_its_place() -> None:
    def source() -> Iterator[Frame]:
        yield frame(0)
        raise SourceError("damaged")

    frames = read_ahead(source())
    assert next(frames).time == 0
    with pytest.raises(SourceError, match="damaged"):
        next(frames)


def test_nothing_is_read_any_more_once_it_is_closed() -> None:
    go, running = threading.Event(), threading.active_count()

    def source() -> Iterator[Frame]:
        yield frame(0)
        go.wait(10)
        yield frame(1)

    frames = read_ahead(source())
    next(frames)
    threading.Timer(0.05, go.set).start()
    frames.close()
    assert go.is_set() and threading.active_count() <= running + 1  # the timer may be ending


class Mark:
    """Something that a source holds."""


def test_an_error_holds_nothing_of_the_source() -> None:
    held: list[weakref.ref[Mark]] = []

    def source() -> Iterator[Frame]:
        mark = Mark()
        held.append(weakref.ref(mark))
        yield frame(0)
        raise SourceError("damaged")

    gc.disable()
    try:
        with suppress(SourceError):
            list(read_ahead(source()))
        assert held[0]() is None
    finally:
        gc.enable()
