"""The videos and joints of results: how long they are here, and that they go after that.

A result's folder goes as a whole, in two steps: first its row is marked, and only where nobody
keeps it; then the folder is removed. Whatever ends the program in between, the mark stays, and the
next look removes what it finds.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Any, Final

import sqlalchemy as sa

from kiosk_ui.scores import Replay, Status
from kiosk_ui.tables import HELD, SCORES
from kiosk_ui.uptime import Uptime, uptime

log = logging.getLogger(__name__)

GONE: Final = ".gone"
"""Ends the name of a folder that is being removed."""

_PENDING: Final = sa.and_(
    SCORES.c.status.in_([Status.DONE, Status.FAILED]),
    SCORES.c.wiped.is_(None),
    sa.not_(HELD),
)


def stamp() -> dict[str, Any]:
    """Return the columns of a result that has just come: its time begins."""
    now = uptime()
    return {"age": 0.0, "boot": now.boot, "counted": now.seconds}


def age_of(row: Any, now: Uptime) -> float:
    """Return for how many seconds a result has certainly been there."""
    counted = Uptime(row.boot or "before", row.counted or 0.0)
    return float(row.age) + now.since(counted)


class Videos:
    """Deletes videos and joints that nobody keeps.

        videos = Videos(store.engine, store.folder)
        videos.wipe(after=600.0)
        videos.sweep(Unchanged(600.0))

    Time is counted by the machine's uptime, never by the clock, which may be set at any moment and
    is wrong after the boot of a device without a battery: nothing goes early. What was counted
    before a boot goes on after it; while the machine is off, nothing can be deleted.

    :param engine: of the table.
    :param folder: holds a folder of files for each result.
    """

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def wipe(self, after: float) -> int:
        """Delete what was there for ``after`` seconds, and return of how many results.

        Whoever keeps a result does so before its row is marked, and then nothing of it goes, or
        after it, and is then told that the video is gone: there is nothing in between.
        """
        now = uptime()
        with self._engine.connect() as connection:
            if connection.scalar(sa.select(SCORES.c.id).where(_PENDING).limit(1)) is None:
                return 0  # no need to write
        with self._engine.begin() as connection:
            connection.execute(_count(now))
            due = sa.and_(_PENDING, SCORES.c.age >= after)
            moment = datetime.now(timezone.utc).isoformat(timespec="seconds")
            keys = list(
                connection.scalars(
                    SCORES.update()
                    .where(due)
                    .values(wiped=moment, replay=Replay.NONE)
                    .returning(SCORES.c.id)
                )
            )
        for key in keys:
            remove_folder(self._folder / key)
        return len(keys)

    def due_in(self, after: float) -> float | None:
        """Return in how many seconds the next one is due; None where nothing waits for that."""
        now = uptime()
        columns = SCORES.c.age, SCORES.c.boot, SCORES.c.counted
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(_PENDING)).all()
        return max(after - max(age_of(row, now) for row in rows), 0.0) if rows else None

    def younger(self, than: float) -> dict[str, float]:
        """Return the results that came in this boot, less than so many seconds ago; and when."""
        now = uptime()
        age = SCORES.c.age + now.seconds - SCORES.c.counted
        where = sa.and_(SCORES.c.status == Status.DONE, SCORES.c.boot == now.boot, age < than)
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(SCORES.c.id, age.label("age")).where(where)).all()
        return {row.id: row.age for row in rows}

    def sweep(self, unchanged: Unchanged | None) -> int:
        """Remove what belongs to no result, or to one whose mark says so; return how many.

        :param unchanged: tells which folders nobody works in any more, for those without a row: it
            may be about to come. None: nobody works here at all.
        """
        there = list(self._folder.iterdir())
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(SCORES.c.id, SCORES.c.wiped)).all()
        marked = {row.id for row in rows if row.wiped}
        good = {row.id for row in rows if not row.wiped}
        now = [path for path in there if path.name in marked or path.name.endswith(GONE)]
        strays = [path for path in there if path.name not in good and path not in now]
        if unchanged is not None:
            strays = unchanged.among(strays)
        for path in (*now, *strays):
            remove_folder(path)
        return len(now) + len(strays)

    def match_files(self, uploads: Sequence[str], message: str) -> None:
        """Let rows of an older copy of the table say what is true of the files that are there.

        What was deleted meanwhile is not there; a video that was scored meanwhile cannot be scored
        again.

        :param uploads: names of the files of which one waits to be scored.
        :param message: why the others never will be.
        """
        moment = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._engine.begin() as connection:
            columns = SCORES.c.id, SCORES.c.status
            rows = connection.execute(sa.select(*columns).where(SCORES.c.wiped.is_(None))).all()
            for row in rows:
                folder = self._folder / row.id
                values: dict[str, Any] = {}
                if not folder.is_dir():
                    values = {"wiped": moment, "replay": Replay.NONE}
                active = row.status in (Status.QUEUED, Status.RUNNING)
                if active and not any((folder / name).is_file() for name in uploads):
                    values |= {"status": Status.FAILED, "error": message, **stamp()}
                if values:
                    where = SCORES.c.id == row.id
                    connection.execute(SCORES.update().where(where).values(**values))


def _count(now: Uptime) -> Any:
    """Add what has passed since the last count to every result that waits for its end."""
    since = sa.case((SCORES.c.boot == now.boot, SCORES.c.counted), else_=0.0)
    passed = sa.func.max(sa.literal(now.seconds) - sa.func.coalesce(since, 0.0), 0.0)
    return (
        SCORES.update()
        .where(_PENDING)
        .values(age=SCORES.c.age + passed, boot=now.boot, counted=now.seconds)
    )


def remove_folder(folder: Path) -> None:
    """Remove a result's files: first all of them at once for whoever looks, then for good."""
    gone = folder if folder.name.endswith(GONE) else folder.with_name(folder.name + GONE)
    try:
        if gone != folder:
            # From here on nobody finds a file of it, nor can put another one there.
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)
        shutil.rmtree(gone)
    except FileNotFoundError:
        pass  # it is gone already
    except NotADirectoryError:
        gone.unlink(missing_ok=True)
    except OSError as error:
        log.error("%s cannot be removed, and will be tried again: %s", folder.name, error)


class Unchanged:
    """Remembers what it has seen, and tells what has not changed for so long since.

        unchanged = Unchanged(seconds=600.0)
        unchanged.among(folder.iterdir())

    It goes by its own looks, not by the files' times: those are by a clock that may be set.

    :param seconds: for how long.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def among(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of the paths that are as they were ``seconds`` ago."""
        now, before, old = monotonic(), self._seen, []
        self._seen = {}
        for path in paths:
            try:
                found = path.stat()
            except OSError:
                continue  # it goes just now
            how = (found.st_mtime_ns, found.st_size)
            known, since = before.get(path, (how, now))
            since = since if known == how else now
            self._seen[path] = (how, since)
            if now - since >= self.seconds:
                old.append(path)
        return old
