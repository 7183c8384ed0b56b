"""The time of videos and joints: nothing goes early, nothing kept goes, nothing is half there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from edge.assessment import Verdict
from kiosk_ui.people.store import PeopleStore
from kiosk_ui.replays import ReplayMaker, load_track
from kiosk_ui.scores import Replay, Source, Status
from kiosk_ui.store import CLIP, REPLAY, TRACK, UPLOAD, ScoreStore
from kiosk_ui.tables import HELD
from kiosk_ui.uptime import Uptime
from kiosk_ui.videos import GONE, Unchanged, Videos, remove_folder
from kiosk_ui.worker import FAILED
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.kept import ON, keep

AFTER = 600.0


class Clock:
    """The uptime as the test sets it."""

    def __init__(self) -> None:
        self.now = Uptime("boot 1", 1000.0)

    def pass_by(self, seconds: float) -> None:
        self.now = Uptime(self.now.boot, self.now.seconds + seconds)

    def boot(self, uptime: float = 20.0) -> None:
        self.now = Uptime(f"{self.now.boot}+", uptime)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for name in ("kiosk_ui.videos.uptime", "kiosk_ui.store.uptime"):
        monkeypatch.setattr(name, lambda: made.now)
    return made


@pytest.fixture
def videos(store: ScoreStore) -> Videos:
    return store.videos


def folder(store: ScoreStore, key: str) -> Path:
    return store.path(key, CLIP).parent


def left(store: ScoreStore, key: str) -> float | None:
    score = store.get(key)
    assert score is not None
    return score.video_left


def test_a_result_loses_video_and_joints_and_keeps_its_verdict(web: Web, clock: Clock) -> None:
    store, key = web.services.store, keep(web, Verdict.BAD, 0.3)
    before = store.get(key)
    clock.pass_by(AFTER - 1)
    assert store.videos.wipe(AFTER) == 0 and folder(store, key).is_dir()
    assert left(store, key) == pytest.approx(1.0) and store.videos.due_in(AFTER) == 1.0
    clock.pass_by(1)
    assert store.videos.wipe(AFTER) == 1 and not folder(store, key).exists()
    after = store.get(key)
    assert before is not None and after is not None
    assert (after.wiped, after.video_left, after.replay) == (True, None, Replay.NONE)
    assert after.assessment == before.assessment
    assert store.videos.due_in(AFTER) is None and store.videos.wipe(AFTER) == 0


def test_no_joint_is_left_anywhere(web: Web, clock: Clock) -> None:
    """The bytes of every file, the database's journal included."""
    store, key = web.services.store, keep(web)
    web.client().get(f"/scores/{key}")
    track = load_track(store.path(key, TRACK))
    x, y = track.joints[7, 8]
    # As an array holds them, as text, and the file's own beginning.
    traces = [np.array([x, y]).tobytes(), track.joints[7].tobytes(), f"{x:.1f},{y:.1f}".encode(),
              b"joints.npy"]  # fmt: skip

    def found() -> list[bytes]:
        files = [path for path in store.data_dir.rglob("*") if path.is_file()]
        everything = b"".join(path.read_bytes() for path in files)
        return [trace for trace in traces if trace in everything]

    (store.path(key, "motion-1.json")).write_text(f"[[{x:.1f},{y:.1f}]]")
    assert found() == traces
    clock.pass_by(AFTER)
    store.videos.wipe(AFTER)
    assert (store.data_dir / "scores.sqlite3-wal").is_file()
    assert found() == []


@pytest.mark.parametrize("jump", [-3.2e9, 3.2e9])
def test_a_clock_that_is_set_changes_nothing(
    web: Web, clock: Clock, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    store, key = web.services.store, keep(web)
    wall = __import__("time").time
    monkeypatch.setattr("time.time", lambda: wall() + jump)
    clock.pass_by(60.0)
    assert store.videos.wipe(AFTER) == 0
    clock.pass_by(AFTER - 60.0)
    assert store.videos.wipe(AFTER) == 1 and not folder(store, key).exists()


def test_after_a_boot_the_count_goes_on_and_nothing_goes_early(
    store: ScoreStore, web: Web, clock: Clock
) -> None:
    key = keep(web)
    clock.pass_by(400.0)
    store.videos.wipe(AFTER)  # a look, which counts
    clock.pass_by(50.0)  # the power goes before the next look
    clock.boot(uptime=20.0)
    assert left(store, key) == pytest.approx(180.0)
    assert store.videos.wipe(AFTER) == 0
    clock.pass_by(179.0)
    assert store.videos.wipe(AFTER) == 0
    clock.pass_by(1.0)
    assert store.videos.wipe(AFTER) == 1


def test_a_kiosk_that_boots_every_few_minutes_deletes_all_the_same(web: Web, clock: Clock) -> None:
    store, key = web.services.store, keep(web)
    for _ in range(6):
        clock.pass_by(120.0)
        store.videos.wipe(AFTER)
        clock.boot(uptime=0.0)
    assert not folder(store, key).exists()


def test_the_time_begins_with_the_result_and_not_with_the_upload(
    store: ScoreStore, clock: Clock
) -> None:
    path = store.incoming / "some.bin"
    path.write_bytes(b"video")
    key = store.add_upload(path, threshold=0.5)
    clock.pass_by(10 * AFTER)
    assert store.videos.wipe(AFTER) == 0 and store.path(key, UPLOAD).is_file()
    assert left(store, key) is None
    store.update(key, status=Status.FAILED, error="It cannot be read.")
    assert left(store, key) == AFTER
    clock.pass_by(AFTER)
    assert store.videos.wipe(AFTER) == 1  # what a failed one has left goes as well
    found = store.get(key)
    assert not folder(store, key).exists()
    assert found is not None and found.error == "It cannot be read."


def test_what_is_kept_or_in_a_study_stays(web: Web, clock: Clock) -> None:
    services, kept, studied, loose = web.services, keep(web), keep(web), keep(web)
    services.people.keep(services.people.create(), kept)
    (code,) = services.studies.create("spring", participants=1, seed=1)
    services.studies.file(studied, services.studies.join(code).number)
    clock.pass_by(100 * AFTER)
    assert services.store.videos.wipe(AFTER) == 1
    assert [folder(services.store, key).is_dir() for key in (kept, studied, loose)] == [1, 1, 0]
    assert left(services.store, kept) is None


def test_keeping_at_the_last_moment_is_one_or_the_other(web: Web, clock: Clock) -> None:
    """Many threads keep while others delete: what is kept before the mark is whole."""
    store, people = web.services.store, web.services.people
    keys = [keep(web) for _ in range(24)]
    person = people.create()
    clock.pass_by(AFTER)
    go = threading.Barrier(3)

    def keep_all() -> None:
        go.wait()
        for key in keys:
            people.keep(person, key)

    def wipe() -> int:
        go.wait()
        return sum(store.videos.wipe(AFTER) for _ in range(10))

    with ThreadPoolExecutor(3) as pool:
        keeping, wiping = pool.submit(keep_all), [pool.submit(wipe) for _ in range(2)]
        keeping.result(30)
        wiped = sum(one.result(30) for one in wiping)
    scores = [store.get(key) for key in keys]
    assert sum(bool(score and score.wiped) for score in scores) == wiped
    for score in scores:
        assert score is not None
        files = {path.name for path in folder(store, score.id).glob("*")}
        assert files == (set() if score.wiped else {CLIP, TRACK})


def test_days_do_not_delete_what_is_kept_in_the_same_moment(web: Web) -> None:
    store, key = web.services.store, keep(web)
    web.services.people.keep(web.services.people.create(), key)
    assert store.delete(key, unless=HELD) == 0 and store.get(key) is not None


def test_whoever_keeps_what_was_deleted_just_now_is_told(web: Web) -> None:
    people: PeopleStore = web.services.people
    with pytest.raises(LookupError):
        people.keep(people.create(), "deleted")


def test_a_crash_between_mark_and_files_is_made_good(
    store: ScoreStore, web: Web, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = keep(web), keep(web)
    clock.pass_by(AFTER)
    monkeypatch.setattr("kiosk_ui.videos.remove_folder", lambda path: None)  # the power is gone
    assert store.videos.wipe(AFTER) == 2
    monkeypatch.undo()
    # And one of them was on its way already.
    folder(store, other).rename(folder(store, other).with_name(other + GONE))
    assert web.client().get(f"/api/v1/scores/{one}/clip.mp4").status_code == 404
    assert store.videos.sweep(Unchanged(AFTER)) == 2
    assert list(folder(store, one).parent.iterdir()) == []


def test_a_folder_that_cannot_be_removed_is_tried_again(
    store: ScoreStore, web: Web, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keep(web)
    clock.pass_by(AFTER)

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr("kiosk_ui.videos.shutil.rmtree", fail)
        store.videos.wipe(AFTER)
    assert not folder(store, key).exists() or folder(store, key).is_dir()
    store.videos.sweep(Unchanged(AFTER))
    assert list(folder(store, key).parent.iterdir()) == []


def test_a_replay_that_is_drawn_too_late_does_not_come_back(web: Web, clock: Clock) -> None:
    store, key, drawing, go = web.services.store, keep(web), threading.Event(), threading.Event()

    def render(clip: Path, track: object, output: Path) -> None:
        drawing.set()
        go.wait(10)
        output.with_suffix(".partial").write_bytes(b"somebody's video")

    maker = ReplayMaker(store, wait=lambda: None, render=render)
    maker.start()
    maker.want(key, Source.KIOSK)
    assert drawing.wait(10)
    clock.pass_by(AFTER)
    store.videos.wipe(AFTER)
    go.set()
    maker.want("nothing", Source.KIOSK)
    until(maker._wanted.empty)
    maker.close()
    found = store.get(key)
    assert found is not None and found.replay is Replay.NONE
    assert list(folder(store, key).parent.iterdir()) == []


def test_a_video_that_is_being_sent_is_sent_to_its_end(
    web: Web, phone: FlaskClient, clock: Clock
) -> None:
    store, key = web.services.store, keep(web)
    store.path(key, REPLAY).write_bytes(b"replay" * 50_000)
    store.update(key, replay=Replay.READY)
    sending = phone.get(f"/api/v1/scores/{key}/replay.mp4", buffered=False)
    parts = sending.iter_encoded()
    first = next(parts)
    clock.pass_by(AFTER)
    store.videos.wipe(AFTER)
    assert first + b"".join(parts) == b"replay" * 50_000
    sending.close()
    for path, code in (
        ("replay.mp4", "no_replay"),
        ("clip.mp4", "no_clip"),
        ("motion", "no_motion"),
    ):
        answer = phone.get(f"/api/v1/scores/{key}/{path}", headers={"Range": "bytes=10-20"})
        assert answer.status_code == 404 and answer.json and answer.json["code"] == code


def test_strays_go_by_their_own_time(store: ScoreStore, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("kiosk_ui.videos.monotonic", lambda: now[0])
    stray = folder(store, "stray")
    stray.mkdir()
    os.utime(stray, (0, 0))  # by the clock it is half a century old
    unchanged = Unchanged(AFTER)
    assert store.videos.sweep(unchanged) == 0
    now[0] += AFTER / 2
    (stray / "clip.mp4").write_bytes(b"video")  # somebody still works in it
    assert store.videos.sweep(unchanged) == 0
    now[0] += AFTER - 1
    assert store.videos.sweep(unchanged) == 0 and stray.is_dir()
    now[0] += 1
    assert store.videos.sweep(unchanged) == 1 and not stray.exists()
    stray.mkdir()
    assert store.videos.sweep(None) == 1  # where nobody else works, nothing is about to come


def test_what_is_no_folder_goes_as_well(store: ScoreStore) -> None:
    (store.data_dir / "scores" / "file").write_bytes(b"?")
    store.videos.sweep(None)
    assert list((store.data_dir / "scores").iterdir()) == []
    remove_folder(store.data_dir / "scores" / "nothing")


def test_rows_of_an_older_copy_say_what_is_true(store: ScoreStore, web: Web) -> None:
    done, gone = keep(web), keep(web)
    remove_folder(folder(store, gone))
    path = store.incoming / "some.bin"
    keys = []
    for _ in range(2):
        path.write_bytes(b"video")
        keys.append(store.add_upload(path, threshold=0.5))
    waiting, scored = keys
    store.path(scored, UPLOAD).unlink()
    store.videos.match_files((UPLOAD,), FAILED)
    found = {key: store.get(key) for key in (done, gone, waiting, scored)}
    assert [bool(score and score.wiped) for score in found.values()] == [False, True, False, False]
    assert [score and score.status for score in found.values()] == [
        Status.DONE, Status.DONE, Status.QUEUED, Status.FAILED,
    ]  # fmt: skip


Page = Callable[[str], str]


def test_the_pages_tell_when_the_video_goes_and_that_it_has_gone(web: Web, clock: Clock) -> None:
    mobile, store, key = web.client("network", ON), web.services.store, keep(web)
    clock.pass_by(130.0)
    page = mobile.get(f"/scores/{key}").text
    assert "The video is deleted in 8 minutes" in page and 'data-until="470"' in page
    assert "stay on this kiosk until you delete them" in page
    korean = mobile.get(f"/scores/{key}?lang=ko").text
    assert "8분 뒤에 영상이 지워져요" in korean and 'data-many="#분' in korean
    api = mobile.get(f"/api/v1/scores/{key}").json
    assert api and api["video"] == {"deleted": False, "deleted_in": 470.0}
    clock.pass_by(AFTER)
    store.videos.wipe(AFTER)
    page = mobile.get(f"/scores/{key}").text
    assert "The video has been deleted" in page and "<video" not in page
    assert "data-until" not in page and "Save the replay" not in page
    assert "Keep the result in my history" in page and "Delete this result" in page
    mobile.post(f"/me/keep/{key}")
    page = mobile.get(f"/scores/{key}").text
    assert "Without its video" in page and "A coach may" not in page
    mobile.post(f"/me/consent/{key}", data={"given": "1"})
    assert web.services.labels.waiting() == []  # a coach could see nothing
    assert 'data-state="good"' in mobile.get("/me").text


def test_what_is_kept_says_so(web: Web, clock: Clock) -> None:
    mobile, key = web.client("network", ON), keep(web)
    mobile.post(f"/me/keep/{key}")
    page = mobile.get(f"/scores/{key}").text
    assert "data-until" not in page and "until you delete the set" in page and "<video" in page


def test_the_devices_own_browser_keeps_no_video(web: Web) -> None:
    key = keep(web)
    web.services.store.path(key, "motion-1.json").write_text("{}")
    for face, caching in (("device", "no-store"), ("network", "private, no-cache")):
        for name in ("clip.mp4", "motion"):
            answer = web.client(face).get(f"/api/v1/scores/{key}/{name}")
            assert answer.headers["Cache-Control"] == caching


def test_a_code_lasts_ten_minutes_of_one_boot(web: Web, clock: Clock) -> None:
    """Also of what is kept, which keeps its video: the code was on a screen that all can see."""
    shares, key = web.services.shares, keep(web)
    mobile = web.client("network")
    mobile.post(f"/me/keep/{key}")
    code = shares.code_for(key)
    clock.pass_by(599.0)
    assert shares.find(code) == key
    assert shares.left(key) == pytest.approx(1.0)
    clock.pass_by(1.0)
    assert shares.find(code) is None and shares.left(key) is None
    clock.boot()
    assert shares.find(code) is None


def test_the_code_on_the_screen_works_no_longer_than_the_video(web: Web, clock: Clock) -> None:
    web.services.address = lambda: "http://192.168.0.17:8080"
    key, kiosk = keep(web), web.client("device")
    clock.pass_by(400.0)
    assert "Scan within 4 minutes" in kiosk.get(f"/scores/{key}/card").text
    clock.pass_by(200.0)
    web.services.store.videos.wipe(AFTER)
    page = kiosk.get(f"/scores/{key}/card").text
    assert "data-home" not in page and "The video has been deleted" in page
