"""A thread that reads a camera, and how it is seen that it hangs."""

from __future__ import annotations

import threading
from time import monotonic, sleep

import pytest

from edge import reading as module
from edge.reading import Reading


def test_it_hangs_once_it_is_silent_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_PATIENCE", 0.2)
    returns = threading.Event()

    def hang(_: Reading) -> None:
        returns.wait(10)

    reading = Reading(hang)
    assert not reading.hangs and not reading.ended.is_set()
    deadline = monotonic() + 5
    while not reading.hangs:
        assert monotonic() < deadline
        sleep(0.01)
    returns.set()
    assert reading.ended.wait(5)


def test_a_camera_that_worked_gave_pictures_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(reading: Reading) -> None:
        for _ in range(3):
            reading.progressed()
            sleep(0.05)

    for seconds, worked in ((0.01, True), (10.0, False)):
        monkeypatch.setattr(module, "WORKED_SECONDS", seconds)
        reading = Reading(read)
        assert reading.ended.wait(5)
        assert reading.worked is worked and reading.pictures == 3


def test_it_has_ended_also_where_the_camera_could_not_be_opened() -> None:
    reading = Reading(lambda reading: setattr(reading, "problem", "unplugged"))
    assert reading.ended.wait(5)
    assert reading.problem == "unplugged" and not reading.worked
