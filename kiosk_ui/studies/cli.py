"""``python -m kiosk_ui.studies.cli``: begin, export and end studies."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import click

from kiosk_ui.maintenance import data_option, opened
from kiosk_ui.studies.store import StudyStore


@click.group()
def main() -> None:
    """Compare people with and without feedback, before and after practice."""


@main.command()
@data_option
@click.argument("name")
@click.option("--participants", default=40, show_default=True, type=click.IntRange(1, 1000),
              help="So many codes are made.")  # fmt: skip
@click.option("--seed", default=None, type=int, help="For the groups [default: drawn].")
def new(data_dir: Path | None, name: str, participants: int, seed: int | None) -> None:
    """Begin the study NAME and print the participants' codes."""
    with opened(data_dir) as scores:
        drawn = secrets.randbelow(2**31) if seed is None else seed
        try:
            codes = StudyStore(scores).create(name, participants, drawn)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"# {name}: seed {drawn}. Participants open /study on their phone.", err=True)
    click.echo("\n".join(codes))


@main.command(name="list")
@data_option
def list_all(data_dir: Path | None) -> None:
    """List the studies."""
    with opened(data_dir) as scores:
        for one in StudyStore(scores).all():
            state = "closed" if one.closed else "open"
            click.echo(f"{one.name}: {state}, {one.joined} of {one.codes} codes used")


@main.command()
@data_option
@click.argument("name")
@click.option("--out", type=click.File("w", encoding="utf-8", lazy=False), default="-",
              help="CSV file [default: the terminal].")  # fmt: skip
def export(data_dir: Path | None, name: str, out: TextIO) -> None:
    """Write a row for each participant of the study NAME."""
    with opened(data_dir) as scores:
        try:
            rows = StudyStore(scores).table(name)
        except LookupError as error:
            raise click.ClickException(str(error)) from error
    if not rows:
        raise click.ClickException(f"nobody has joined {name!r} yet")
    table = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)


@main.command()
@data_option
@click.argument("name")
def close(data_dir: Path | None, name: str) -> None:
    """End the study NAME: nobody comes in, and its participants may see their results."""
    _change(data_dir, lambda studies: studies.close(name))
    click.echo(f"{name} is closed")


@main.command()
@data_option
@click.argument("name")
@click.confirmation_option(prompt="Delete the study with all its videos and answers?")
def delete(data_dir: Path | None, name: str) -> None:
    """Remove the study NAME with all its recordings and answers."""
    _change(data_dir, lambda studies: studies.delete(name))
    click.echo(f"{name} is deleted")


def _change(data_dir: Path | None, action: Callable[[StudyStore], None]) -> None:
    with opened(data_dir) as scores:
        try:
            action(StudyStore(scores))
        except LookupError as error:
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
