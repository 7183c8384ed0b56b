"""The data sets, one reader each, all giving the same thing: single repetitions of ten joints.

    clips = read("uiprmd-vicon", Path("../shared/data"))

The files are NumPy archives in which the repetitions lie end to end. They are not part of this
project: name the shared data folder beside the checkout, or your own, by ``--data``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25, TEN

CLASSES: Final = ("incorrect", "correct")
"""The classes in the order of the network's output."""

TEN_NAMES: Final = tuple(BODY_25[index].lower() for index in TEN)
"""The ten joints' names as the archives spell them."""

ANKLES: Final = (TEN_NAMES.index("rankle"), TEN_NAMES.index("lankle"))

HARD_TO_SEE: Final = ("heels lifting", "toes lifting")
"""Errors that ten joints seen from the front can hardly show."""


class DataError(Exception):
    """A data set is missing or is not what its reader expects; the message says what to do."""


@dataclass(frozen=True)
class Clip:
    """One repetition, as its source recorded it.

    :param source: the data set's name, a key of :data:`SOURCES`.
    :param person: who it is; where the source does not say, the group that must stay together.
    :param correct: the source's label.
    :param error: the source's own name of what is wrong.
    :param times: [T] seconds.
    :param joints: [T, 10, 3] metres (x left, y up, z forward), or [T, 10, 2] (y down, any unit).
    """

    source: str
    person: str
    correct: bool
    error: str
    times: npt.NDArray[np.float64]
    joints: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """What is to be known about a data set.

    :param file: the archive's name inside the data folder.
    :param people: the prefix of its people's names; two recordings of the same people share it.
    :param may_train: whether weights trained on it may be given away.
    :param licence: in words, for the manifest and the model card.
    """

    file: str
    people: str
    may_train: bool
    licence: str

    def read(self, name: str, folder: Path) -> list[Clip]:
        """Read every labelled repetition.

        :param name: what the clips call their source.
        :raises DataError: the file is missing, or does not hold the ten joints in our order.
        """
        path = folder / self.file
        if not path.is_file():
            raise DataError(
                f"{path} is missing: get the data set (see training/README.md) "
                "and name its folder by --data"
            )
        with np.load(path) as archive:
            columns = {key: archive[key] for key in archive.files}
        if tuple(columns["k10_names"]) != TEN_NAMES:
            raise DataError(f"{path} does not hold the ten joints in the order {TEN_NAMES}")
        clips = []
        for index, (start, length) in enumerate(
            zip(columns["start"], columns["length"], strict=True)
        ):
            if columns["correct"][index] < 0:
                continue  # unlabelled
            joints = columns["k10"][start : start + length].astype(np.float64)
            clips.append(
                Clip(
                    source=name,
                    person=f"{self.people}-{columns['group'][index]}",
                    correct=bool(columns["correct"][index]),
                    error=str(columns["error"][index]),
                    times=np.arange(length) / float(columns["fps"][index]),
                    joints=joints,
                )
            )
        return clips


SOURCES: Final[dict[str, Source]] = {
    "uiprmd-vicon": Source(
        "uiprmd_deepsquat_vicon.npz", "uiprmd", may_train=True, licence="ODC PDDL 1.0"
    ),
    "uiprmd-kinect": Source(
        "uiprmd_deepsquat_kinect.npz", "uiprmd", may_train=True, licence="ODC PDDL 1.0"
    ),
    "aitrainer": Source(
        "aitrainer_front2d.npz", "aitrainer", may_train=False, licence="none stated: measure only"
    ),
    "wing": Source(
        "wing_validation_front2d.npz", "wing", may_train=False, licence="none stated: measure only"
    ),
}
"""UI-PRMD: Vakanski et al., Data 2018, 3(1), 2. aitrainer: Chariar et al., IEEE Access 2023."""


def read(name: str, folder: Path) -> list[Clip]:
    """Read the data set called ``name`` from a folder.

    :raises DataError: there is no such data set, or its file is missing.
    """
    if name not in SOURCES:
        raise DataError(f"there is no data set {name!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name].read(name, folder)


def read_for_training(names: Sequence[str], folder: Path) -> list[Clip]:
    """Read data sets whose licence lets the weights be given away.

    :raises DataError: one of them may only be measured with.
    """
    for name in names:
        if name in SOURCES and not SOURCES[name].may_train:
            raise DataError(f"{name} has no licence to ship weights trained on it: measure only")
    return [clip for name in names for clip in read(name, folder)]


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
