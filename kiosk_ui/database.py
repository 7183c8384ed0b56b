"""Opening ``scores.sqlite3``: brought to the newest revision of its tables before anybody uses it.

engine = open_database(Path("var"))
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from edge.errors import DatabaseTooNewError
from kiosk_ui.backups import FILE, copy_database, forget_damaged, renew

log = logging.getLogger(__name__)

REVISIONS: Final = ("0001", "0002", "0003", "0004")
"""Every revision in ``kiosk_ui/migrations/versions``, the newest last.

They are named here so that a start with nothing to do need not load Alembic (0.2 s and more).
"""

WAIT_S: Final = 60.0
"""For how long a program waits for another one that changes the tables, in seconds."""

MIGRATIONS: Final = Path(__file__).with_name("migrations")


def open_database(data_dir: Path) -> sa.Engine:
    """Return the engine of the database in a folder, with today's tables in it.

    A database of an earlier version is changed as needed, after a copy of it was made beside it
    (``scores.sqlite3.REVISION``). Whatever ends the program meanwhile leaves it as it was.

    :raises DatabaseTooNewError: a newer version of the program has written it.
    :raises sqlalchemy.exc.DatabaseError: it is damaged.
    """
    path = data_dir.resolve() / FILE
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", _prepare)
    try:
        with engine.connect() as connection:
            found = revision_of(connection)
        if found != REVISIONS[-1]:
            _migrate(path, found)
    except BaseException:
        engine.dispose()
        raise
    return engine


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of a database; None of an empty one.

    :raises DatabaseTooNewError: this program does not know it.
    """
    tables = set(
        connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'table'"))
    )  # fmt: skip
    if "alembic_version" not in tables:
        # Before there were revisions there was one table.
        return REVISIONS[0] if "scores" in tables else None
    found: str = connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""
    if found not in REVISIONS:
        raise DatabaseTooNewError(
            f"{FILE} was written by a newer version of the kiosk (its revision {found} is not "
            "known here); install that version again, or put back the copy that it made beside "
            "the file"
        )
    return found


def backups(data_dir: Path) -> list[Path]:
    """Return the copies that were made before changes of the tables."""
    return [p for name in REVISIONS for p in data_dir.resolve().glob(f"{FILE}.{name}")]


def forget(engine: sa.Engine, data_dir: Path, *, asked: bool = True) -> None:
    """Let nothing of deleted rows stay beside the database: neither in its journal nor in a copy.

    :param engine: of the database.
    :param data_dir: its folder.
    :param asked: whether somebody has asked for it; a damaged database that was put aside, of which
        no row can be taken out, then goes as a whole. Else it goes after its week.
    """
    for copy in backups(data_dir):
        copy.unlink(missing_ok=True)
    renew(data_dir)
    if asked:
        forget_damaged(data_dir)
    with engine.connect() as connection:
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        log.warning("what was deleted stays in the journal of %s until the next deletion", FILE)


def _migrate(path: Path, found: str | None) -> None:
    """Bring a database to the newest revision."""
    from alembic import command  # noqa: PLC0415 - only where there is something to do
    from alembic.config import Config  # noqa: PLC0415

    log.info("%s goes from revision %s to %s", path.name, found, REVISIONS[-1])
    # It would say that a change is no transaction: it cannot know that ours is one.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # An engine of its own: foreign keys must not bite while a table is made anew, and Python's
    # sqlite3 would not take changes of tables into the transaction.
    engine = sa.create_engine(
        f"sqlite:///{path}", isolation_level="AUTOCOMMIT", connect_args={"timeout": WAIT_S}
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # whoever comes second waits here
            try:
                now = revision_of(connection)
                if now != REVISIONS[-1]:  # else whoever came first has done it
                    config.attributes["connection"] = connection
                    if now is not None:
                        # Not before: only in here is nobody else at the same copy.
                        copy_database(path, path.with_name(f"{path.name}.{now}"))
                        command.stamp(config, now)
                    command.upgrade(config, "head")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    """Set a new connection up.

    Readers do not wait for writers, a commit is on the disk, what belongs to a score goes with it,
    and what was deleted is overwritten.
    """
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON",
        "secure_delete=ON",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
