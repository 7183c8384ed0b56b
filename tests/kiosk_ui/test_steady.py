from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from kiosk_ui.people.steady import LONG_ENOUGH, SteadyClock
from kiosk_ui.uptime import Uptime

NOON = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)


def at(seconds: float, boot: str = "boot", begun: float = 1000.0) -> Uptime:
    return Uptime(boot, begun + seconds)


def test_a_clock_is_believed_once_it_has_gone_evenly_for_a_while(tmp_path: Path) -> None:
    clock, later = SteadyClock(tmp_path), timedelta(seconds=LONG_ENOUGH)
    assert not clock.look(NOON, at(0))
    assert not clock.look(NOON + later / 2, at(LONG_ENOUGH / 2))
    # Also where another program asks, and where it was put right by a little.
    put_right = timedelta(seconds=90)
    assert SteadyClock(tmp_path).look(NOON + later + put_right, at(LONG_ENOUGH))


def test_a_jump_and_a_boot_begin_anew(tmp_path: Path) -> None:
    clock = SteadyClock(tmp_path)
    clock.look(NOON, at(0))
    for jump in (timedelta(days=10_000), timedelta(days=-10_000), timedelta(minutes=5)):
        assert not clock.look(NOON + jump, at(LONG_ENOUGH))
        assert clock.look(NOON + jump + timedelta(seconds=LONG_ENOUGH), at(2 * LONG_ENOUGH))
    assert not clock.look(NOON, at(0, boot="another"))


def test_a_file_that_is_none_begins_anew(tmp_path: Path) -> None:
    for content in ("", "[]", '{"at": {"boot": "boot"}, "shown": 1}', '{"at": 1}'):
        (tmp_path / "clock.json").write_text(content)
        assert not SteadyClock(tmp_path).look(NOON, at(0))
