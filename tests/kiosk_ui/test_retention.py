from __future__ import annotations

import os
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk_ui.config import WebConfig
from kiosk_ui.disk import DataInUseError, claim
from kiosk_ui.people.retention import main, tidy
from kiosk_ui.store import CLIP
from kiosk_ui.tables import SCORES
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.test_people import copy_of_the_database, everything_on_disk, keep

CONFIG = WebConfig(keep_days=30, forget_days=100)


def after(days: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days)


def test_what_nobody_keeps_goes_after_a_while(web: Web) -> None:
    services, loose, kept = web.services, keep(web), keep(web)
    services.people.keep(services.people.create(), kept)
    in_study = keep(web)
    (code,) = services.studies.create("spring", participants=1, seed=1)
    services.studies.file(in_study, services.studies.join(code).number)
    waiting = services.store.incoming / "waiting.bin"
    waiting.write_bytes(b"video")
    queued = services.store.add_upload(waiting, threshold=0.5, limit=20)
    folder = services.store.path(loose, CLIP).parent
    tidy(services, CONFIG, after(29))
    assert services.store.get(loose) and folder.exists()
    copy = copy_of_the_database(web)
    tidy(services, CONFIG, after(31))
    assert services.store.get(loose) is None and not folder.exists()
    assert loose.encode() not in everything_on_disk(web) and not copy.exists()
    assert all(services.store.get(key) for key in (kept, in_study, queued))


def test_a_history_that_nobody_visits_goes(web: Web) -> None:
    people, key = web.services.people, keep(web)
    person = people.create("Minsu", "2468")
    people.keep(person, key)
    tidy(web.services, CONFIG, after(99))
    assert people.find(person.key)
    tidy(web.services, CONFIG, after(101))
    assert people.find(person.key) is None and web.services.store.get(key) is None


def test_zero_days_keep_everything(web: Web) -> None:
    key, person = keep(web), web.services.people.create()
    tidy(web.services, WebConfig(keep_days=0, forget_days=0), after(10_000))
    assert web.services.store.get(key) and web.services.people.find(person.key)


def test_strays_go_but_not_what_is_about_to_come(web: Web) -> None:
    store = web.services.store
    stray, coming = store.data_dir / "scores/stray", store.data_dir / "scores/coming"
    for folder in (stray, coming):
        folder.mkdir()
        (folder / "replay.mp4").write_bytes(b"somebody's video")
    os.utime(stray, (0, 0))
    key = keep(web)
    os.utime(store.path(key, CLIP).parent, (0, 0))
    tidy(web.services, CONFIG)
    assert not stray.exists() and coming.exists() and store.path(key, CLIP).exists()


def test_the_timer_deletes_while_the_kiosk_does_not_run(web: Web, tmp_path: Path) -> None:
    store = web.services.store
    old, fresh = keep(web), keep(web)
    with store.engine.begin() as connection:
        connection.execute(
            SCORES.update().where(SCORES.c.id == old).values(created=after(-31).isoformat())
        )
    folder = str(store.data_dir)
    with claim(store.data_dir):  # as the kiosk does
        done = CliRunner().invoke(main, ["--data-dir", folder])
    assert (done.exit_code, done.output) == (0, "The kiosk runs and does it itself.\n")
    assert store.get(old)
    assert CliRunner().invoke(main, ["--data-dir", folder]).exit_code == 0
    assert store.get(old) is None and store.get(fresh)


def test_the_timer_of_a_kiosk_that_never_ran_has_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "none"))
    done = CliRunner().invoke(main, [])
    assert (done.exit_code, done.output) == (0, "There are no data yet.\n")


def test_a_kiosk_that_starts_waits_for_the_timer(tmp_path: Path) -> None:
    """Seen at an installation: the timer held the folder, and the kiosk gave up."""
    tidying = claim(tmp_path, briefly=True)
    threading.Timer(0.3, tidying.close).start()
    with claim(tmp_path), pytest.raises(DataInUseError):
        claim(tmp_path)  # and nobody waits for a kiosk, which stays
