from __future__ import annotations

import pytest

from kiosk_ui.rates import MOST_CLIENTS, Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_its_pace() -> None:
    clock = Clock()
    rates = Rates(per_second=2, burst=3, clock=clock)
    assert [rates.wait("192.168.0.7") for _ in range(3)] == [0.0] * 3
    assert rates.wait("192.168.0.7") == pytest.approx(0.5)
    clock.now = 0.5
    assert rates.wait("192.168.0.7") == 0.0
    assert rates.wait("192.168.0.7") > 0
    clock.now = 100.0
    assert [rates.wait("192.168.0.7") > 0 for _ in range(4)] == [False] * 3 + [True]


def test_clients_do_not_share_and_the_device_has_no_limit() -> None:
    rates = Rates(per_second=1, burst=1, clock=Clock())
    assert rates.wait("192.168.0.7") == rates.wait("192.168.0.8") == 0.0
    assert rates.wait("192.168.0.7") > 0
    assert [rates.wait("") for _ in range(9)] == [0.0] * 9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("x" * 99, "x" * 98),
    ],
)
def test_one_house_has_many_addresses(one: str, other: str) -> None:
    rates = Rates(per_second=1, burst=1, clock=Clock())
    assert rates.wait(one) == 0.0
    assert rates.wait(other) > 0


def test_what_is_remembered_has_an_end() -> None:
    rates = Rates(per_second=1, burst=1, clock=Clock())
    for number in range(MOST_CLIENTS + 10):
        rates.wait(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")
    assert len(rates._left) == MOST_CLIENTS
