"""The data sets, one reader each, all giving the same thing: single repetitions of ten joints.

    clips = read("uiprmd-vicon", Path("../shared/data"))

No data set is part of this project: name the shared data folder beside the checkout, or your own,
by ``--data``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from training.datasets.archives import Archive
from training.datasets.clip import (
    ANKLES,
    CLASSES,
    HARD_TO_SEE,
    LOADS,
    PARTS,
    TEN_NAMES,
    Clip,
    DataError,
    people,
    split_by_person,
    unknown_parts,
)
from training.datasets.recordings import Recordings
from training.datasets.source import Source

__all__ = [
    "ANKLES",
    "CLASSES",
    "HARD_TO_SEE",
    "LOADS",
    "PARTS",
    "SOURCES",
    "TEN_NAMES",
    "Archive",
    "Clip",
    "DataError",
    "Recordings",
    "Source",
    "find_source",
    "people",
    "read",
    "read_for_training",
    "split_by_person",
    "unknown_parts",
]

PDDL: Final = "ODC PDDL 1.0"
NONE_STATED: Final = "none stated: measure only"

SOURCES: Final[dict[str, Source]] = {
    source.name: source
    for source in (
        Archive("uiprmd-vicon", "uiprmd", True, PDDL, file="uiprmd_deepsquat_vicon.npz"),
        Archive("uiprmd-kinect", "uiprmd", True, PDDL, file="uiprmd_deepsquat_kinect.npz"),
        Archive("aitrainer", "aitrainer", False, NONE_STATED, file="aitrainer_front2d.npz"),
        Archive("wing", "wing", False, NONE_STATED, file="wing_validation_front2d.npz"),
        Recordings("recordings", "recordings", True, "the owner's own recordings"),
    )
}
"""UI-PRMD: Vakanski et al., Data 2018, 3(1), 2. aitrainer: Chariar et al., IEEE Access 2023."""


def find_source(name: str) -> Source:
    """Return the data set called ``name``.

    :raises DataError: there is no such data set.
    """
    if name not in SOURCES:
        raise DataError(f"there is no data set {name!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name]


def read(name: str, folder: Path) -> list[Clip]:
    """Read the data set called ``name`` from a folder.

    :raises DataError: there is no such data set, or its file is missing.
    """
    return find_source(name).read(folder)


def read_for_training(names: Sequence[str], folder: Path) -> list[Clip]:
    """Read data sets whose licence lets the weights be given away.

    :raises DataError: one of them may only be measured with.
    """
    for name in names:
        if not find_source(name).may_train:
            raise DataError(f"{name} has no licence to ship weights trained on it: measure only")
    return [clip for name in names for clip in read(name, folder)]
