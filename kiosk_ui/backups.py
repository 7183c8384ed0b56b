"""Copies of ``scores.sqlite3``, and what becomes of a database that is damaged.

    python -m kiosk_ui.database_check    # check every page of it now, and make a copy

Copies lie in ``backups/``, readable by their owner alone. There are two, a day apart; whatever is
deleted from the database goes from them in the same moment.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import time
from typing import Final

from trt_engines.durable import sync

log = logging.getLogger(__name__)

FILE: Final = "scores.sqlite3"

FOLDER: Final = "backups"
EVERY: Final = 86_400.0
"""Seconds after which a new copy is due."""

DAMAGED: Final = "damaged"
SUSPECT: Final = f"{FILE}.suspect"
"""There where a full check has found what the quick one at the start might not."""

DAMAGED_DAYS: Final = 7
"""For so long a damaged database is kept, for somebody who can still read something in it."""


def damaged(data_dir: Path, *, full: bool = False) -> str | None:
    """Return what is wrong with the database in a folder; None: nothing, or there is none.

    damaged(Path("var"), full=True)

    :param full: whether indexes are compared with their tables as well, which takes longer.
    :raises sqlite3.OperationalError: it cannot be looked at now.
    """
    path = data_dir / FILE
    try:
        if path.stat().st_size == 0:
            return "it is empty" if copies(data_dir) else None
    except FileNotFoundError:
        return None
    return _wrong_with(path, full=full)


def copies(data_dir: Path) -> list[Path]:
    """Return the copies, the oldest first."""
    return sorted((data_dir / FOLDER).glob(f"{FILE}.[0-9]*[0-9]"))


def backup_is_due(data_dir: Path) -> bool:
    """Tell whether the newest copy is a day old, or from a future that was none."""
    there = copies(data_dir)
    return not there or not 0 <= time() - there[-1].stat().st_mtime < EVERY


def back_up(data_dir: Path) -> str | None:
    """Make a copy, check every page of it, and keep one more, a day older where there is one.

        back_up(Path("var"))      # None: it is made

    Others may read and write meanwhile. What is damaged is not kept as a copy, and the older
    copies then stay.

    :returns: why there is none.
    """
    with _alone(data_dir) as folder:
        why = _add_copy(data_dir, folder)
        if why is None:
            *older, _ = copies(data_dir)
            # Whoever checks a database again and again is not to lose yesterday's copy by that.
            lasting = [one for one in older if time() - one.stat().st_mtime >= EVERY] or older[:1]
            for one in older:
                if one not in lasting[-1:]:
                    one.unlink(missing_ok=True)
    return why


def renew(data_dir: Path) -> None:
    """Let what was deleted go from the copies as well: they are made anew, where there are any."""
    if not copies(data_dir):
        return
    with _alone(data_dir) as folder:
        before = copies(data_dir)
        why = _add_copy(data_dir, folder)
        if why:
            log.error("there is no copy of %s any more: %s", FILE, why)
        for old in before:  # in any case: what somebody has deleted is not to come back
            old.unlink(missing_ok=True)


def rescue(data_dir: Path) -> str | None:
    """Look at the database before it is opened; put the newest good copy in place of a damaged one.

    The damaged one is kept beside it for a week. Only for whoever has the folder to themselves.

    :returns: what was wrong and what was done, for the maintainer; None: all is well.
    """
    marker = data_dir / SUSPECT
    try:
        why = damaged(data_dir, full=marker.exists())
    except sqlite3.OperationalError as error:
        log.error("%s cannot be checked: %s", FILE, error)
        return None  # opening it says what is the matter
    marker.unlink(missing_ok=True)
    if why is None:
        return None
    aside = _put_aside(data_dir / FILE)
    told = f"{FILE} was damaged ({why}) and lies in {aside.name}"
    for copy in reversed(copies(data_dir)):
        if _wrong_with(copy, full=True) is None:
            made = datetime.fromtimestamp(copy.stat().st_mtime, timezone.utc)
            copy_database(copy, data_dir / FILE)
            told += f"; the copy of {made:%Y-%m-%d %H:%M} UTC is in its place"
            break
    else:
        told += "; there is no copy of it, so everything begins anew"
    log.error("%s", told)
    return told


def forget_damaged(data_dir: Path, moment: datetime | None = None) -> None:
    """Remove the databases that were put aside; those older than a week, or all of them.

    :param moment: now; None: all.
    """
    for path in data_dir.glob(f"{FILE}.{DAMAGED}-*"):
        if moment is not None:
            made = path.name.removeprefix(f"{FILE}.{DAMAGED}-")[:15]
            try:
                since = datetime.strptime(made, "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
            except ValueError:
                continue  # not ours
            if abs(moment - since) < timedelta(days=DAMAGED_DAYS):
                continue
        path.unlink(missing_ok=True)


def _wrong_with(path: Path, *, full: bool) -> str | None:
    check = "integrity_check" if full else "quick_check"
    try:
        with closing(sqlite3.connect(path, timeout=10.0)) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(3)")]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == ["ok"] else "; ".join(found).replace("\n", " ")


def _put_aside(path: Path) -> Path:
    """Rename a database with what belongs to it; a crash in between leaves nothing to mix up."""
    now = datetime.now(timezone.utc)
    aside = path.with_name(f"{path.name}.{DAMAGED}-{now:%Y%m%d-%H%M%S}")
    for end in ("-shm", "-wal", ""):
        part = path.with_name(path.name + end)
        if part.exists():
            part.chmod(0o600)
            part.replace(aside.with_name(aside.name + end))
    sync(path.parent)
    return aside


def _add_copy(data_dir: Path, folder: Path) -> str | None:
    """Add one copy; return why it could not be."""
    there = copies(data_dir)
    number = int(there[-1].name.rpartition(".")[2]) + 1 if there else 1
    target = folder / f"{FILE}.{number:08}"
    try:
        copy_database(data_dir / FILE, target)
        why = _wrong_with(target, full=True)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        log.error("%s cannot be copied: %s", FILE, error)
        return f"{FILE} cannot be copied: {error}"
    if why is None:
        sync(folder)
        return None
    target.unlink()
    (data_dir / SUSPECT).touch()
    told = (
        f"{FILE} is damaged ({why}); start the kiosk anew: it then takes the copy of the day before"
    )
    log.error("%s", told)
    return told


def copy_database(path: Path, target: Path) -> None:
    """Copy a database with all that is in its journal; only its owner may read the copy."""
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _alone(data_dir: Path) -> Iterator[Path]:
    """Keep others out of the copies: the kiosk and a maintainer's command may come at once."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob("*.partial*"):
            left.unlink(missing_ok=True)
        yield folder
