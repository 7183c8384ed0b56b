"""What is known of a slot: its state, why, since when, and what came before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle import Precision
from trt_engines import durable

RECORD: Final = "slot.json"
LETTERS: Final = ("A", "B")
SHIPPED: Final = "shipped"
"""Stands where no slot does: the kiosk runs the bundle that comes with its software."""

Place = Literal["A", "B", "shipped"]

NAMES: Final = ("squat", "blazepose", "openpose")
"""Of the bundles that can be flashed; pyopenpose has no networks of ours."""

LONGEST_HISTORY: Final = 20


class State(str, Enum):
    """What may be done with a slot; docs/flashing.md says it at length."""

    EMPTY = "empty"
    FILLING = "filling"
    """Something is being put in, or was when the power went: never loaded."""
    READY = "ready"
    """Filled and tested; the kiosk has never run it."""
    TRIAL = "trial"
    """The kiosk runs it and watches whether it is well."""
    GOOD = "good"
    BAD = "bad"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Part):
    """A state that a slot has come into."""

    state: State
    why: str
    since: datetime


class Record(Event):
    """What ``slot.json`` holds.

    :param state: where the slot is now.
    :param why: a sentence for the maintainer.
    :param since: when it came there.
    :param fill: differs each time something is put in.
    :param bundle: name and version of what is in it.
    :param digest: of that bundle, :attr:`edge.bundle.Bundle.digest`.
    :param engines: for each network of which an engine was built its precision.
    :param no_engines: why none was built; empty where they were.
    :param before: what ran when the kiosk switched to it, and what runs again if it is bad.
    :param starts: how often the kiosk has begun to load it during this trial.
    :param history: the states before this one, the oldest first.
    """

    fill: str
    bundle: str
    digest: str = ""
    engines: dict[str, Precision] = Field(default_factory=dict)
    no_engines: str = ""
    before: Place = SHIPPED
    starts: int = Field(default=0, ge=0)
    history: list[Event] = Field(default_factory=list)

    def become(self, state: State, why: str, **changes: Any) -> Record:
        """Return the record of the slot's next state."""
        was = Event(state=self.state, why=self.why, since=self.since)
        history = [*self.history, was][-LONGEST_HISTORY:]
        update = {"state": state, "why": why, "since": now(), "history": history}
        return self.model_copy(update={**update, **changes})


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot as it was when it was read.

    :param letter: ``A`` or ``B``.
    :param folder: where it lies.
    :param state: the state that counts; of a slot that is not live, a trial counts as ready.
    :param why: why it is in this state, and what to do about it.
    :param record: all that is known of it; None where it is empty or the record is damaged.
    """

    letter: str
    folder: Path
    state: State
    why: str = ""
    record: Record | None = None

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return self.folder / "bundle"

    @property
    def engines(self) -> Path:
        """The folder of the engines that were built of it."""
        return self.folder / "engines"

    @property
    def fill(self) -> str:
        """What tells this filling from any other."""
        return self.record.fill if self.record else ""

    @property
    def label(self) -> str:
        """Name and version of the bundle in it; empty where that is not known."""
        return self.record.bundle if self.record else ""

    def same(self, other: Slot | None) -> bool:
        """Tell whether the other one is this very filling of this slot."""
        return other is not None and (self.letter, self.fill) == (other.letter, other.fill)


def software(name: str) -> str:
    """Return in words what the kiosk runs of a name where no slot is live."""
    # Of OpenPose nothing comes with the software: its licence forbids that.
    return "BlazePose" if name == "openpose" else "the bundle of the software"


def read(folder: Path, *, live: bool) -> Slot:
    """Read a slot.

    :param folder: of the slot; its name is the letter.
    :param live: whether the kiosk is to run it.
    """
    letter = folder.name
    try:
        record = Record.model_validate_json((folder / RECORD).read_bytes())
    except FileNotFoundError:
        return Slot(letter, folder, State.EMPTY, "nothing was ever put in")
    except (ValidationError, OSError) as error:
        first = str(error).splitlines()[0]
        why = f"{RECORD} cannot be read ({first}): flash into it again"
        return Slot(letter, folder, State.BAD, why)
    if record.state is State.TRIAL and not live:
        # The power went between the record and the switch, or something else was made live.
        return Slot(letter, folder, State.READY, "filled, tested, not live", record)
    if record.state is State.FILLING:
        why = f"{record.why}; if nobody is at it, that was interrupted: flash again"
        return Slot(letter, folder, State.FILLING, why, record)
    return Slot(letter, folder, record.state, record.why, record)


def keep(slot: Slot, record: Record) -> Slot:
    """Write a slot's record to the disk and return the slot with it."""
    durable.write(slot.folder / RECORD, record.model_dump_json(indent=1).encode())
    return Slot(slot.letter, slot.folder, record.state, record.why, record)


def now() -> datetime:
    """Return the time, by the device's clock."""
    return datetime.now(timezone.utc).replace(microsecond=0)
