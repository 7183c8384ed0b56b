"""The floor of the disk."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from kiosk_ui import room as room_module
from kiosk_ui.config import WebConfig
from kiosk_ui.room import Room
from tests.disks import filled, small_disk
from tests.kiosk_ui.fakes import until


def test_each_change_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    free = 600
    room = Room(Path(), 500, free=lambda _: free)
    with caplog.at_level(logging.WARNING):
        assert room() and room()
        free = 499
        assert not room() and not room()
        free = 510  # a little more is no room yet: it would flicker
        assert not room()
        free = 525
        assert room() and room()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_floor_of_nothing_is_never_reached() -> None:
    assert Room(Path(), 0, free=lambda _: 0)()


def test_a_folder_that_is_gone_has_no_room(tmp_path: Path) -> None:
    assert not Room(tmp_path / "gone", 1)()


def test_the_floor_is_given_in_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WebConfig().disk_floor == 500_000_000
    monkeypatch.setenv("KIOSK_DISK_FLOOR_MB", "2")
    assert WebConfig().disk_floor == 2_000_000


def test_a_disk_that_fills_and_empties(tmp_path: Path) -> None:
    with small_disk(tmp_path, 8):
        room = Room(tmp_path, 2_000_000)
        assert room()
        with filled(tmp_path, leaving=1_000_000):
            assert not room()
        assert room()


def test_deleting_comes_sooner_while_there_is_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(room_module, "TIDY_EVERY", 0.02)
    closing, free = threading.Event(), 10
    room = Room(Path(), 5, free=lambda _: free)
    times = []

    def work() -> None:
        while not room.wait(closing, 3600.0):
            times.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    closing.wait(0.1)
    assert not times
    free = 1
    until(lambda: len(times) >= 2)
    closing.set()
    thread.join(5)
    assert not thread.is_alive()


def test_it_is_time_after_the_usual_while_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "LOOK_EVERY", 0.01)
    assert Room(Path(), 0).wait(threading.Event(), 0.05) is False
