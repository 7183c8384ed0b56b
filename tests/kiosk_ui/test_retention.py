from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk_ui.backups import back_up, copies
from kiosk_ui.config import WebConfig
from kiosk_ui.disk import DataInUseError, claim
from kiosk_ui.people.retention import (
    EVERY,
    LEAST,
    Retention,
    RetentionTimer,
    main,
    tidy,
)
from kiosk_ui.replays import save_track
from kiosk_ui.store import CLIP, ScoreStore
from kiosk_ui.tables import SCORES
from kiosk_ui.uptime import uptime
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import assessment, track, until
from tests.kiosk_ui.kept import (
    copy_of_the_database,
    everything_on_disk,
    keep,
    set_aside,
)
from tests.kiosk_ui.processes import ROOT, kiosk_process

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


def test_a_look_does_all_of_it_and_tells_when_the_next_is_due(web: Web) -> None:
    store, key = web.services.store, keep(web)
    config = CONFIG.model_copy(update={"clip_minutes": 0.001})
    web.services.uploads.seconds = config.clip_seconds
    (store.incoming / "left").write_bytes(b"somebody's video")
    (store.data_dir / "scores/stray").mkdir()
    partial = web.services.uploads.create(length=9, threshold=0.5).key
    retention = Retention(web.services, config)
    retention.look()
    time.sleep(0.1)
    assert retention.look() == EVERY
    found = store.get(key)
    assert found is not None and found.wiped and retention.wiped == 1
    assert list(store.incoming.iterdir()) == [] and web.services.uploads.get(partial) is None
    assert list((store.data_dir / "scores").iterdir()) == []
    keep(web)
    assert LEAST <= Retention(web.services, CONFIG).look() <= EVERY
    assert len(copies(store.data_dir)) == 1


def test_one_part_that_fails_does_not_keep_the_others(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = keep(web)

    def fail(*_: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(web.services.store.videos, "wipe", fail)
    assert Retention(web.services, CONFIG).look(after(31)) == EVERY
    assert web.services.store.get(key) is None and "the disk is full" in caplog.text


def test_days_wait_for_a_clock_that_can_be_believed(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device without a battery: half a century at a jump, and later the right time."""
    services, key = web.services, keep(web)
    person = services.people.create()

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return after(20_000)

    retention = Retention(services, CONFIG)
    retention.look()
    monkeypatch.setattr("kiosk_ui.people.retention.datetime", Jumping)
    monkeypatch.setattr("kiosk_ui.people.retention.DAYS_EVERY", 0.0)
    retention.look()
    assert services.store.get(key) and services.people.find(person.key)


def test_the_command_deletes_while_the_kiosk_does_not_run(web: Web) -> None:
    store = web.services.store
    due, fresh, old = keep(web), keep(web), keep(web)
    kept = keep(web)
    web.services.people.keep(web.services.people.create(), kept)
    with store.engine.begin() as connection:
        for key, values in (
            (due, {"age": 599.9}), (kept, {"age": 9999.0}), (old, {"created": "2020-01-01"}),
        ):  # fmt: skip
            connection.execute(SCORES.update().where(SCORES.c.id == key).values(**values))
    steady = {"at": {**asdict(uptime()), "seconds": uptime().seconds - 3600}}
    (store.data_dir / "clock.json").write_text(json.dumps({**steady, "shown": time.time() - 3600}))
    (store.incoming / "live-some.mp4").write_bytes(b"a recording that was going on")
    (store.data_dir / "scores/stray").mkdir()
    time.sleep(0.2)
    folder = str(store.data_dir)
    with claim(store.data_dir):  # as the kiosk does
        done = CliRunner().invoke(main, ["--data-dir", folder])
    assert (done.exit_code, done.output) == (0, "The kiosk runs and does it itself.\n")
    assert store.path(due, CLIP).is_file() and store.get(old)
    assert CliRunner().invoke(main, ["--data-dir", folder]).exit_code == 0
    there = {path.name for path in (store.data_dir / "scores").iterdir()}
    assert there == {fresh, kept} and store.get(old) is None
    found = store.get(due)
    assert found is not None and found.wiped and found.assessment
    assert list(store.incoming.iterdir()) == [] and len(copies(store.data_dir)) == 1


def test_the_command_puts_a_damaged_database_right(web: Web) -> None:
    store, key = web.services.store, keep(web)
    back_up(store.data_dir)
    store.close()
    (store.data_dir / "scores.sqlite3").write_bytes(b"no database" * 1000)
    assert CliRunner().invoke(main, ["--data-dir", str(store.data_dir)]).exit_code == 0
    assert store.get(key) is not None and len(set_aside(store.data_dir)) == 1


def test_what_was_never_scored_goes_after_its_days_where_no_kiosk_starts(web: Web) -> None:
    path = web.services.store.incoming / "some.bin"
    path.write_bytes(b"video")
    key = web.services.store.add_upload(path, threshold=0.5)
    tidy(web.services, CONFIG, after(31))
    assert web.services.store.get(key)  # it is to be scored yet
    Retention(web.services, CONFIG, alone=True).look(after(31))
    assert web.services.store.get(key) is None


def killed_before_its_time(data_dir: Path) -> str:
    """Score a video in a kiosk that is killed before the video's time is over."""
    with kiosk_process(data_dir, environment={"KIOSK_CLIP_MINUTES": "0.2"}) as kiosk:
        kiosk.wait_until_ready()
        key = str(kiosk.upload(b"this is no video" * 1000)["id"])
        kiosk.finished(key)
        store = ScoreStore(data_dir)
        clip = store.incoming / "clip.mp4"
        clip.write_bytes(b"somebody's video")
        found = assessment().to_dict()
        done = store.add_recording(clip, found, lambda path: save_track(track(), path))
        store.close()
        assert kiosk.get(f"/api/v1/scores/{done}/clip.mp4")[0] == 200
        kiosk.process.kill()
        kiosk.process.wait(10)
    return done


def test_a_kiosk_that_was_killed_deletes_after_its_restart(tmp_path: Path) -> None:
    """Real processes, SIGKILL in between: what was due is gone, and what is kept is not."""
    key = killed_before_its_time(tmp_path)
    assert (tmp_path / "scores" / key / CLIP).is_file()
    with kiosk_process(tmp_path, environment={"KIOSK_CLIP_MINUTES": "0.2"}) as kiosk:
        until(lambda: not (tmp_path / "scores" / key).exists())
        score = kiosk.get(f"/api/v1/scores/{key}")[1]
        assert score["video"] == {"deleted": True, "deleted_in": None}
        assert score["assessment"]["verdict"] == "good"
        assert kiosk.get(f"/api/v1/scores/{key}/clip.mp4")[0] == 404
    assert list((tmp_path / "scores").iterdir()) == []


@pytest.mark.long
def test_a_kiosk_that_was_killed_and_never_starts_again_deletes_all_the_same(
    tmp_path: Path,
) -> None:
    key = killed_before_its_time(tmp_path)
    command = [sys.executable, "-m", "kiosk_ui.people.retention", "--data-dir", str(tmp_path)]
    environment = {**os.environ, "KIOSK_CLIP_MINUTES": "0.2"}

    def gone() -> bool:
        subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
        return not (tmp_path / "scores" / key).exists()

    until(gone)
    assert list((tmp_path / "scores").iterdir()) == []


def test_the_timer_of_a_kiosk_that_never_ran_has_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "none"))
    done = CliRunner().invoke(main, [])
    assert (done.exit_code, done.output) == (0, "There are no data yet.\n")


def test_memory_is_given_back_now_and_then_once_all_is_loaded(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    monkeypatch.setattr("kiosk_ui.people.retention.give_back_memory", lambda: given.append(1.0))
    monkeypatch.setattr("kiosk_ui.people.retention.GIVE_BACK_EVERY", 0.0)
    monkeypatch.setattr(Retention, "look", lambda _: 0.01)
    web.services.ready.clear()
    timer = RetentionTimer(web.services, CONFIG)
    timer.start()
    until(lambda: web.services.metrics.tidied is not None)
    assert not given
    web.services.ready.set()
    until(lambda: bool(given))
    monkeypatch.setattr("kiosk_ui.people.retention.GIVE_BACK_EVERY", 60.0)
    time.sleep(0.05)
    count = len(given)
    time.sleep(0.1)
    assert len(given) == count
    timer.close()


def test_a_kiosk_that_starts_waits_for_the_timer(tmp_path: Path) -> None:
    """Seen at an installation: the timer held the folder, and the kiosk gave up."""
    tidying = claim(tmp_path, briefly=True)
    threading.Timer(0.3, tidying.close).start()
    with claim(tmp_path), pytest.raises(DataInUseError):
        claim(tmp_path)  # and nobody waits for a kiosk, which stays
