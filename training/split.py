"""Part people into training, validation and test, and write down who is where.

    python -m training.split --data ../shared/data --source uiprmd-vicon --out split.json

Nobody is on two sides: a person predicts the label, so a model that has seen the person has seen
the answer. The file holds the SHA-256 of every file that was read and of every list of people, and
is refused where one no longer fits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Final

import click
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from sklearn.model_selection import StratifiedGroupKFold

from training.datasets import SOURCES, Clip, DataError, find_source, people, read_for_training
from training.datasets.keypoints import file_sha256

SIDES: Final = ("training", "validation", "test")

TEST: Final = 0.16
"""Share of the people; the thesis's test set has 17 of 105."""

VALIDATION: Final = 0.1


class Side(BaseModel):
    """Who is on one side of a split.

    :param people: their names, sorted.
    :param groups: what must not be split, sorted; people where the source says no more.
    :param clips: how many clips there are of them.
    :param correct: how many of these are correct.
    :param sha256: of the names, so that no hand changes them unnoticed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: tuple[str, ...]
    groups: tuple[str, ...]
    clips: int
    correct: int
    sha256: str

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> Side:
        """Return the side that these clips make up."""
        names, groups = tuple(people(clips)), tuple(sorted({clip.group for clip in clips}))
        correct = sum(clip.correct for clip in clips)
        return cls(
            people=names,
            groups=groups,
            clips=len(clips),
            correct=correct,
            sha256=digest(names, groups),
        )


def digest(*lists: Iterable[str]) -> str:
    """Return the SHA-256 of lists of names, in hexadecimal."""
    return sha256(json.dumps([list(names) for names in lists]).encode()).hexdigest()


class Split(BaseModel):
    """Which people learn, which decide when to stop, and which are only measured.

        split = Split.load(Path("split.json"), Path("../shared/data"))
        sides = split.part(read_for_training(split.sources, Path("../shared/data")))

    :param sources: the data sets' names.
    :param seed: of what was left to chance.
    :param files: SHA-256 of every file of the sources, by its path in the data folder.
    :param sides: by name, one of :data:`SIDES`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...]
    seed: int
    files: dict[str, str]
    sides: dict[str, Side]

    @model_validator(mode="after")
    def _check(self) -> Split:
        if set(self.sides) != set(SIDES):
            raise ValueError(f"the sides must be {', '.join(SIDES)}")
        for name, side in self.sides.items():
            if digest(side.people, side.groups) != side.sha256:
                raise ValueError(f"the people of {name} are not those that were written")
        for (one, first), (other, second) in combinations(self.sides.items(), 2):
            for what in ("people", "groups"):
                both = set(getattr(first, what)) & set(getattr(second, what))
                if both:
                    raise ValueError(f"{name_some(both)} in both {one} and {other}")
        return self

    def save(self, path: Path) -> None:
        """Write the split as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, data: Path) -> Split:
        """Read a split and check it.

        :param data: the data folder; its files must be those that the split was made of.
        :raises DataError: somebody is on two sides, a list was changed, or a file was.
        """
        try:
            split = cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise DataError(f"{path} is no usable split: {first_problem(error)}") from error
        now = hashes(split.sources, data)
        changed = {name for name in now.keys() | split.files.keys()
                   if now.get(name) != split.files.get(name)}  # fmt: skip
        if changed:
            raise DataError(f"{path} was made of other data: {name_some(changed)} changed")
        return split

    def part(self, clips: Sequence[Clip]) -> dict[str, list[Clip]]:
        """Return the clips of each side.

        :raises DataError: somebody in the clips is on no side.
        """
        side_of = {name: side for side, one in self.sides.items() for name in one.people}
        strangers = set(people(clips)) - side_of.keys()
        if strangers:
            raise DataError(f"the split does not know {name_some(strangers)}")
        return {side: [c for c in clips if side_of[c.person] == side] for side in SIDES}


def first_problem(error: ValidationError) -> str:
    """Return what a split is refused for."""
    first = error.errors()[0]
    return " ".join([*(str(part) for part in first["loc"]), first["msg"]])


def name_some(names: Iterable[str]) -> str:
    """Return at most five of the names, and how many more there are."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return ", ".join(ordered[:5]) + more


def hashes(sources: Iterable[str], data: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the data sets, by its path in the data folder.

    :raises DataError: a file is missing.
    """
    paths = {path for name in sources for path in find_source(name).files(data)}
    return {path.relative_to(data).as_posix(): file_sha256(path) for path in sorted(paths)}


def make_split(
    sources: Sequence[str],
    data: Path,
    *,
    seed: int = 1,
    test: float = TEST,
    validation: float = VALIDATION,
) -> Split:
    """Part the people of data sets, each side with its share of every label, load and source.

        make_split(["uiprmd-vicon", "uiprmd-kinect"], Path("../shared/data")).save(path)

    :param sources: the data sets' names; the same people may be in several.
    :param data: the data folder.
    :param seed: of what is left to chance.
    :param test: share to measure on, 0 to 0.5.
    :param validation: share of all to stop by, 0 to 0.5.
    :raises DataError: a data set is missing or may not be trained on, or there are too few people.
    """
    clips = read_for_training(sources, data)
    rest, measured = take(clips, test, seed)
    learnt, stopping = take(rest, validation / (1 - test), seed)
    sides = dict(zip(SIDES, (learnt, stopping, measured), strict=True))
    try:
        return Split(
            sources=tuple(sources),
            seed=seed,
            files=hashes(sources, data),
            sides={name: Side.of(side) for name, side in sides.items()},
        )
    except ValidationError as error:  # somebody belongs to two groups
        raise DataError(f"the data cannot be split: {first_problem(error)}") from error


def take(clips: Sequence[Clip], share: float, seed: int) -> tuple[list[Clip], list[Clip]]:
    """Part whole groups off: return the rest, and about this share.

    :param share: 0 to 0.5; the nearest of a half, a third, a quarter and so on is taken.
    :raises DataError: there are too few groups.
    """
    parts = round(1 / share)
    groups = [clip.group for clip in clips]
    if len(set(groups)) < parts:
        raise DataError(f"{len(set(groups))} people are too few to take one in {parts}")
    folds = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    kept, taken = next(folds.split(clips, strata(clips, parts), groups))
    if not len(taken):
        raise DataError(f"{len(set(groups))} people are too few to take one in {parts}")
    return [clips[i] for i in kept], [clips[i] for i in taken]


def strata(clips: Sequence[Clip], least: int) -> list[str]:
    """Return of each clip what every side should have its share of; rare kinds go by label."""
    kinds = [f"{clip.source}, {clip.correct}, {clip.load}" for clip in clips]
    count = Counter(kinds)
    return [
        kind if count[kind] >= least else str(clip.correct)
        for kind, clip in zip(kinds, clips, strict=True)
    ]


def describe(sides: Mapping[str, Side]) -> str:
    """Return how large each side is, one line each."""
    return "\n".join(
        f"{name}: {len(side.people)} people, {side.clips} clips ({side.correct} correct)"
        for name, side in sides.items()
    )


TRAINABLE: Final = [name for name, source in SOURCES.items() if source.may_train]


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the data sets.")  # fmt: skip
@click.option("--source", "sources", multiple=True, type=click.Choice(TRAINABLE),
              default=("uiprmd-vicon", "uiprmd-kinect"), show_default=True,
              help="A data set; may be given several times.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="The file to write.")  # fmt: skip
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(data: Path, sources: tuple[str, ...], out: Path, seed: int) -> None:
    """Part the people of data sets into training, validation and test."""
    try:
        split = make_split(sources, data, seed=seed)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    split.save(out)
    click.echo(describe(split.sides))


if __name__ == "__main__":
    main()
