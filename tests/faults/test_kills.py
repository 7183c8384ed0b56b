"""SIGKILL of the server and of its children while clips are being sent, scored and drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.frames.camera import DEMO_CLIPS
from edge.frames.child import GIVEN_UP
from kiosk_ui.worker import FAILED, sentence
from tests.edge.videos import ONE_SQUAT, first_part
from tests.faults.killing import Killing, Promise
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream


def test_what_was_promised_outlives_a_kill(tmp_path: Path) -> None:
    """One video is being scored, another one is half sent."""
    killing = Killing(tmp_path, seed=1)
    long = first_part(DEMO_CLIPS / "good.mp4", tmp_path / "long.mp4", ONE_SQUAT).read_bytes()
    with killing.kiosk() as kiosk:
        kiosk.wait_until_ready()
        key = kiosk.upload(long)["id"]
        killing.promises[key] = Promise()
        sending = Stream(kiosk.port)
        assert sending.begin().status == 201
        killing.append(sending)
        sending.close()
        until(lambda: kiosk.get(f"/api/v1/scores/{key}")[1]["status"] != "queued")
        killing.kill(kiosk)
    assert killing.end() == []
    assert killing.counts["uploads that went on"] == 1
    assert killing.counts["upload: good"] == 2


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_nothing_that_was_promised_is_lost(tmp_path: Path, seed: int) -> None:
    killing = Killing(tmp_path, seed)
    killing.lives(40)
    assert killing.end() == []
    ends = {what: n for what, n in killing.counts.items() if what.startswith("upload: ")}
    # Killed three times over while it was scored, a video is what may have ended kiosk or decoder.
    worn = sum(ends.pop(f"upload: {words}", 0) for words in (FAILED, sentence(GIVEN_UP)))
    assert list(ends) == ["upload: good"]
    assert worn <= 0.1 * ends["upload: good"]
