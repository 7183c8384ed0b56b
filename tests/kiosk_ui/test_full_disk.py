"""The whole kiosk on a small disk that really becomes full, and has room again."""

from __future__ import annotations

import http.client
import json
import re
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge.frames.camera import DEMO_CLIPS
from tests.disks import filled, small_disk
from tests.edge.videos import ONE_SQUAT, first_part
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

pytestmark = pytest.mark.long


class Screen:
    """Hears what the kiosk's screen is told, and presses its buttons."""

    def __init__(self, kiosk: KioskProcess) -> None:
        self.kiosk = kiosk
        self.now: dict[str, Any] = {"message": None}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        url = f"http://localhost:{self.kiosk.port}/kiosk/events"
        with suppress(OSError, http.client.HTTPException), urllib.request.urlopen(url) as events:
            for line in events:
                if line.startswith(b"data: ") and b'"state"' in line:
                    self.now = json.loads(line[6:])

    @property
    def message(self) -> str | None:
        """The code of what is said."""
        told = self.now["message"]
        return told and str(told["code"])

    def press(self, what: str) -> tuple[int, dict[str, Any]]:
        url = f"http://localhost:{self.kiosk.port}/kiosk/{what}"
        status, told = self.kiosk.send(urllib.request.Request(url, b"", method="POST"))
        return status, dict(told)


def test_a_full_disk_is_refused_and_gone_by_itself(tmp_path: Path) -> None:
    squat = first_part(DEMO_CLIPS / "good.mp4", tmp_path / "squat.mp4", ONE_SQUAT).read_bytes()
    with (
        small_disk(tmp_path / "disk", 64) as disk,
        kiosk_process(disk / "data", environment={"KIOSK_DISK_FLOOR_MB": "20"}) as kiosk,
    ):
        kiosk.wait_until_ready()
        screen = Screen(kiosk)
        with filled(disk, leaving=5_000_000):
            until(lambda: screen.message == "disk_full")
            status, told = screen.press("start")
            assert (status, told["code"]) == (507, "disk_full")
            with pytest.raises(AssertionError, match="disk_full"):
                kiosk.upload(squat)
            assert kiosk.get("/readyz", Host="squat.local") == (503, {"status": "not_ready"})
            assert kiosk.get("/healthz")[0] == 200
            assert b"kiosk_disk_full 1.0" in kiosk.get("/metrics")[1]
        until(lambda: kiosk.get("/readyz")[0] == 200)
        until(lambda: screen.message is None)
        assert screen.press("start")[0] == 202
        assert kiosk.finished(kiosk.upload(squat)["id"])["status"] == "done"
        log = "\n".join(kiosk.log)
    assert re.search(
        r"ERROR kiosk_ui.room: the disk: full; \d+ MB are free, the floor is 20 MB", log
    )
    assert "the disk: room again" in log


def test_a_recording_that_fills_the_disk_ends_with_words(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 64) as disk,
        kiosk_process(disk / "data", environment={"KIOSK_DISK_FLOOR_MB": "20"}) as kiosk,
    ):
        kiosk.wait_until_ready()
        screen = Screen(kiosk)
        url = f"http://localhost:{kiosk.port}/kiosk/settings"
        longest = json.dumps({"recording_seconds": 30.0}).encode()
        head = {"Content-Type": "application/json"}
        kiosk.send(urllib.request.Request(url, longest, head, method="PUT"))
        recording = disk / "data" / "incoming"

        def records() -> bool:
            screen.press("start")  # a second time means: go on although the gate is not content
            return any(recording.glob(".recording-*"))

        until(records)
        with filled(disk):
            until(lambda: screen.message == "disk_full")
            until(lambda: not list(recording.iterdir()))
        until(lambda: screen.message is None)
        until(records)
        screen.press("cancel")
        until(lambda: not list(recording.iterdir()))
