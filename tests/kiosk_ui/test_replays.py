from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.errors import SourceError
from edge.track import PoseTrack
from kiosk_ui.replays import ReplayMaker, save_track
from kiosk_ui.scores import Source
from kiosk_ui.store import REPLAY, ScoreStore
from tests.kiosk_ui import fakes
from tests.kiosk_ui.fakes import assessment, until


class Along:
    """A replay that was drawn along, right or not."""

    def __init__(self, *, right: bool) -> None:
        self.right, self.discarded = right, False

    def take(self, output: Path) -> bool:
        if self.right:
            output.write_bytes(b"along")
        return self.right

    def discard(self) -> None:
        self.discarded = True


def recorded(store: ScoreStore) -> str:
    clip = store.incoming / "clip.mp4"
    clip.write_bytes(b"clip")
    found = assessment().to_dict()
    return store.add_recording(clip, found, lambda path: save_track(fakes.track(), path))


@pytest.mark.parametrize("error", [FileNotFoundError("no clip"), SourceError("no clip")])
def test_a_set_that_is_deleted_while_its_replay_is_drawn_is_no_error(
    store: ScoreStore, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    key = recorded(store)

    def delete_meanwhile(clip: Path, track: PoseTrack, output: Path) -> None:
        store.delete(key)
        raise error

    replays = ReplayMaker(store, wait=lambda: None, render=delete_meanwhile)
    replays.start()
    with caplog.at_level(logging.INFO):
        replays.want(key, Source.KIOSK)
        until(lambda: "deleted meanwhile" in caplog.text)
        replays.close()
    assert [r.levelname for r in caplog.records if r.name == "kiosk_ui.replays"] == ["INFO"]
    assert "Traceback" not in caplog.text and key not in caplog.text


@pytest.mark.parametrize(("right", "shown"), [(True, b"along"), (False, b"drawn")])
def test_one_that_was_drawn_along_is_taken_if_it_is_right(
    store: ScoreStore, right: bool, shown: bytes
) -> None:
    key, along = recorded(store), Along(right=right)
    replays = ReplayMaker(
        store, wait=lambda: None, render=lambda clip, track, output: output.write_bytes(b"drawn")
    )
    replays.start()
    replays.want(key, Source.UPLOAD, along)  # type: ignore[arg-type]
    until(lambda: along.discarded)
    replays.close()
    assert store.path(key, REPLAY).read_bytes() == shown


def test_one_that_was_drawn_along_goes_with_its_score(store: ScoreStore) -> None:
    key, along = recorded(store), Along(right=True)
    store.delete(key)
    replays = ReplayMaker(store, wait=lambda: None)
    replays.start()
    replays.want(key, Source.UPLOAD, along)  # type: ignore[arg-type]
    until(lambda: along.discarded)
    replays.close()
