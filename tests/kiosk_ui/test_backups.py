"""Really damaged databases: found, put aside, and replaced by the newest good copy."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk_ui import backups
from kiosk_ui.backups import (
    EVERY,
    FILE,
    SUSPECT,
    back_up,
    backup_is_due,
    copies,
    damaged,
    forget_damaged,
    rescue,
)
from kiosk_ui.config import WebConfig
from kiosk_ui.database_check import main as check
from kiosk_ui.maintenance import open_alone
from kiosk_ui.scores import Status
from kiosk_ui.store import ScoreStore
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import everything_on_disk, keep, set_aside
from tests.kiosk_ui.processes import ROOT, kiosk_process

PAGE = 4096


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a database of some pages, all of them in the file itself, and a copy."""
    folder = tmp_path_factory.mktemp("kiosk")
    store = ScoreStore(folder)
    for number in range(60):
        path = store.incoming / "some.bin"
        path.write_bytes(b"video")
        key = store.add_upload(path, threshold=0.5, key=f"key{number:019}")
        store.update(key, status=Status.FAILED, error="The video is damaged or cut off. " * 20)
    store.forget()
    store.close()
    assert back_up(folder) is None
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Give such a folder to one test."""
    return shutil.copytree(made, tmp_path / "kiosk")


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(5 * PAGE + 100)


def zero_a_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(PAGE)  # the root of a table
        file.write(bytes(PAGE))


def spoil_the_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(100))


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // PAGE):
            file.seek(page * PAGE)
            file.write(os.urandom(64))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def something_else(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


DAMAGES: list[Callable[[Path], None]] = [
    truncate, zero_a_page, spoil_the_header, scribble, empty, something_else,
]  # fmt: skip


def count(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return int(connection.execute("SELECT count(*) FROM scores").fetchone()[0])


def test_a_good_one_is_left_alone(folder: Path) -> None:
    before = (folder / FILE).read_bytes()
    assert damaged(folder) is None and damaged(folder, full=True) is None
    assert rescue(folder) is None
    assert (folder / FILE).read_bytes() == before and set_aside(folder) == []


def test_where_there_is_none_nothing_is_damaged(tmp_path: Path) -> None:
    assert damaged(tmp_path) is None and rescue(tmp_path) is None
    (tmp_path / FILE).touch()  # a first start that was ended at once
    assert rescue(tmp_path) is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_put_aside_and_replaced(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder / FILE)
    spoilt = (folder / FILE).read_bytes()
    assert damaged(folder)
    told = rescue(folder)
    assert told and "was damaged" in told and "the copy of 20" in told
    (aside,) = set_aside(folder)
    assert aside.read_bytes() == spoilt and stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert damaged(folder, full=True) is None and count(folder) == 60


def test_garbage_in_the_journal_harms_nothing(folder: Path) -> None:
    for end in ("-wal", "-shm"):
        (folder / f"{FILE}{end}").write_bytes(os.urandom(50_000))
    assert rescue(folder) is None
    store = ScoreStore(folder)
    assert store.get(f"key{1:019}") is not None
    store.close()


@pytest.mark.long
def test_a_journal_cut_off_in_the_middle_of_a_change_loses_only_that(folder: Path) -> None:
    line = (
        "import sys, os, pathlib; from kiosk_ui.store import ScoreStore as S; "
        "s = S(pathlib.Path(sys.argv[1])); [s.update(f'key{n:019}', threshold=n / 60) "
        "for n in range(60)]; os._exit(9)"  # as by a power cut: the journal stays
    )
    subprocess.run([sys.executable, "-c", line, str(folder)], check=False, cwd=ROOT)
    journal = folder / f"{FILE}-wal"
    content = journal.read_bytes()
    journal.write_bytes(content[: len(content) // 2 + 777] + os.urandom(3000))
    assert rescue(folder) is None and damaged(folder, full=True) is None
    assert count(folder) == 60


def test_where_every_copy_is_damaged_everything_begins_anew(folder: Path) -> None:
    for path in (folder / FILE, *copies(folder)):
        zero_a_page(path)
    told = rescue(folder)
    assert told and "begins anew" in told and not (folder / FILE).exists()
    store = open_alone(folder, WebConfig())
    assert store.get(f"key{1:019}") is None
    store.close()


def test_an_older_good_copy_counts_more_than_a_newer_bad_one(folder: Path) -> None:
    assert back_up(folder) is None
    zero_a_page(copies(folder)[-1])
    something_else(folder / FILE)
    assert rescue(folder) and count(folder) == 60


def test_what_only_a_full_check_finds_is_told_and_mended_at_the_next_start(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_scores_status'"
        ).fetchone()
    with (folder / FILE).open("r+b") as file:  # an index that says something else than its table
        file.seek((root - 1) * PAGE)
        page = file.read(PAGE)
        assert b"failed" in page
        file.seek((root - 1) * PAGE)
        file.write(page.replace(b"failed", b"fbiled", 3))
    before = copies(folder)
    told = back_up(folder)
    assert told and "start the kiosk anew" in told
    assert copies(folder) == before and (folder / SUSPECT).exists()
    answer = CliRunner().invoke(check, ["--data-dir", str(folder)])
    assert answer.exit_code == 1 and "is damaged" in answer.output
    assert rescue(folder) and not (folder / SUSPECT).exists()
    assert damaged(folder, full=True) is None
    answer = CliRunner().invoke(check, ["--data-dir", str(folder)])
    assert (answer.exit_code, answer.output[:21]) == (0, "The database is whole")


def numbers(folder: Path) -> list[int]:
    return [int(path.name.rpartition(".")[2]) for path in copies(folder)]


def test_copies_are_a_day_apart_however_often_somebody_checks(folder: Path) -> None:
    """Two checks in a row threw yesterday's copy away."""
    for age in (2.5, 1.5, 0.0):
        assert back_up(folder) is None
        made = copies(folder)[-1].stat().st_mtime - age * EVERY
        os.utime(copies(folder)[-1], (made, made))
    assert numbers(folder) == [3, 4]
    for _ in range(3):
        assert back_up(folder) is None
    assert numbers(folder) == [3, 7]


def test_copies_are_few_and_for_their_owner_alone(folder: Path) -> None:
    for _ in range(4):
        assert back_up(folder) is None
    assert numbers(folder) == [1, 5]
    assert stat.S_IMODE((folder / "backups").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in copies(folder)} == {0o600}
    with closing(sqlite3.connect(copies(folder)[-1])) as copy:
        assert copy.execute("SELECT count(*) FROM scores").fetchone()[0] == 60


def test_a_copy_is_due_after_a_day_and_after_a_clock_that_was_wrong(folder: Path) -> None:
    assert not backup_is_due(folder)
    (only,) = copies(folder)
    for age in (86_401, -86_400):
        then = datetime.now(timezone.utc).timestamp() - age
        os.utime(only, (then, then))
        assert backup_is_due(folder)
    only.unlink()
    assert backup_is_due(folder)


def test_a_copy_that_cannot_be_written_leaves_the_older_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    before = copies(folder)
    monkeypatch.setattr(backups, "sync", full)
    told = back_up(folder)
    assert told and "No space left" in told
    assert copies(folder) == before and not list((folder / "backups").glob("*.partial*"))


def test_two_programs_may_copy_at_once(folder: Path) -> None:
    line = "import sys, pathlib; from kiosk_ui.backups import back_up; " \
        "sys.exit(back_up(pathlib.Path(sys.argv[1])))"  # fmt: skip
    running = [subprocess.Popen([sys.executable, "-c", line, str(folder)], cwd=ROOT) for _ in "12"]
    assert [one.wait(60) for one in running] == [0, 0]
    assert len(copies(folder)) == 2


def test_what_somebody_deletes_is_in_no_copy(web: Web) -> None:
    services, folder = web.services, web.services.store.data_dir
    person = services.people.create("Unforgotten", "2468")
    keys = [keep(web) for _ in range(2)]
    for key in keys:
        services.people.keep(person, key)
    for _ in range(2):
        assert back_up(folder) is None
    (folder / f"{FILE}.damaged-20261101-101010").write_bytes(b"Unforgotten and " + keys[0].encode())
    assert b"Unforgotten" in everything_on_disk(web)
    services.people.delete_score(person, keys[0])
    assert keys[0].encode() not in everything_on_disk(web) and set_aside(folder) == []
    (copy,) = copies(folder)  # there is one all the same
    assert keys[1].encode() in copy.read_bytes() and damaged(folder) is None
    services.people.delete(person)
    everything = everything_on_disk(web)
    assert b"Unforgotten" not in everything and keys[1].encode() not in everything


def test_a_copy_that_cannot_be_made_anew_goes_all_the_same(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key = web.services.store.data_dir, keep(web)
    assert back_up(folder) is None

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "sync", full)
    web.services.store.delete(key)
    assert copies(folder) == [] and key.encode() not in everything_on_disk(web)


def test_a_damaged_one_goes_after_a_week_and_not_before(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.damaged-20261101-101010").touch()
    (tmp_path / f"{FILE}.damaged-20261101-101010-wal").touch()
    then = datetime(2026, 11, 1, 10, 10, 10, tzinfo=timezone.utc)
    forget_damaged(tmp_path, then + timedelta(days=6))
    assert len(set_aside(tmp_path)) == 1
    forget_damaged(tmp_path, then + timedelta(days=8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_kiosk_starts_with_a_damaged_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real process, which ends after that for want of models."""
    zero_a_page(folder / FILE)
    monkeypatch.setenv("KIOSK_BUNDLE", str(folder / "nothing"))
    with kiosk_process(folder) as kiosk:
        assert kiosk.process.wait(60) == 1
    log = "\n".join(kiosk.log)
    assert "ERROR kiosk_ui.backups: scores.sqlite3 was damaged" in log
    assert "the kiosk cannot start" in log and "Traceback" not in log
    assert count(folder) == 60 and len(set_aside(folder)) == 1


@pytest.mark.long
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_kiosk_serves_after_any_damage(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / FILE)
    with kiosk_process(folder) as kiosk:
        kiosk.wait_until_ready()
        status, score = kiosk.get(f"/api/v1/scores/key{1:019}")
        assert (status, score["status"], score["video"]["deleted"]) == (200, "failed", False)
        assert kiosk.get("/")[0] == 200
    assert "was damaged" in "\n".join(kiosk.log)
