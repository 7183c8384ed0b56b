"""A disk that is full, for real: a small file system in memory, filled by somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from tests.disks import small_disk
from tests.faults.conftest import QUICK
from tests.faults.phones import Phone
from tests.faults.screen import Screen
from tests.faults.staged import Stage
from tests.faults.watching import wrong_in
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
"""What each part does of it without a disk is in the parts' own tests."""

MEGABYTES = 40
FLOOR = 8_000_000
"""Bytes below which the kiosk of these tests takes no more videos."""


@dataclass
class SmallDisk:
    """A file system of 40 MB."""

    folder: Path

    @property
    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Take all but ``leave`` bytes."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            while (left := self.free - leave) > 0:
                try:
                    file.write(b"x" * min(left, 1 << 20))
                except OSError:
                    return

    def clear(self) -> None:
        """Give it back."""
        (self.folder / "ballast").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    with small_disk(tmp_path_factory.mktemp("disk"), MEGABYTES) as folder:
        yield SmallDisk(folder)


@pytest.fixture(scope="module")
def kiosk(
    disk: SmallDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[KioskProcess, Screen]]:
    stage = Stage(tmp_path_factory.mktemp("stage"))
    stage.limits(**QUICK)
    environment = {"KIOSK_DISK_FLOOR_MB": str(FLOOR // 1_000_000)}
    with (
        kiosk_process(
            disk.folder / "data", environment=environment, program=stage.program
        ) as running,
        Screen(running) as screen,
    ):
        running.wait_until_ready()
        assert screen.change(recording_seconds=3.0) == 200
        yield running, screen


@pytest.fixture(autouse=True)
def empty(disk: SmallDisk) -> Iterator[None]:
    yield
    disk.clear()


def said_at_the_kiosk(screen: Screen) -> str:
    """Try to have a set; return what the kiosk says, or the verdict."""
    screen.post("/kiosk/cancel")
    before = screen.now["result"]
    refused: list[Any] = []

    def over(now: dict[str, Any]) -> bool:
        return bool(refused) or now["message"] or now["result"] not in (None, before)

    for _ in range(60):
        if screen.now["state"] in ("idle", "positioning", "result") and not over(screen.now):
            status, body = screen.press("/kiosk/start")
            if status not in (202, 409):
                refused.append(body)
        if over(screen.now):
            break
        sleep(0.5)
    if refused:
        return str(refused[0]["code"])
    return str(screen.now["message"]["code"] if screen.now["message"] else "result")


def test_a_full_disk_is_told_and_everything_goes_on_when_there_is_room(
    disk: SmallDisk, kiosk: tuple[KioskProcess, Screen], squat: bytes
) -> None:
    running, screen = kiosk
    phone = Phone(running.port)
    sending = Stream(running.port, len(squat), headers=phone.headers)
    sending.begin()
    assert sending.append(squat[:10_000]).status == 204
    disk.fill(leave=FLOOR // 2)
    refusing = Stream(running.port, len(squat), headers=phone.headers)
    for answer in (phone.post(squat), refusing.begin()):
        assert answer.status == 507
        assert b"disk_full" in answer.body and b"tell the staff" in answer.body
    refusing.close()
    disk.fill()
    refused = sending.append(squat[10_000:])
    assert refused.status == 507, refused
    assert sending.look().offset == 10_000
    assert running.get("/healthz")[0] == 200
    assert running.get("/phone")[0] == 200
    assert said_at_the_kiosk(screen) in ("disk_full", "failed")
    disk.clear()
    assert sending.append(squat[10_000:]).status == 204
    assert phone.verdict(sending.key)["assessment"]["verdict"] == "good"
    sending.close()


def test_a_disk_that_fills_while_clips_are_scored_loses_none(
    disk: SmallDisk, kiosk: tuple[KioskProcess, Screen], squat: bytes
) -> None:
    """What was taken is scored when there is room again; without a restart."""
    running, _screen = kiosk
    phone = Phone(running.port)
    for _ in range(5):
        keys = [Phone(running.port, number).insist(squat) for number in range(6)]
        disk.fill()
        sleep(3.0)
        assert running.get("/healthz")[0] == 200
        disk.clear()
        for key in keys:
            score = phone.verdict(key, 60)
            assert score["assessment"], score
            assert score["assessment"]["verdict"] == "good"
    until(lambda: wrong_in(disk.folder / "data") == [], 60)


def test_it_starts_on_a_full_disk_and_says_so(
    disk: SmallDisk, tmp_path: Path, squat: bytes
) -> None:
    data = disk.folder / "second"
    with kiosk_process(data) as running:
        running.wait_until_ready()
        key = Phone(running.port).insist(squat)
        running.process.kill()
        running.process.wait(20)
    disk.fill()
    with kiosk_process(data) as running:
        until(lambda: running.log or running.process.poll() is not None, 60)
        sleep(10.0)
        said = "\n".join(running.log)
        assert "Traceback" not in said
        if running.process.poll() is None:  # it lives, and scores when there is room
            disk.clear()
            running.wait_until_ready()
            assert Phone(running.port).verdict(key)["assessment"]
            return
        assert "cannot be used" in said
    disk.clear()
    with kiosk_process(data) as running:
        running.wait_until_ready()
        assert Phone(running.port).verdict(key)["assessment"]
