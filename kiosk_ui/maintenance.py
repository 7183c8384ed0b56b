"""What the maintainer's commands share: they work on the kiosk's data, whether it runs or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edge.errors import DatabaseTooNewError
from edge.settings import Settings
from kiosk_ui.backups import rescue
from kiosk_ui.config import WebConfig
from kiosk_ui.store import MIRRORED, UPLOAD, ScoreStore
from kiosk_ui.worker import FAILED


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


def open_alone(data_dir: Path, config: WebConfig) -> ScoreStore:
    """Open the scores of a folder that nobody else works with, as it was claimed.

        store = open_alone(Path("var"), WebConfig())

    What was on its way in is removed, and a damaged database replaced by its newest copy.

    :param data_dir: the folder; what was wrong with it is then in the store's ``trouble``.
    :param config: says how long videos stay.
    :raises DatabaseTooNewError: a newer version of the program has written it.
    :raises sqlalchemy.exc.DatabaseError: it cannot be used.
    """
    trouble = rescue(data_dir)
    store = ScoreStore(data_dir)
    store.trouble, store.clip_seconds = trouble, config.clip_seconds
    store.clear_incoming()
    if trouble:
        store.videos.match_files((UPLOAD, MIRRORED), FAILED)
    return store
