"""What the maintainer's commands share: they work on the kiosk's data, whether it runs or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edge.errors import DatabaseTooNewError
from edge.settings import Settings
from kiosk_ui.store import ScoreStore


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--data-dir``."""
    return click.option(
        "--data-dir",
        default=None,
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="The kiosk's data [default: KIOSK_DATA_DIR, else var].",
    )(command)


@contextmanager
def opened(data_dir: Path | None) -> Iterator[ScoreStore]:
    """Open the kiosk's scores.

        with opened(None) as scores:
            ...

    :param data_dir: None: where the kiosk itself would look.
    :raises click.ClickException: there are none, or they cannot be used.
    """
    folder = data_dir or Settings().data_dir
    if not folder.is_dir():
        raise click.ClickException(f"there is no folder {folder}; name the kiosk's by --data-dir")
    try:
        scores = ScoreStore(folder)
    except DatabaseTooNewError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be used: {error.strerror}") from error
    try:
        yield scores
    finally:
        scores.close()
