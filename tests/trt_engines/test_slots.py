"""The two slots: every state, and every change."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import SlotError
from trt_engines import durable, records
from trt_engines.records import RECORD, State
from trt_engines.slots import Slots


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "engines", "squat")


def fill(slots: Slots, label: str) -> str:
    """Fill the slot that is not live; return its letter."""
    with slots.locks.writing():
        slot = slots.begin_filling(label)
        durable.make_folder(slot.bundle)
        durable.write(slot.bundle / "manifest.json", label.encode())
        return slots.filled(slot, digest=label, engines={"classifier": "fp16"}).letter


def flash(slots: Slots, label: str, *, good: bool = True) -> str:
    """Fill a slot, make it live, and say that it was proved."""
    letter = fill(slots, label)
    with slots.locks.writing():
        slots.switch(letter, "flashed")
    if good:
        assert slots.mark_good(slots.read(letter), "ran well")
    return letter


def states(slots: Slots) -> tuple[str, str, str]:
    """Return what is live, and both states."""
    live = slots.live()
    a, b = slots.both()
    return (live.letter if live else "shipped", a.state.value, b.state.value)


def test_before_the_first_flash_the_shipped_bundle_is_live(slots: Slots) -> None:
    assert states(slots) == ("shipped", "empty", "empty")
    assert slots.start() is None
    assert not slots.folder.exists()


def test_two_slots_change_places(slots: Slots) -> None:
    assert flash(slots, "squat 1.0.0") == "A"
    assert states(slots) == ("A", "good", "empty")
    assert fill(slots, "squat 2.0.0") == "B"
    assert states(slots) == ("A", "good", "ready")
    with slots.locks.writing():
        slots.switch("B", "flashed")
    assert states(slots) == ("B", "good", "trial")
    assert slots.mark_good(slots.read("B"), "ran well")
    assert fill(slots, "squat 3.0.0") == "A"
    assert states(slots) == ("B", "ready", "good")


def test_a_slot_says_why_since_when_and_what_came_before(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0")
    slot = slots.live()
    assert slot and slot.record
    assert (slot.label, slot.why, slot.record.before) == ("squat 2.0.0", "ran well", "A")
    assert [e.state.value for e in slot.record.history] == ["filling", "ready", "trial"]
    assert slot.record.since.tzinfo is not None
    flash(slots, "squat 3.0.0")
    again = slots.read("A").record
    assert again and len(again.history) == 7


def test_a_bad_one_goes_back_to_what_ran_before(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0", good=False)
    slots.fall_back(slots.read("B"), "the engine was lost")
    assert states(slots) == ("A", "good", "bad")
    assert slots.read("B").why == "the engine was lost"
    slots.fall_back(slots.read("A"), "damaged")
    assert states(slots) == ("shipped", "bad", "bad")


def test_what_was_not_live_before_does_not_become_so(slots: Slots) -> None:
    """Somebody has gone back to the shipped bundle: then that is what ran before."""
    flash(slots, "squat 1.0.0")
    with slots.locks.writing():
        slots.switch("shipped", "by hand")
    assert states(slots) == ("shipped", "good", "empty")
    assert flash(slots, "squat 2.0.0", good=False) == "B"
    slots.fall_back(slots.read("B"), "bad")
    assert states(slots) == ("shipped", "good", "bad")


def test_a_start_on_trial_is_counted_and_the_fourth_goes_back(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0", good=False)
    for count in (1, 2, 3):
        slot = slots.start()
        assert slot and slot.record
        assert (slot.letter, slot.record.starts) == ("B", count)
    slot = slots.start()
    assert slot and slot.letter == "A"
    assert "started 3 times" in slots.read("B").why


def test_an_end_as_it_should_be_is_not_counted(slots: Slots) -> None:
    flash(slots, "squat 1.0.0", good=False)
    for _ in range(10):
        slot = slots.start()
        assert slot
        slots.uncount(slot)
    live = slots.live()
    assert live
    assert slots.mark_good(live, "ran well")
    slots.uncount(live)
    assert states(slots) == ("A", "good", "empty")


def test_starts_of_a_good_one_are_not_counted(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    before = (slots.folder / "A" / RECORD).read_bytes()
    for _ in range(5):
        slots.start()
    assert (slots.folder / "A" / RECORD).read_bytes() == before


def test_flashing_during_a_trial_keeps_the_good_one(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0", good=False)
    assert fill(slots, "squat 3.0.0") == "B"
    assert states(slots) == ("A", "good", "ready")
    past = slots.read("B").record
    assert past and "given up before its trial ended" in past.history[-2].why


def test_what_is_being_filled_is_never_live(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    with slots.locks.writing():
        slots.begin_filling("squat 2.0.0")
        assert states(slots) == ("A", "good", "filling")
        for anyway in (False, True):
            with pytest.raises(SlotError, match="slot B of squat is filling"):
                slots.switch("B", "by hand", anyway=anyway)
        with pytest.raises(SlotError, match="is empty"):
            Slots(slots.root, "other").switch("A", "by hand")
    assert "interrupted: flash again" in slots.read("B").why


def test_a_slot_that_is_filled_anew_is_empty_first(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    fill(slots, "squat 2.0.0")
    (slots.folder / "B" / "engines").mkdir()
    with slots.locks.writing():
        slot = slots.begin_filling("squat 3.0.0")
    assert [path.name for path in slot.folder.iterdir()] == [RECORD]


def test_a_bad_one_is_activated_only_on_demand(slots: Slots) -> None:
    flash(slots, "squat 1.0.0", good=False)
    with slots.locks.writing():
        assert slots.roll_back("knees") is None
        with pytest.raises(SlotError, match="slot A of squat is bad: knees"):
            slots.switch("A", "by hand")
        slot = slots.switch("A", "by hand", anyway=True)
    assert slot and slot.state is State.TRIAL


def test_a_good_one_is_activated_without_a_trial(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0")
    with slots.locks.writing():
        slots.switch("A", "by hand")
        assert states(slots) == ("A", "good", "good")
        assert slots.switch("A", "again") == slots.live()
        slots.roll_back("worse")
    assert states(slots) == ("B", "bad", "good")


def test_going_back_from_the_shipped_bundle_is_refused(slots: Slots) -> None:
    with slots.locks.writing(), pytest.raises(SlotError, match="nothing to go back to"):
        slots.roll_back("no reason")


def test_activating_during_a_trial_ends_it(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0", good=False)
    with slots.locks.writing():
        slots.switch("A", "by hand")
    assert states(slots) == ("A", "good", "ready")
    assert not slots.mark_good(slots.read("B"), "ran well")


def test_what_is_no_longer_live_changes_nothing(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    old = slots.read("A")
    flash(slots, "squat 2.0.0")
    flash(slots, "squat 3.0.0", good=False)
    live = slots.fall_back(old, "late")
    assert live and live.label == "squat 3.0.0"
    assert not slots.mark_good(old, "late")
    slots.uncount(old)
    assert states(slots) == ("A", "trial", "good")


def test_whoever_fills_a_slot_that_another_has_filled_is_told(slots: Slots) -> None:
    flash(slots, "squat 0.1.0")
    with slots.locks.writing():
        slot = slots.begin_filling("squat 1.0.0")
        slots.begin_filling("squat 2.0.0")
        with pytest.raises(SlotError, match="somebody else"):
            slots.refuse(slot, "bad")


@pytest.mark.parametrize("content", [b"", b"{", b'{"state": "good"}', b"\xff\x00"])
def test_a_damaged_record_is_a_bad_slot(slots: Slots, content: bytes) -> None:
    flash(slots, "squat 1.0.0")
    flash(slots, "squat 2.0.0")
    (slots.folder / "B" / RECORD).write_bytes(content)
    assert states(slots) == ("A", "good", "bad")
    assert "flash into it again" in slots.read("B").why
    assert slots.start() == slots.read("A")
    with slots.locks.writing(), pytest.raises(SlotError, match="bad"):
        slots.switch("B", "by hand", anyway=True)
    (slots.folder / "A" / RECORD).write_bytes(content)
    assert slots.start() is None
    assert flash(slots, "squat 3.0.0") in "AB"


@pytest.mark.parametrize("target", ["C", "../../elsewhere", "/", "nothing"])
def test_a_link_to_elsewhere_is_not_followed(slots: Slots, target: str) -> None:
    flash(slots, "squat 1.0.0")
    durable.point(slots.folder / "live", target)
    assert states(slots)[0] == "shipped"
    assert flash(slots, "squat 2.0.0") == "B"


def test_a_file_in_the_links_place_is_no_link(slots: Slots) -> None:
    flash(slots, "squat 1.0.0")
    (slots.folder / "live").unlink()
    (slots.folder / "live").write_text("A")
    assert states(slots)[0] == "shipped"
    assert flash(slots, "squat 2.0.0") == "B"


def test_reading_changes_nothing(slots: Slots) -> None:
    flash(slots, "squat 1.0.0", good=False)
    slot = slots.read("A")
    assert slot.record
    # As it is where the power went between the two steps of going back.
    records.keep(slot, slot.record.become(State.BAD, "lost"))
    before = sorted((p, p.lstat().st_mtime_ns) for p in slots.folder.rglob("*"))
    assert states(slots) == ("shipped", "bad", "empty")
    assert sorted((p, p.lstat().st_mtime_ns) for p in slots.folder.rglob("*")) == before
    assert slots.start() is None
    assert not (slots.folder / "live").is_symlink()


def test_history_does_not_grow_without_end(slots: Slots) -> None:
    for number in range(12):
        flash(slots, f"squat {number}.0.0")
    record = slots.read("A").record
    assert record and len(record.history) == records.LONGEST_HISTORY
