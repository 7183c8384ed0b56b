from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from edge.errors import DatabaseTooNewError
from kiosk_ui import database
from kiosk_ui.backups import FILE, copy_database
from kiosk_ui.database import MIGRATIONS, REVISIONS, backups, open_database
from kiosk_ui.scores import Status
from kiosk_ui.store import ScoreStore
from kiosk_ui.tables import METADATA

ROOT = Path(__file__).resolve().parents[2]

BEFORE_REVISIONS = """
CREATE TABLE scores (
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    created VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    threshold FLOAT NOT NULL,
    assessment JSON,
    error VARCHAR,
    replay VARCHAR NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
);
CREATE INDEX ix_scores_status ON scores (status);
INSERT INTO scores VALUES
    (1, 'first', '2026-11-01T10:00:00+00:00', 'kiosk', 'done', 0, 0.5, '{"verdict": "good"}', NULL,
     'none'),
    (2, 'second', '2026-11-02T10:00:00+00:00', 'upload', 'queued', 1, 0.6, NULL, NULL, 'none');
"""
"""What the kiosk made before its tables had revisions (SQLite's own dump of it)."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Give a folder with a database from before there were revisions."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(BEFORE_REVISIONS)
    return tmp_path


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def revision(folder: Path) -> str:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_database_from_before_keeps_its_rows_and_leaves_a_copy(old: Path) -> None:
    before = dump(old / FILE)
    store = ScoreStore(old)
    first, second = store.get("first"), store.get("second")
    assert first is not None and first.assessment == {"verdict": "good"}
    assert second is not None and (second.status, second.threshold) == (Status.QUEUED, 0.6)
    taken = store.take(0.0)
    assert taken is not None and taken.id == "second"
    store.close()
    assert revision(old) == REVISIONS[-1]
    (copy,) = backups(old)
    assert dump(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_opening_again_changes_nothing(old: Path) -> None:
    open_database(old).dispose()
    before = dump(old / FILE)
    copies = [path.stat().st_mtime_ns for path in backups(old)]
    open_database(old).dispose()
    assert dump(old / FILE) == before
    assert [path.stat().st_mtime_ns for path in backups(old)] == copies


def test_a_new_database_needs_no_copy(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    assert revision(tmp_path) == REVISIONS[-1]
    assert backups(tmp_path) == []


def test_the_revisions_lead_to_the_tables_of_the_program(old: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert [s.revision for s in scripts.walk_revisions()] == list(reversed(REVISIONS))
    engine = open_database(old)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        wrong = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        assert wrong == [] and connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_what_ends_a_change_midway_leaves_the_database_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(old / FILE)
    create_engine = sa.create_engine

    def breaking(*args: object, **options: object) -> sa.Engine:
        engine: sa.Engine = create_engine(*args, **options)  # type: ignore[call-overload]

        @sa.event.listens_for(engine, "before_cursor_execute")
        def break_off(_c: object, _cu: object, statement: str, *_rest: object) -> None:
            if "CREATE TABLE study_scores" in statement:
                raise OSError("the power is gone")

        return engine

    monkeypatch.setattr(sa, "create_engine", breaking)
    with pytest.raises(OSError, match="power"):
        open_database(old)
    monkeypatch.undo()
    assert dump(old / FILE) == before
    open_database(old).dispose()
    assert revision(old) == REVISIONS[-1]


def test_a_newer_database_is_left_alone_and_says_what_to_do(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = dump(tmp_path / FILE)
    with pytest.raises(DatabaseTooNewError, match=r"newer version.*9999.*install that version"):
        open_database(tmp_path)
    command = [sys.executable, "-m", "kiosk_ui", "--data-dir", str(tmp_path)]
    told = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 1 and "newer version" in told.stderr
    assert "Traceback" not in told.stderr
    assert dump(tmp_path / FILE) == before


def test_two_programs_may_come_at_once(old: Path) -> None:
    line = "import sys, pathlib; from kiosk_ui.database import open_database as o; " \
        "o(pathlib.Path(sys.argv[1])).dispose()"  # fmt: skip
    running = [subprocess.Popen([sys.executable, "-c", line, str(old)], cwd=ROOT) for _ in "12"]
    assert [one.wait(60) for one in running] == [0, 0]
    assert revision(old) == REVISIONS[-1]


def test_who_comes_second_leaves_the_first_ones_copy_alone(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(old / FILE)
    copies: list[Path] = []

    def slow(path: Path, target: Path) -> None:
        copies.append(target)
        time.sleep(0.3)  # the other one looks at the revision meanwhile
        copy_database(path, target)

    monkeypatch.setattr(database, "copy_database", slow)
    with ThreadPoolExecutor(4) as pool:
        for engine in list(pool.map(open_database, [old] * 4)):
            engine.dispose()
    assert len(copies) == 1
    assert dump(copies[0]) == before and revision(old) == REVISIONS[-1]


def test_a_start_with_nothing_to_do_does_not_load_alembic(tmp_path: Path) -> None:
    open_database(tmp_path).dispose()
    line = (
        "import sys, pathlib; from kiosk_ui.database import open_database as o; "
        "o(pathlib.Path(sys.argv[1])).dispose(); sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", line, str(tmp_path)], check=True, cwd=ROOT)


def test_the_revisions_are_packed() -> None:
    # What setuptools looks for, as pyproject.toml names kiosk_ui*.
    assert (MIGRATIONS / "__init__.py").is_file()
    assert (MIGRATIONS / "versions" / "__init__.py").is_file()
