"""``python -m kiosk_ui.database_check``: checks the whole database, and copies it."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from edge.settings import Settings
from kiosk_ui.backups import FILE, back_up, copies
from kiosk_ui.maintenance import data_option


@click.command()
@data_option
def main(data_dir: Path | None) -> None:
    """Check every page of the database, whether the kiosk runs or not, and make a copy of it."""
    logging.basicConfig(level=logging.CRITICAL)
    folder = data_dir or Settings().data_dir
    if not (folder / FILE).is_file():
        raise click.ClickException(f"there is no database in {folder}")
    why = back_up(folder)
    if why:
        raise click.ClickException(why)
    click.echo(f"The database is whole. A copy of it: {copies(folder)[-1]}")


if __name__ == "__main__":
    main()
