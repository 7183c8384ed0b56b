from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.errors import SourceError
from edge.track import PoseTrack
from kiosk_ui.replays import ReplayMaker, save_track
from kiosk_ui.scores import Source
from kiosk_ui.store import ScoreStore
from tests.kiosk_ui import fakes
from tests.kiosk_ui.fakes import assessment, until


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
