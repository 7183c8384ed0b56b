"""SIGKILL of the server and of its children while clips are being sent, scored and drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.frames.camera import DEMO_CLIPS
from edge.frames.child import GIVEN_UP
from kiosk_ui.worker import FAILED, sentence
from tests.edge.videos import ONE_SQUAT, first_part
from tests.faults.killing import Killing, Promise
from tests.faults.phones import Phone
from tests.faults.screen import Screen
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.processes import KioskProcess


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


def test_a_result_on_the_screen_outlives_a_kill(tmp_path: Path) -> None:
    """Page, clip and code work on; the screen is ready for the next one."""
    killing = Killing(tmp_path, seed=1)
    with killing.kiosk() as kiosk, Screen(kiosk) as screen:
        kiosk.wait_until_ready()
        assert screen.change(recording_seconds=3.0) == 200
        screen.press_start_until(lambda now: now["state"] == "result")
        key = screen.now["result"]
        code = code_of(kiosk, key)
        killing.kill(kiosk)
    with killing.kiosk() as kiosk, Screen(kiosk) as screen:
        kiosk.wait_until_ready()
        until(lambda: screen.now["state"] == "idle")
        assert screen.now["result"] is None and screen.now["message"] is None
        phone = Phone(kiosk.port)
        for part in (f"/scores/{key}", f"/scores/{key}/card", f"/api/v1/scores/{key}/clip.mp4"):
            assert phone.ask("GET", part).status == 200, part
        assert phone.score(key)["assessment"]
        if code:  # else this machine has no address at which phones would reach it
            assert phone.ask("GET", code).headers["location"].endswith(f"/scores/{key}")
            assert code_of(kiosk, key) == code
        assert screen.record() != key


def code_of(kiosk: KioskProcess, key: str) -> str | None:
    """Return the path that the code on the screen leads to."""
    found = re.search(rb'data-link="http://[^/"]+(/t/[\w-]+)"', kiosk.get(f"/scores/{key}/card")[1])
    return found and found[1].decode()


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
