"""A PIN is salted, slow to try, and slower with each wrong try."""

from __future__ import annotations

import pytest

from edge.pin import FREE_TRIES, LONGEST_PAUSE, KeptPin, pause_after


def test_only_the_pin_matches() -> None:
    kept = KeptPin.of("2468")
    assert kept.matches("2468")
    for other in ("2469", "", "24680", "２４６８"):
        assert not kept.matches(other)
    assert KeptPin.of("2468").digest != kept.digest, "salted"


@pytest.mark.parametrize("pin", ["123", "12 4", "1234\n", "１２３４", "1" * 13])
def test_what_is_no_pin(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 12 digits"):
        KeptPin.of(pin)


def test_pauses_grow() -> None:
    assert [pause_after(n) for n in range(FREE_TRIES + 3)] == [0, 0, 0, 5, 10, 20]
    assert pause_after(10_000) == LONGEST_PAUSE
