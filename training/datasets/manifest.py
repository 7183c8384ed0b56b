"""The manifest of a data set of videos: a CSV file with one row per squat and the thesis's labels.

    rows = read_manifest(Path("recordings/manifest.csv"))

Labels: person, correct or not, and the ten further ones (age, gender, height, weight and the six
body parts) of Park, Seoul National University, 2020, who also recorded from the right-hand
diagonal and in three dimensions. The load is ours.
"""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from training.datasets.clip import FINE, PARTS, UNKNOWN, WRONG, DataError

SHOWN: Final = 20
"""So many problems are listed; the rest are counted."""

FILES: Final = ("video", "diagonal_video", "keypoints_3d")
"""The columns that name a file, relative to the manifest's folder."""


def _flag(cell: object) -> bool:
    if cell not in {"0", "1"}:
        raise PydanticCustomError("flag", "must be 1 or 0")
    return cell == "1"


Flag = Annotated[bool, BeforeValidator(_flag)]


def _name(cell: str) -> str:
    """Write a name one way: what looks alike is one person, whatever computer it was typed on."""
    return " ".join(unicodedata.normalize("NFC", cell).split())


Name = Annotated[str, AfterValidator(_name)]


def number(least: float, most: float) -> Any:
    """Return the field of an optional number between two bounds, both included."""
    return Field(default=None, ge=least, le=most, allow_inf_nan=False)


class Row(BaseModel):
    """One squat of the manifest; an empty cell is a label that is not known.

        row = read_manifest(path)[0]
        row.person, row.correct, row.parts

    :param video: the front view, relative to the manifest's folder.
    :param person: who squats; whoever is filmed twice has the same name twice.
    :param correct: 1 correct, 0 incorrect.
    :param age: years.
    :param gender: ``female``, ``male`` or ``other``.
    :param height_cm: centimetres.
    :param weight_kg: kilograms, without the load.
    :param base_of_support: 1 wrong, 0 fine; so are the five parts that follow.
    :param load: ``none``, ``barbell`` or ``dumbbell``.
    :param diagonal_video: the same squat from the right-hand diagonal.
    :param keypoints_3d: the same squat as a CSV file of joints in metres.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    video: str
    person: Name
    correct: Flag
    age: float | None = number(1, 120)
    gender: Literal["female", "male", "other"] | None = None
    height_cm: float | None = number(50, 260)
    weight_kg: float | None = number(10, 400)
    base_of_support: Flag | None = None
    left_knee: Flag | None = None
    right_knee: Flag | None = None
    torso: Flag | None = None
    hip_joint: Flag | None = None
    neck: Flag | None = None
    load: Literal["none", "barbell", "dumbbell"] = "none"
    diagonal_video: str | None = None
    keypoints_3d: str | None = None

    @property
    def parts(self) -> npt.NDArray[np.int64]:
        """[6] 1 wrong, 0 fine, -1 unknown, in the order of :data:`PARTS`."""
        meaning = {True: WRONG, False: FINE, None: UNKNOWN}
        return np.array([meaning[getattr(self, part)] for part in PARTS], dtype=np.int64)

    @property
    def error(self) -> str:
        """What is wrong, in words: the parts' names, ``none`` or ``unspecified``."""
        if self.correct:
            return "none"
        wrong = [part for part, value in zip(PARTS, self.parts, strict=True) if value == WRONG]
        return ", ".join(wrong).replace("_", " ") or "unspecified"

    @property
    def videos(self) -> dict[str, str]:
        """The video of each view, as the manifest names it."""
        views = {"front": self.video, "diagonal": self.diagonal_video}
        return {view: video for view, video in views.items() if video}


COLUMNS: Final = tuple(Row.model_fields)
REQUIRED: Final = tuple(name for name, one in Row.model_fields.items() if one.is_required())


def read_manifest(path: Path, *, videos_needed: bool = False) -> list[Row]:
    """Read and check a manifest.

        for row in read_manifest(Path("manifest.csv"), videos_needed=True):
            extract(row.video)

    :param path: a CSV file in UTF-8 whose first line names the columns, in any order.
    :param videos_needed: whether the videos must be there too, not only their keypoints.
    :raises DataError: something is wrong; the message names the line and the column of each
        problem.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(_lines(csv.reader(file, strict=True), path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8: save it as CSV UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}") from error
    rows, problems = _parse(lines)
    problems += _repeated(rows, path.parent) + _spelt_differently(rows)
    problems += _missing_files(rows, path.parent, videos_needed=videos_needed)
    if problems:
        problems.sort(key=lambda problem: problem[0])
        shown = [f"  line {line}, {text}" for line, text in problems[:SHOWN]]
        more = [f"  and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise DataError("\n".join([f"{path} has {count}:", *shown, *more]))
    if not rows:
        raise DataError(f"{path} has no rows")
    return [row for _, row in rows]


Problem = tuple[int, str]
"""The line, and the column with what is wrong there."""


def _lines(table: Any, path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Give each line's number and its cells by column; empty cells and lines are left out."""
    header = [cell.strip() for cell in next(table, [])]
    for name in header:
        if name not in COLUMNS:
            raise DataError(
                f"{path} has a column {name!r} that is not known; there are {', '.join(COLUMNS)}"
            )
        if header.count(name) > 1:
            raise DataError(f"{path} has the column {name!r} more than once")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DataError(f"{path} lacks the column {', '.join(missing)}")
    for cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{path}, line {table.line_num}: {len(cells)} cells, but {len(header)} columns"
            )
        pairs = zip(header, cells, strict=True)
        yield table.line_num, {name: cell.strip() for name, cell in pairs if cell.strip()}


def _parse(
    lines: list[tuple[int, dict[str, str | None]]],
) -> tuple[list[tuple[int, Row]], list[Problem]]:
    rows: list[tuple[int, Row]] = []
    problems: list[Problem] = []
    for line, cells in lines:
        try:
            rows.append((line, Row.model_validate(cells)))
        except ValidationError as error:
            for one in error.errors():
                column, cell = str(one["loc"][0]), cells.get(str(one["loc"][0]))
                what = "is empty" if cell is None else f"{one['msg']}, not {cell!r}"
                problems.append((line, f"column {column}: {what}"))
    return rows, problems


def _repeated(rows: list[tuple[int, Row]], folder: Path) -> list[Problem]:
    """Return the files that are named twice: one squat cannot have two labels."""
    first: dict[str, int] = {}
    problems: list[Problem] = []
    for line, column, name in _named(rows):
        path = os.path.normpath(folder / name)
        if path in first:
            problems.append((line, f"column {column}: {name!r} is in line {first[path]} already"))
        first.setdefault(path, line)
    return problems


def _spelt_differently(rows: list[tuple[int, Row]]) -> list[Problem]:
    """Return the people whose names differ in capitals only: a split would part them."""
    first: dict[str, tuple[int, str]] = {}
    problems: list[Problem] = []
    for line, row in rows:
        before, name = first.setdefault(row.person.casefold(), (line, row.person))
        if name != row.person:
            text = f"column person: {row.person!r} is {name!r} in line {before}; write it one way"
            problems.append((line, text))
    return problems


def _missing_files(
    rows: list[tuple[int, Row]], folder: Path, *, videos_needed: bool
) -> list[Problem]:
    problems: list[Problem] = []
    for line, column, name in _named(rows):
        if Path(name).is_absolute():
            problems.append((line, f"column {column}: {name!r} must be relative to the manifest"))
        elif (videos_needed or column == "keypoints_3d") and not is_file(folder / name):
            problems.append((line, f"column {column}: there is no file {name!r}"))
    return problems


def _named(rows: list[tuple[int, Row]]) -> Iterator[tuple[int, str, str]]:
    """Give line, column and name of every file."""
    for line, row in rows:
        for column in FILES:
            name = getattr(row, column)
            if name:
                yield line, column, name


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; a path that no system can have names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
