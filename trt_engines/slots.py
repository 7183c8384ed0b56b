"""Two slots for each bundle name: one is live, the other one is filled, and they change places.

On the disk a name's slots are ``A/`` and ``B/``, each with ``bundle/``, ``engines/`` and
``slot.json``, and the link ``live``, which points to one of them. Where it points to none the kiosk
runs the bundle that comes with its software. Every change is one file or one link that is replaced;
whatever two changes belong together are ordered so that the first alone is right as well:

- a slot says ``filling`` before the first byte of it changes, and ``ready`` after the last one;
- it says ``trial`` before it becomes live: as long as it is not, that counts as ``ready``;
- it says ``bad`` before another becomes live: a bad slot that is still pointed to is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

from edge.bundle import Precision
from edge.errors import SlotError
from trt_engines import durable
from trt_engines.locks import Locks
from trt_engines.records import (
    LETTERS,
    NAMES,
    RECORD,
    SHIPPED,
    Record,
    Slot,
    State,
    keep,
    now,
    read,
    software,
)

ENGINES: Final = "engines"
"""The folder in the kiosk's data with the slots of all names."""

LIVE: Final = "live"

MOST_STARTS: Final = 3
"""Starts without being marked good after which a slot on trial is given up."""

FILLABLE: Final = (State.EMPTY, State.BAD, State.FILLING, State.READY, State.GOOD)
"""The order in which a slot is chosen to be filled where none is live."""


class Slots:
    """The two slots of one bundle name.

        slots = Slots(Path("var/engines"), "squat")
        slot = slots.live()
        print("the shipped bundle" if slot is None else slot.label)

    Reading needs no lock and changes nothing.

    :param root: the folder with the slots of all names.
    :param name: the bundles' name.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.folder = root / name
        self.locks = Locks(self.folder)

    def read(self, letter: str) -> Slot:
        """Return a slot by its letter, with the state that counts."""
        live = self.live()
        if live is not None and live.letter == letter:
            return live
        return read(self.folder / letter, live=False)

    def both(self) -> tuple[Slot, Slot]:
        """Return both slots."""
        return self.read("A"), self.read("B")

    def live(self) -> Slot | None:
        """Return the slot that the kiosk is to run; None: the bundle of its software.

        A change that was cut off half-way counts as done.
        """
        letter = self._pointed()
        if letter is None:
            return None
        slot = read(self.folder / letter, live=True)
        if slot.state in (State.TRIAL, State.GOOD):
            return slot
        return self.before(slot)

    @property
    def ever_filled(self) -> bool:
        """Whether anything was ever put into one of them."""
        return any(slot.state is not State.EMPTY for slot in self.both())

    def before(self, slot: Slot) -> Slot | None:
        """Return what ran before a slot and is still good; None: the bundle of the software."""
        other = other_of(slot.letter)
        if slot.record is not None and slot.record.before != other:
            return None
        found = read(self.folder / other, live=True)
        return found if found.state is State.GOOD else None

    def begin_filling(self, label: str) -> Slot:
        """Empty the slot that is not live and return it; call inside
        :meth:`Locks.writing`.

        Where the live one is still on trial, what ran before it becomes live again first: there is
        always a good one to go back to.

        :param label: name and version of what is to be put in.
        """
        with self.locks.changing():
            live = self._settle()
            if live is not None and live.state is State.TRIAL:
                live = self._go_back(live, f"given up before its trial ended, to flash {label}")
            slot = self._to_fill(live)
            durable.make_folder(slot.folder)
            fresh = Record(
                state=State.FILLING, why=f"{label} is being put in", since=now(), fill=uuid4().hex,
                bundle=label,
            )  # fmt: skip
            if slot.record is not None:
                past = slot.record.become(State.FILLING, fresh.why).history
                fresh = fresh.model_copy(update={"history": past})
            slot = keep(slot, fresh)
        for path in sorted(slot.folder.iterdir()):
            if path.name != RECORD:
                durable.remove(path)
        return slot

    def filled(
        self, slot: Slot, *, digest: str, engines: Mapping[str, Precision], no_engines: str = ""
    ) -> Slot:
        """Say that a slot is complete and tested; all of it must be on the disk.

        :param digest: of the bundle in it.
        :param engines: for each network of which an engine was built its precision.
        :param no_engines: why none was built.
        """
        return self._become(
            slot, State.READY, "filled, tested, not live", digest=digest, engines=dict(engines),
            no_engines=no_engines,
        )  # fmt: skip

    def refuse(self, slot: Slot, why: str) -> Slot:
        """Say that a slot that is not live must not become so."""
        return self._become(slot, State.BAD, why)

    def switch(self, letter: str, why: str, *, anyway: bool = False) -> Slot | None:
        """Make a slot live, on trial unless it was proved good before; call inside `Locks.writing`.

        :param letter: ``A``, ``B``, or ``shipped`` for the bundle that comes with the software.
        :param anyway: try a bad one again.
        :raises SlotError: there is nothing in it that could run.
        """
        with self.locks.changing():
            live = self._settle()
            if letter == SHIPPED:
                self._point(None)
                if live is not None and live.record is not None:
                    keep(live, live.record.become(live.state, why))
                return None
            slot = read(self.folder / letter, live=live is not None and live.letter == letter)
            if slot.record is None or slot.state in (State.EMPTY, State.FILLING):
                raise SlotError(f"slot {letter} of {self.name} is {slot.state.value}: {slot.why}")
            if slot.state is State.BAD and not (anyway and slot.record.digest):
                raise SlotError(f"slot {letter} of {self.name} is bad: {slot.why}")
            if live is not None and live.letter == letter:
                return live
            before = live.letter if live is not None and live.state is State.GOOD else SHIPPED
            state = State.GOOD if slot.state is State.GOOD else State.TRIAL
            slot = keep(slot, slot.record.become(state, why, before=before, starts=0))
            self._point(letter)
            return slot

    def roll_back(self, why: str) -> Slot | None:
        """Go back to what ran before, by hand; call inside
        :meth:`Locks.writing`.

        :param why: what was wrong with the live one.
        :return: what is live now; None: the bundle of the software.
        :raises SlotError: the bundle of the software is live already.
        """
        with self.locks.changing():
            live = self._settle()
            if live is None:
                raise SlotError(
                    f"there is nothing to go back to: no slot of {self.name} is live, and "
                    f"{software(self.name)} runs"
                )
            return self._go_back(live, why)

    def start(self) -> Slot | None:
        """Return what the kiosk is to load now, and count that where it is on trial.

        After three starts without being marked good it goes back to what ran before.

        :raises SlotError: another process holds the slots.
        :raises OSError: the disk cannot be written.
        """
        if not self.folder.is_dir():
            return None
        with self.locks.changing():
            live = self._settle()
            if live is None or live.record is None or live.state is not State.TRIAL:
                return live
            starts = live.record.starts
            if starts >= MOST_STARTS:
                return self._go_back(
                    live, f"the kiosk was started {starts} times with it and never proved it good"
                )
            return keep(live, live.record.model_copy(update={"starts": starts + 1}))

    def uncount(self, slot: Slot) -> None:
        """Say that the kiosk was ended as it should be: this start does not count against it."""
        with self.locks.changing():
            now_live = self.live()
            if slot.same(now_live) and now_live and now_live.record and now_live.record.starts:
                fewer = {"starts": now_live.record.starts - 1}
                keep(now_live, now_live.record.model_copy(update=fewer))

    def mark_good(self, slot: Slot, why: str) -> bool:
        """Say that the kiosk has proved a slot; False where something else is live by now."""
        with self.locks.changing():
            live = self.live()
            if live is None or not slot.same(live) or live.record is None:
                return False
            if live.state is State.TRIAL:
                keep(live, live.record.become(State.GOOD, why))
            return True

    def fall_back(self, slot: Slot, why: str) -> Slot | None:
        """Go back to what ran before; return what is live now.

        :param slot: the live one; where it is live no longer nothing changes.
        :param why: what is wrong with it.
        """
        with self.locks.changing():
            live = self._settle()
            return self._go_back(live, why) if live is not None and slot.same(live) else live

    def _pointed(self) -> str | None:
        try:
            target = (self.folder / LIVE).readlink().name
        except OSError:  # none, or no link
            return None
        return target if target in LETTERS else None

    def _point(self, letter: str | None) -> None:
        if letter is None:
            durable.remove(self.folder / LIVE)
        else:
            durable.point(self.folder / LIVE, letter)

    def _settle(self) -> Slot | None:
        """Bring a change to its end that was cut off; return what is live."""
        live = self.live()
        letter = live.letter if live else None
        if self._pointed() != letter:
            self._point(letter)
        return live

    def _go_back(self, live: Slot, why: str) -> Slot | None:
        before = self.before(live)
        if live.record is not None:
            keep(live, live.record.become(State.BAD, why))
        self._point(before.letter if before else None)
        return before

    def _to_fill(self, live: Slot | None) -> Slot:
        if live is not None:
            return read(self.folder / other_of(live.letter), live=False)
        return min(self.both(), key=lambda slot: FILLABLE.index(slot.state))

    def _become(
        self, slot: Slot, state: State, why: str, **changes: object
    ) -> Slot:  # fmt: skip
        with self.locks.changing():
            present = read(slot.folder, live=False)
            if not slot.same(present) or present.record is None:
                raise SlotError(f"slot {slot.letter} of {self.name} was filled by somebody else")
            return keep(present, present.record.become(state, why, **changes))


def names_in(root: Path) -> list[str]:
    """Return the names of which there are slots.

    :param root: the folder with the slots of all names.
    """
    return [name for name in NAMES if any((root / name).glob("*.lock"))]


def other_of(letter: str) -> str:
    """Return the letter of the other slot."""
    return "B" if letter == "A" else "A"
