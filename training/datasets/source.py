"""The one interface of all data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from training.datasets.clip import Clip


@dataclass(frozen=True)
class Source(ABC):
    """A data set: what is to be known about it, and how it is read.

        source = SOURCES["uiprmd-vicon"]
        clips = source.read(Path("../shared/data"))

    :param name: what its clips call their source.
    :param people: the prefix of its people's names; two recordings of the same people share it.
    :param may_train: whether weights trained on it may be given away.
    :param licence: in words, for the manifest and the model card.
    """

    name: str
    people: str
    may_train: bool
    licence: str

    @abstractmethod
    def files(self, folder: Path) -> list[Path]:
        """Return every file that is read, so that a split can tell whether one has changed.

        :param folder: the data folder.
        :raises DataError: one is missing.
        """

    @abstractmethod
    def read(self, folder: Path) -> list[Clip]:
        """Read every labelled repetition.

        :param folder: the data folder.
        :raises DataError: a file is missing or is not what was expected.
        """
