"""What an exercise is: joints, phases, measured quantities, faults and cues, and who judges it.

A pack is a folder in ``edge/exercises/`` whose package defines ``EXERCISE``. Nothing outside of
that folder knows an exercise by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import ExerciseError
from edge.joints import INDEX
from edge.track import BoolArray, FloatArray, PoseTrack

MAX_TURN: Final = 35.0
"""Degrees: what lies across the body cannot be measured when it is turned further than this."""

MOST_DIGITS: Final = 3
"""So many digits after the point tell a value from the limit that it is just beyond."""

PLACEHOLDERS: Final = {"value", "aim"}
"""What a cue may hold a place for."""


class Text(BaseModel):
    """One sentence in every language that is spoken here.

    text = Text(en="Go lower.", ko="더 내려가세요.")
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1)
    ko: str = Field(min_length=1)

    def fill(self, **values: str) -> Text:
        """Return the sentence with the number and the aim put into their places."""
        return Text(en=self.en.format(**values), ko=self.ko.format(**values))


class Texts(BaseModel):
    """All words of a pack, from its ``texts.json``.

        texts = Texts.read(Path(__file__).with_name("texts.json"))
        texts.faults["too_shallow"].en

    :param name: the exercise.
    :param quantities: what each measured quantity is called.
    :param faults: the cue of each fault, with places for ``{value}`` and ``{aim}``.
    :param live: a word or two for each fault, said while the person goes on.
    :param parts: the cue of each part of the body, for when no number says what is wrong with it.
    :param praise: what a faultless result is told.
    :param unknown: what a bad result is told where nobody can say why.
    :param reasons: words of its own for why a clip was not judged, by the reason's code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    quantities: dict[str, Text]
    faults: dict[str, Text]
    live: dict[str, Text]
    parts: dict[str, Text]
    praise: Text
    unknown: Text
    reasons: dict[str, Text] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Texts:
        """Read a pack's texts.

        :raises ExerciseError: the file is missing, or lacks a language or a text.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ExerciseError(f"{path.parent.name} has no {path.name}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ExerciseError(
                f"{path.parent.name}/{path.name} is not understood: {where}: {first['msg']}"
            ) from error


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition, from rest to rest; all times in seconds.

    :param start: the movement leaves the rest.
    :param turn: it is farthest from the rest: the bottom of a squat, the top of a press.
    :param end: it is back at rest.
    :param travel: how far the signal moved, in torso lengths.
    """

    start: float
    turn: float
    end: float
    travel: float


@dataclass(frozen=True, slots=True)
class Signal:
    """The one height by which repetitions are found, in torso lengths, from any origin.

        Signal(joints=("MidHip",), least=0.3)                                     # squat
        Signal(joints=("RWrist", "LWrist"), above=("Neck",), rest="low", least=0.5)  # press

    :param joints: names of the joints whose mean height it is.
    :param above: names of the joints from whose mean it is measured; none: the picture.
    :param rest: whether a repetition starts and ends where the signal is high or low.
    :param least: torso lengths; a movement of less than this is no repetition.
    :param ready: tells [T] from joints [T, 25, 2] whether the person is in position: what happens
        before and after, such as lying down for a push-up, is no repetition. None: always.
    """

    joints: tuple[str, ...]
    least: float
    above: tuple[str, ...] = ()
    rest: Literal["high", "low"] = "high"
    ready: Callable[[FloatArray], BoolArray] | None = None

    def needs(self) -> list[int]:
        """Return the indices of all joints it is made of."""
        return [INDEX[name] for name in (*self.joints, *self.above)]

    def height(self, joints: FloatArray) -> FloatArray:
        """Return [T] the signal, high at rest, in the unit of ``joints`` [T, 25, 2]."""
        height = -joints[:, [INDEX[name] for name in self.joints], 1].mean(axis=1)
        if self.above:
            height += joints[:, [INDEX[name] for name in self.above], 1].mean(axis=1)
        return np.asarray(height if self.rest == "high" else -height)

    def in_position(self, joints: FloatArray) -> BoolArray:
        """Return [T] whether the person is where a repetition can happen, for [T, 25, 2] joints."""
        return np.ones(len(joints), bool) if self.ready is None else self.ready(joints)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a quantity is in one repetition.

    :param value: in the quantity's unit.
    :param moment: seconds; when it was so, or was worst.
    """

    value: float
    moment: float


Measure = Callable[[PoseTrack, Repetition], Measurement | None]
"""Measures one repetition.

It gets the part of the track from shortly before the repetition to shortly after it, at 30 Hz,
gaps closed and lightly smoothed, and gives None where this view cannot show the quantity.
"""

Course = Callable[[PoseTrack, Sequence[Repetition]], FloatArray]
"""Gives [T] a quantity at every moment of a whole track, prepared as for a :data:`Measure`."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something a coach would measure in a repetition.

    :param name: a word for programs.
    :param unit: of the value, such as ``%``, ``°`` or ``s``.
    :param source: where definition and aims come from; "ours" where they are ours.
    :param joints: names of the joints that must be seen.
    :param measure: does it.
    :param tolerance: in its unit: what two measurements of the same movement may differ by.
    :param max_turn: degrees; when turned further from the exercise's own view it is not visible.
    :param digits: how many digits after the point are told.
    :param course: how it goes over a whole clip; None: it is a number of a repetition only.
    """

    name: str
    unit: str
    source: str
    joints: tuple[str, ...]
    measure: Measure
    tolerance: float
    max_turn: float = MAX_TURN
    digits: int = 0
    course: Course | None = None

    def tell(self, value: float) -> str:
        """Return the amount as it is told: a side is told in words, not by a sign."""
        return f"{abs(value):.{self.digits}f}"

    def tell_beyond(self, value: float, limit: float) -> str:
        """Return the amount of a value beyond a limit, with the digits that tell the two apart."""
        digits = self.digits
        while digits < MOST_DIGITS and f"{value:.{digits}f}" == f"{limit:.{digits}f}":
            digits += 1
        return f"{abs(value):.{digits}f}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What can be wrong with a part of the body, and the quantity that tells.

        Fault("too_shallow", "hip_joint", "depth", aim=(55.0, None), beyond="low")

    :param name: a word for programs; its cue is in the pack's texts.
    :param part: of the body; left and right are the person's own.
    :param quantity: the name of the quantity that shows it.
    :param aim: the range aimed at, in the quantity's unit; None: no limit on this side.
    :param beyond: the limit on whose far side the fault is.
    """

    name: str
    part: str
    quantity: str
    aim: tuple[float | None, float | None]
    beyond: Literal["low", "high"]

    @property
    def limit(self) -> float:
        """The limit of the aim that this fault is about."""
        limit = self.aim[0] if self.beyond == "low" else self.aim[1]
        if limit is None:
            raise ExerciseError(f"{self.name}: the aim has no {self.beyond} limit")
        return limit

    def excess(self, value: float) -> float:
        """Return by how much a value is beyond the limit, in its unit; negative: within."""
        return self.limit - value if self.beyond == "low" else value - self.limit


@dataclass(frozen=True)
class Exercise:
    """One exercise, complete.

        exercise = edge.exercises.load("squat")
        exercise.texts.name.ko

    :param name: of its folder.
    :param view: from where the camera must see it.
    :param joints: names of the joints that must be well seen for it to be judged; from the side,
        either of a left and a right one.
    :param signal: by which repetitions are found.
    :param quantities: what is measured in each repetition.
    :param faults: what can be wrong with it.
    :param texts: its words.
    :param bundle: the folder's name of the model that judges it; None: the rules of its faults do.
    :raises ExerciseError: a fault names a quantity that there is not, or a text is missing.
    """

    name: str
    view: Literal["front", "side"]
    joints: tuple[str, ...]
    signal: Signal
    quantities: tuple[Quantity, ...]
    faults: tuple[Fault, ...]
    texts: Texts
    bundle: str | None = None

    def __post_init__(self) -> None:
        quantities = [quantity.name for quantity in self.quantities]
        faults = [fault.name for fault in self.faults]
        seen = [self.joints, self.signal.joints, self.signal.above]
        seen += [quantity.joints for quantity in self.quantities]
        self._same("joints", {name for names in seen for name in names} - set(INDEX), set())
        self._same("quantities", set(quantities), set(self.texts.quantities))
        self._same("faults", set(faults), set(self.texts.faults))
        self._same("live words", set(faults), set(self.texts.live))
        self._same("parts", {fault.part for fault in self.faults}, set(self.texts.parts))
        self._same("quantities", {f.quantity for f in self.faults} - set(quantities), set())
        for names in (quantities, faults):
            if len(set(names)) < len(names):
                raise ExerciseError(f"{self.name}: a name is there twice in {', '.join(names)}")
        for fault in self.faults:
            _ = fault.limit  # the limit must be there
            for sentence in self.texts.faults[fault.name].model_dump().values():
                places = {place for _, place, _, _ in Formatter().parse(sentence) if place}
                if places != PLACEHOLDERS:
                    raise ExerciseError(
                        f"{self.name}: the cue of {fault.name} must have places for "
                        "{value} and {aim}"
                    )

    def _same(self, what: str, here: set[Any], there: set[Any]) -> None:
        """Check that two sets of names are the same."""
        if here != there:
            odd = ", ".join(sorted(here ^ there))
            raise ExerciseError(f"{self.name}: {what} without a counterpart: {odd}")

    def quantity(self, name: str) -> Quantity:
        """Return a quantity by its name."""
        return next(quantity for quantity in self.quantities if quantity.name == name)

    def faults_of(self, part: str) -> Sequence[Fault]:
        """Return the faults of a part of the body."""
        return [fault for fault in self.faults if fault.part == part]
