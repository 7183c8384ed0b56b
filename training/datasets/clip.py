"""What every data set gives: single repetitions of ten joints, with what is known about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25, TEN

CLASSES: Final = ("incorrect", "correct")
"""The classes in the order of the network's output."""

TEN_NAMES: Final = tuple(BODY_25[index].lower() for index in TEN)
"""The ten joints' names as the archives spell them."""

ANKLES: Final = (TEN_NAMES.index("rankle"), TEN_NAMES.index("lankle"))

PARTS: Final = ("base_of_support", "left_knee", "right_knee", "torso", "hip_joint", "neck")
"""The six body parts that the thesis judges, in the order of :attr:`Clip.parts`."""

WRONG: Final = 1
FINE: Final = 0
UNKNOWN: Final = -1

LOADS: Final = ("none", "barbell", "dumbbell")
"""What the hands may hold; the thesis's own figures are for empty hands."""

HARD_TO_SEE: Final = ("heels lifting", "toes lifting")
"""Errors that ten joints seen from the front can hardly show."""


class DataError(Exception):
    """A data set is missing or is not what its reader expects; the message says what to do."""


def unknown_parts() -> npt.NDArray[np.int64]:
    """Return [6] the body parts of a clip of which nothing is known."""
    return np.full(len(PARTS), UNKNOWN, dtype=np.int64)


@dataclass(frozen=True)
class Clip:
    """One repetition, as its source recorded it.

        clip = Clip("mine", "p01", True, "none", times, joints, view="front")
        knees = clip.parts[1:3]

    :param source: the data set's name, a key of :data:`training.datasets.SOURCES`.
    :param person: who it is; where the source does not say, the group that must stay together.
    :param correct: the source's label.
    :param error: the source's own name of what is wrong.
    :param times: [T] seconds.
    :param joints: [T, 10, 3] metres (x left, y up, z forward), or [T, 10, 2] (y down, any unit).
    :param parts: [6] 1 wrong, 0 fine, -1 unknown, in the order of :data:`PARTS`.
    :param view: where it was seen from, in the source's own words.
    :param group: what must stay on one side of a split; the person where nothing is said.
    :param load: one of :data:`LOADS`.
    :param name: the source's own name of this repetition.
    """

    source: str
    person: str
    correct: bool
    error: str
    times: npt.NDArray[np.float64]
    joints: npt.NDArray[np.float64]
    parts: npt.NDArray[np.int64] = field(default_factory=unknown_parts)
    view: str = ""
    group: str = ""
    load: str = "none"
    name: str = ""

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.person)


def people(clips: Collection[Clip]) -> list[str]:
    """Return the names of the people in the clips, sorted."""
    return sorted({clip.person for clip in clips})


def split_by_person(
    clips: Sequence[Clip], held_out: Collection[str]
) -> tuple[list[Clip], list[Clip]]:
    """Part the clips into those of other people and those of the people held out.

    Splits are never by clip: a person predicts the label, so a model that has seen the person
    has seen the answer.

    :raises DataError: somebody held out is not in the clips.
    """
    unknown = set(held_out) - set(people(clips))
    if unknown:
        raise DataError(f"nobody in the clips is called {', '.join(sorted(unknown))}")
    inside = [clip for clip in clips if clip.person not in held_out]
    outside = [clip for clip in clips if clip.person in held_out]
    return inside, outside
