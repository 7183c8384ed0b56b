"""Data sets that come as one NumPy archive, in which the repetitions lie end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.datasets.clip import PARTS, TEN_NAMES, Clip, DataError, unknown_parts
from training.datasets.source import Source


@dataclass(frozen=True)
class Archive(Source):
    """A data set in one archive; training/README.md says what it holds.

        source = Archive("mine", "mine", True, "CC0", file="mine.npz")
        clips = source.read(Path("../shared/data"))

    :param file: the archive's name inside the data folder.
    """

    file: str = ""

    def files(self, folder: Path) -> list[Path]:
        """Return the archive.

        :raises DataError: it is missing.
        """
        path = folder / self.file
        if not path.is_file():
            raise DataError(
                f"{path} is missing: get the data set (see training/README.md) "
                "and name its folder by --data"
            )
        return [path]

    def read(self, folder: Path) -> list[Clip]:
        """Read every labelled repetition.

        :raises DataError: the file is missing, or does not hold the joints and parts in our order.
        """
        (path,) = self.files(folder)
        with np.load(path) as archive:
            columns = {key: archive[key] for key in archive.files}
        if tuple(columns["k10_names"]) != TEN_NAMES:
            raise DataError(f"{path} does not hold the ten joints in the order {TEN_NAMES}")
        if "part_names" in columns and tuple(columns["part_names"]) != PARTS:
            raise DataError(f"{path} does not hold the six parts in the order {PARTS}")
        labelled = np.flatnonzero(columns["correct"] >= 0)
        return [self._clip(columns, int(index)) for index in labelled]

    def _clip(self, columns: Mapping[str, npt.NDArray[Any]], index: int) -> Clip:
        start, length = int(columns["start"][index]), int(columns["length"][index])
        return Clip(
            source=self.name,
            person=f"{self.people}-{columns['group'][index]}",
            correct=bool(columns["correct"][index]),
            error=str(columns["error"][index]),
            times=np.arange(length) / float(columns["fps"][index]),
            joints=columns["k10"][start : start + length].astype(np.float64),
            parts=columns["parts"][index].astype(np.int64)
            if "parts" in columns
            else unknown_parts(),
            view=str(columns.get("view", "")),
            name=str(columns["rep"][index]) if "rep" in columns else "",
        )
