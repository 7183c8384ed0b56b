"""The floor of the disk."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from kiosk_ui.config import WebConfig
from kiosk_ui.room import Room
from tests.disks import filled, small_disk


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
