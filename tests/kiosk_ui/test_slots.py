from __future__ import annotations

from kiosk_ui.slots import Slots


def test_places_run_out_and_come_back() -> None:
    slots = Slots(2)
    first, second = slots.take(), slots.take()
    assert first is not None and second is not None
    assert slots.take() is None
    first()
    assert slots.take() is not None
    assert slots.take() is None


def test_giving_back_twice_counts_once() -> None:
    slots = Slots(1)
    give_back = slots.take()
    assert give_back is not None
    give_back()
    give_back()
    assert slots.take() is not None
    assert slots.take() is None
