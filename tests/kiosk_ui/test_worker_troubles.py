"""What a worker does where networks, disks and decoders fail."""

from __future__ import annotations

import errno
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from edge.errors import DecoderKilledError, NetworkError, SourceError
from edge.exercise import Repetition
from edge.judging import Judgement
from edge.track import PoseTrack
from kiosk_ui.scores import Replay, Status
from kiosk_ui.store import ScoreStore
from tests.kiosk_ui.fakes import (
    FakeClassifier,
    FakeVideo,
    until,
)
from tests.kiosk_ui.workers import Make, add, finished, make

__all__ = ["make"]


class FailingClassifier(FakeClassifier):
    """Its network fails the first times."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        self.failures -= 1
        if self.failures >= 0:
            raise NetworkError("the network failed")
        return super().judge(part, repetition)


@pytest.mark.parametrize(("failures", "status"), [(1, Status.DONE), (9, Status.FAILED)])
def test_a_video_whose_network_failed_is_scored_again(
    store: ScoreStore, make: Make, monkeypatch: pytest.MonkeyPatch, failures: int, status: Status
) -> None:
    """A bundle on trial may be left for a better one meanwhile."""
    monkeypatch.setattr("kiosk_ui.worker.CHANGE_OVER", 0.0)
    classifier = FailingClassifier(failures)
    make(judge=lambda: classifier)
    assert finished(store, add(store)).status is status


def fill_the_disk(store: ScoreStore, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let what comes of jobs be written only once the answer is set."""
    room, update = threading.Event(), store.update
    monkeypatch.setattr("kiosk_ui.disk.LOOK_FOR_ROOM", 0.05)

    def write(key: str, **values: Any) -> None:
        if not room.is_set() and values["status"] is not Status.RUNNING:
            full = sqlite3.OperationalError("database or disk is full")
            raise OperationalError("UPDATE", {}, full)
        update(key, **values)

    monkeypatch.setattr(store, "update", write)
    return room


def test_a_job_on_a_full_disk_is_scored_when_there_is_room(
    store: ScoreStore, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = fill_the_disk(store, monkeypatch)
    key = add(store)
    make()
    until(lambda: "the disk is full" in caplog.text)
    score = store.get(key)
    assert score is not None and score.status is Status.RUNNING
    room.set()
    score = finished(store, key)
    assert (score.status, score.replay, score.attempts) == (Status.DONE, Replay.READY, 1)


def test_junk_on_a_full_disk_is_told_when_there_is_room(
    store: ScoreStore, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def junk(path: Path) -> FakeVideo:
        raise SourceError("no video")

    room = fill_the_disk(store, monkeypatch)
    key = add(store)
    make(open_video=junk)
    until(lambda: "the disk is full" in caplog.text)
    room.set()
    assert finished(store, key, replay=False).error == "No video."
    until(lambda: not store.upload(key).exists())


def test_a_replay_on_a_full_disk_is_drawn_when_there_is_room(
    store: ScoreStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk_ui.disk.LOOK_FOR_ROOM", 0.05)
    tries: list[Path] = []

    def render(clip: Path, track: PoseTrack, output: Path) -> None:
        tries.append(output)
        if len(tries) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        output.write_bytes(b"replay")

    key = add(store)
    make(render=render)
    until(lambda: (s := store.get(key)) is not None and s.replay is Replay.READY)
    assert len(tries) == 3


def test_a_video_whose_decoder_was_killed_is_read_again(store: ScoreStore, make: Make) -> None:
    opened: list[Path] = []

    def killed_once(path: Path) -> FakeVideo:
        opened.append(path)
        if len(opened) == 1:
            raise DecoderKilledError("the video could not be decoded")
        return FakeVideo(path)

    key = add(store)
    make(open_video=killed_once)
    assert finished(store, key).status is Status.DONE


def test_a_video_that_has_its_decoder_killed_each_time_is_refused(
    store: ScoreStore, make: Make
) -> None:
    opened: list[Path] = []

    def killed(path: Path) -> FakeVideo:
        opened.append(path)
        raise DecoderKilledError("the video could not be decoded")

    key = add(store)
    make(open_video=killed)
    assert finished(store, key).error == "The video could not be decoded."
    assert len(opened) == 3
