"""The system's clock is set while the kiosk runs; a small library (clock.c) sets it for the kiosk
alone. What libfaketime does to the monotonic clock no clock that is set does: Python's sleep fails.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from time import sleep

import pytest

from tests.faults.conftest import QUICK
from tests.faults.phones import Phone
from tests.faults.screen import Screen
from tests.faults.staged import Stage
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

SOURCE = Path(__file__).with_name("clock.c")
COMPILER = shutil.which("cc")
DAY = 86_400

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not COMPILER, reason="no C compiler: apt-get install gcc libc6-dev"),
]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says by how much the clock is off."""
    path = tmp_path_factory.mktemp("clock") / "offset"
    path.write_text("0")
    return path


@pytest.fixture(scope="module")
def kiosk(
    clock: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[KioskProcess, Screen]]:
    folder = tmp_path_factory.mktemp("kiosk")
    stage = Stage(folder)
    stage.limits(**QUICK)
    library = folder / "clock.so"
    build = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(build, check=True)
    environment = {"LD_PRELOAD": str(library), "STAGED_CLOCK": str(clock)}
    with (
        kiosk_process(folder / "data", environment=environment, program=stage.program) as running,
        Screen(running) as screen,
    ):
        running.wait_until_ready()
        assert screen.change(recording_seconds=3.0) == 200
        yield running, screen


def turn(clock: Path, days: float) -> None:
    """Set the clock of the kiosk off by so many days."""
    partial = clock.with_suffix(".new")
    partial.write_text(str(round(days * DAY)))
    partial.replace(clock)


@pytest.mark.parametrize("days", [365.0, -1.0])
def test_a_clock_that_jumps_loses_nothing_and_stops_nothing(
    kiosk: tuple[KioskProcess, Screen], clock: Path, squat: bytes, days: float
) -> None:
    running, screen = kiosk
    phone = Phone(running.port)
    turn(clock, 0)
    there = phone.insist(squat)
    assert phone.verdict(there)["assessment"]["verdict"] == "good"
    half = Stream(running.port, len(squat), headers=phone.headers)
    half.begin()
    half.append(squat[:10_000])
    queued = phone.insist(squat)
    screen.press_start_until(lambda now: now["state"] == "recording")
    turn(clock, days)
    until(lambda: screen.now["state"] == "result", 30)  # the recording ended in time all the same
    at_the_kiosk = screen.now["result"]
    sleep(1.0)
    for path in ("/phone", f"/scores/{there}", "/"):
        assert running.get(path)[0] == 200
    assert phone.verdict(queued)["assessment"]["verdict"] == "good"
    new = phone.insist(squat)
    verdict = phone.verdict(new)
    created = datetime.fromisoformat(verdict["created"].replace("Z", "+00:00"))
    assert abs((created - datetime.now(timezone.utc)).total_seconds() - days * DAY) < 600
    assert verdict["assessment"]["verdict"] == "good"
    assert half.look().offset == 10_000
    assert half.append(squat[10_000:]).status == 204
    assert phone.verdict(half.key)["assessment"]["verdict"] == "good"
    half.close()
    for key in (there, at_the_kiosk, new):
        assert phone.ask("GET", f"/api/v1/scores/{key}/clip.mp4").status == 200
        assert phone.ask("GET", f"/api/v1/scores/{key}/replay.mp4").status == 200
    assert screen.record()
    turn(clock, 0)
    assert screen.record()
    assert running.get("/healthz")[0] == 200
