from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kiosk_ui.scores import QueueFull, Replay, Source, Status
from kiosk_ui.store import CLIP, REPLAY, TRACK, UPLOAD, ScoreStore
from tests.kiosk_ui.fakes import assessment, until


def incoming(store: ScoreStore, content: bytes = b"video") -> Path:
    path = store.incoming / "some.bin"
    path.write_bytes(content)
    return path


def add(store: ScoreStore, threshold: float = 0.5, limit: int = 20) -> str:
    return store.add_upload(incoming(store), threshold=threshold, limit=limit)


def test_an_upload_is_queued_with_its_file(store: ScoreStore) -> None:
    key = add(store, threshold=0.7)
    score = store.get(key)
    assert score is not None
    assert (score.status, score.source, score.threshold) == (Status.QUEUED, Source.UPLOAD, 0.7)
    assert score.created.tzinfo is not None
    assert store.path(key, UPLOAD).read_bytes() == b"video"
    assert not list(store.incoming.iterdir())


def test_ids_cannot_be_guessed(store: ScoreStore) -> None:
    keys = {add(store) for _ in range(5)}
    assert len(keys) == 5
    assert all(len(key) == 22 for key in keys)


def test_an_unknown_id_gives_none(store: ScoreStore) -> None:
    assert store.get("nothing") is None
    assert store.get("../../etc") is None


def test_the_queue_has_a_limit_and_leaves_the_file(store: ScoreStore) -> None:
    add(store, limit=1)
    with pytest.raises(QueueFull):
        add(store, limit=1)
    assert len(list(store.incoming.iterdir())) == 1


def test_the_limit_holds_for_many_at_once(store: ScoreStore) -> None:
    full = []

    def send(number: int) -> None:
        path = store.incoming / f"{number}.bin"
        path.write_bytes(b"video")
        try:
            store.add_upload(path, threshold=0.5, limit=3)
        except QueueFull:
            full.append(number)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(full) == 5
    assert store.waiting() == 3


def test_jobs_are_taken_in_order_and_say_how_many_are_ahead(store: ScoreStore) -> None:
    first, second, third = add(store), add(store), add(store)
    found = store.get(third)
    assert found is not None and found.ahead == 2
    taken = store.take(0.0)
    assert taken is not None
    assert (taken.id, taken.status, taken.attempts) == (first, Status.RUNNING, 1)
    waiting = store.get(second)
    assert waiting is not None and waiting.ahead == 1
    again = store.take(0.0)
    assert again is not None and again.id == second


def test_the_wait_counts_what_is_before_and_the_video_itself(store: ScoreStore) -> None:
    keys = []
    for seconds in (10.0, 20.0, 30.0):
        video = incoming(store)
        keys.append(store.add_upload(video, threshold=0.5, client="a", seconds=seconds))

    def waits() -> list[float]:
        return [score.wait for score in map(store.get, keys) if score]

    assert waits() == [5.0, 15.0, 30.0]  # half a second for a second, until something was measured
    assert (store.waiting(), store.waiting("a"), store.waiting("b")) == (3, 3, 0)
    assert store.first_wait() == 5.0
    store.take(0.0)
    store.set_progress(keys[0], 0.5)
    assert waits() == [2.5, 12.5, 27.5]
    store.update(keys[0], status=Status.DONE)
    found = store.get(keys[0])
    assert found is not None and found.wait == 0.0
    assert store.waiting("a") == 2


def test_a_file_that_cannot_become_a_job_stays_where_it_was(
    store: ScoreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError("the disk is full")

    video = incoming(store, b"the only copy")
    with monkeypatch.context() as broken:
        broken.setattr("kiosk_ui.store.sync", fail)
        with pytest.raises(OSError, match="full"):
            store.add_upload(video, threshold=0.5, key="k" * 22)
    assert video.read_bytes() == b"the only copy"
    assert store.add_upload(video, threshold=0.5, key="k" * 22) == "k" * 22


def test_taking_waits_for_a_job(store: ScoreStore) -> None:
    assert store.take(0.05) is None
    got = []
    thread = threading.Thread(target=lambda: got.append(store.take(10.0)))
    thread.start()
    key = add(store)
    thread.join(10.0)
    assert got[0] is not None and got[0].id == key


def test_a_recording_is_done_at_once(store: ScoreStore) -> None:
    def write(path: Path) -> None:
        path.write_bytes(b"t")

    clip = incoming(store, b"clip")
    key = store.add_recording(clip, assessment().to_dict(), write)
    score = store.get(key)
    assert score is not None and score.assessment is not None
    assert (score.status, score.source, score.replay) == (
        Status.DONE, Source.KIOSK, Replay.PENDING,
    )  # fmt: skip
    assert score.assessment["verdict"] == "good"
    assert score.progress == 1.0
    assert store.path(key, CLIP).read_bytes() == b"clip"
    assert store.path(key, TRACK).read_bytes() == b"t"


def test_a_recording_without_a_clip_has_no_replay(store: ScoreStore) -> None:
    key = store.add_recording(None, assessment().to_dict(), lambda p: None)
    score = store.get(key)
    assert score is not None and score.replay is Replay.NONE


def test_nothing_is_left_of_a_score_that_cannot_be_kept(store: ScoreStore, tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        store.add_recording(incoming(store), assessment().to_dict(), fail)
    assert not list((tmp_path / "scores").iterdir())


def test_progress_only_grows(store: ScoreStore) -> None:
    key = add(store)
    store.take(0.0)
    for value in (0.5, 0.2):
        store.set_progress(key, value)
        score = store.get(key)
        assert score is not None and score.progress == 0.5


def test_waiting_for_a_change(store: ScoreStore) -> None:
    key = add(store)
    got = []

    def wait() -> None:
        got.append(store.wait_for(key, lambda s: s.status is Status.DONE, 10.0))

    thread = threading.Thread(target=wait)
    thread.start()
    store.update(key, status=Status.RUNNING)
    store.update(key, status=Status.DONE)
    thread.join(10.0)
    assert got[0] is not None and got[0].status is Status.DONE


def test_waiting_ends_when_the_score_is_deleted(store: ScoreStore) -> None:
    key = add(store)
    got: list[object] = []
    thread = threading.Thread(
        target=lambda: got.append(store.wait_for(key, lambda s: s.finished, 10.0))
    )
    thread.start()
    store.delete(key)
    until(lambda: got)
    assert got == [None]


def test_deleting_removes_row_and_files(store: ScoreStore) -> None:
    key = add(store)
    assert store.delete(key)
    assert store.get(key) is None
    assert not store.path(key, UPLOAD).parent.exists()
    assert not store.delete(key)


def test_jobs_outlive_a_restart(store: ScoreStore, tmp_path: Path) -> None:
    running, queued = add(store), add(store)
    store.take(0.0)
    store.close()
    again = ScoreStore(tmp_path)
    (again.incoming / "half.bin").write_bytes(b"half an upload")
    (again.incoming / "folder").mkdir()
    again.clear_incoming()
    assert again.resume(2, "sorry") == []
    first, second = again.take(0.0), again.take(0.0)
    assert first is not None and (first.id, first.attempts) == (running, 2)
    assert second is not None and second.id == queued
    assert not list(again.incoming.iterdir())
    again.close()


def test_a_job_that_ends_the_kiosk_is_not_begun_forever(store: ScoreStore) -> None:
    key = add(store)
    for _ in range(2):
        store.take(0.0)
        store.resume(2, "sorry")
    score = store.get(key)
    assert score is not None
    assert (score.status, score.error) == (Status.FAILED, "sorry")
    # Somebody's video must not stay behind with a score that nobody will ever see.
    assert not list(store.path(key, "x").parent.iterdir())


def test_missing_replays_are_named_after_a_restart(store: ScoreStore) -> None:
    keys = [
        store.add_recording(incoming(store), assessment().to_dict(), lambda p: None)
        for _ in range(2)
    ]
    store.update(keys[0], replay=Replay.READY)
    assert store.resume(2, "sorry") == [keys[1]]
    assert not store.path(keys[1], REPLAY).exists()


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED])
def test_a_kill_just_before_a_video_is_removed_does_not_keep_it(
    store: ScoreStore, status: Status
) -> None:
    key = add(store)
    store.update(key, status=status)
    store.resume(3, "sorry")
    assert not store.upload(key).exists()
