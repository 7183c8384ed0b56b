from __future__ import annotations

import time

from kiosk_ui.uptime import Uptime, uptime


def test_it_only_grows_and_belongs_to_this_boot() -> None:
    began = uptime()
    time.sleep(0.01)
    assert uptime().boot == began.boot != ""
    assert 0.005 < uptime().since(began) < 60


def test_of_another_boot_only_what_has_passed_since_this_one_is_certain() -> None:
    assert Uptime("b", 30.0).since(Uptime("a", 5000.0)) == 30.0
    assert Uptime("a", 30.0).since(Uptime("a", 5000.0)) == 0.0
    assert Uptime("a", 5030.0).since(Uptime("a", 5000.0)) == 30.0
