"""A kiosk on a machine that has far too much to do: slow, but neither hanging nor blind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.faults.staged import SILENT, Stage
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.managers import manager
from tests.kiosk_ui.processes import kiosk_process

BURNERS = 12
SECONDS = 60.0
BLAME = ("hangs", "light", "plug", "no pictures", "lost", "does not answer", "not read any further")
"""Words with which camera, room or kiosk are blamed."""


@contextmanager
def overload() -> Iterator[None]:
    """Keep every processor busy several times over until the block ends."""
    burners = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BURNERS)
    ]  # fmt: skip
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_overloaded_kiosk_is_not_restarted_and_blames_nobody(tmp_path: Path) -> None:
    """As it is under systemd, which would end it after a minute without a sign of life."""
    with manager(tmp_path) as systemd:
        environment = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000"}
        with overload(), kiosk_process(tmp_path / "data", environment=environment) as kiosk:
            systemd.wait_for("READY=1", seconds=300)
            fed = systemd.heard("WATCHDOG=1")
            until(lambda: kiosk.get("/kiosk/figures")[1]["camera"]["message"] is None, 60)
            began = monotonic()
            while monotonic() - began < SECONDS:
                camera = kiosk.get("/kiosk/figures")[1]["camera"]
                assert (camera["message"], camera["picture"]) == (None, "ok")
                assert kiosk.get("/healthz")[0] == 200
                sleep(0.5)
            assert systemd.heard("WATCHDOG=1") - fed >= 2
    told = [line for line in kiosk.log if line.startswith(("WARNING", "ERROR"))]
    assert not [line for line in told if any(word in line for word in BLAME)]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_driver_that_never_returns_is_found_on_an_overloaded_machine_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.patience(1.0)
    with kiosk_process(tmp_path / "data", program=stage.program) as kiosk:
        kiosk.wait_until_ready()
        stage.camera(SILENT)
        with overload():
            until(lambda: kiosk.get("/healthz")[0] == 503, 120)
            assert kiosk.get("/healthz")[1]["threads"]["camera"]["late"]
