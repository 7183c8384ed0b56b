"""One kiosk on a stage for each file, with short states and with phones that are strangers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.screen import Screen
from tests.faults.staged import Stage
from tests.faults.videos import short_squat
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

QUICK = {"countdown": 0.2, "insist": 0.1, "result": 20.0}
"""Durations with which a set takes four seconds."""


Say = Callable[[str, object], None]
"""Reports a figure by name."""


@pytest.fixture
def say(record_property: Say, capsys: pytest.CaptureFixture[str]) -> Say:
    """Report a figure: into the results, and onto the screen."""

    def tell(name: str, value: object) -> None:
        record_property(name, value)
        with capsys.disabled():
            print(f"{name}: {value}", end="; ")  # noqa: T201 - what the test is for

    return tell


@dataclass(frozen=True)
class Staged:
    """A running kiosk.

    :param kiosk: its process.
    :param stage: commands its camera.
    :param screen: shows its state.
    :param data: its folder.
    """

    kiosk: KioskProcess
    stage: Stage
    screen: Screen
    data: Path


@pytest.fixture(scope="session")
def squat(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of one good squat, of 17 pictures."""
    return short_squat(tmp_path_factory.mktemp("video") / "squat.mp4").read_bytes()


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """One kiosk for all files of a process that break nothing for good."""
    folder = tmp_path_factory.mktemp("staged")
    stage, data = Stage(folder), folder / "data"
    stage.limits(**QUICK)
    stage.strangers()
    with (
        kiosk_process(data, program=stage.program) as kiosk,
        Screen(kiosk) as screen,
    ):
        kiosk.wait_until_ready()
        assert screen.change(recording_seconds=3.0) == 200
        yield Staged(kiosk, stage, screen, data)
