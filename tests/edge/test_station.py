"""The station from Start to the result, and when things go wrong in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from edge import live as live_module
from edge.assessment import Assessment, Verdict
from edge.live import LiveCamera
from edge.session import ScoringSession
from edge.settings import KioskSettings
from edge.station import Station
from tests.edge.fakes import (
    ConstantClassifier,
    FakeCamera,
    ScriptedEstimator,
    squatting_person,
)


class FullStore(list[tuple[Assessment, bytes]]):
    """A store that breaks in a way that nobody has thought of."""

    def append(self, item: tuple[Assessment, bytes]) -> None:
        raise LookupError("no table of that name")


class Rig:
    """A station with a fake camera and a scripted person, and a note of what it kept."""

    def __init__(self, tmp_path: Path, *, result_seconds: float = 30.0) -> None:
        self.fail = threading.Event()
        self.model_fails = False
        self.kept: list[tuple[Assessment, bytes]] = []
        self.camera = LiveCamera(lambda: FakeCamera(self.fail))
        estimator = ScriptedEstimator(squatting_person(), fails=lambda: self.model_fails)

        def open_session(settings: KioskSettings, clip: Path) -> ScoringSession:
            return ScoringSession(
                estimator.open_stream(), ConstantClassifier(), threshold=settings.threshold,
                clip=clip,
            )  # fmt: skip

        def keep(session: ScoringSession, assessment: Assessment, clip: Path) -> str:
            self.kept.append((assessment, clip.read_bytes()))
            return f"score-{len(self.kept)}"

        self.tmp_path = tmp_path
        self.station = Station(
            self.camera, open_session, keep, lambda: KioskSettings(recording_seconds=3.5),
            tmp_path, countdown=0.2, result_seconds=result_seconds,
        )  # fmt: skip
        self.camera.start()
        self.station.launch()
        self.until(lambda s: s["camera"]["ok"])

    def until(self, true: Callable[[dict[str, Any]], bool], timeout: float = 10.0) -> Any:
        deadline = monotonic() + timeout
        snapshot = self.station.snapshot()
        while not true(snapshot):
            assert monotonic() < deadline, snapshot
            # A camera that comes or goes does not wake the waiters: look again now and then.
            snapshot = self.station.wait(snapshot["version"], 0.05)
        return snapshot

    def until_state(self, state: str) -> Any:
        return self.until(lambda snapshot: snapshot["state"] == state)

    def close(self) -> None:
        self.station.close()
        self.camera.stop()


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(live_module, "RETRY_SECONDS", 0.05)
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_from_start_to_the_result_and_back(rig: Rig) -> None:
    assert rig.station.snapshot()["state"] == "idle"
    assert rig.station.start()
    counting = rig.until_state("countdown")
    assert 0 < counting["remaining"] <= counting["total"] == 0.2
    recording = rig.until_state("recording")
    assert recording["total"] == 3.5
    rig.until(lambda s: s["repetitions"] == 1)
    result = rig.until_state("result")
    assert result["result"] == "score-1"
    ((assessment, clip),) = rig.kept
    assert assessment.verdict is Verdict.GOOD
    assert assessment.duration == pytest.approx(3.5, abs=0.2)
    assert assessment.frames.pushed + assessment.frames.dropped > 100
    assert b"ftyp" in clip[:16]
    rig.station.cancel()
    rig.until_state("idle")


def test_start_again_from_the_result(rig: Rig) -> None:
    for number in (1, 2):
        assert rig.station.start()
        assert rig.until(lambda s, n=number: s["result"] == f"score-{n}")  # type: ignore[misc]


def test_start_twice_is_once(rig: Rig) -> None:
    assert rig.station.start()
    assert not rig.station.start()
    rig.until_state("recording")
    assert not rig.station.start()


@pytest.mark.parametrize("state", ["countdown", "recording"])
def test_cancelling_leaves_nothing(state: str, rig: Rig) -> None:
    rig.station.start()
    rig.until_state(state)
    rig.station.cancel()
    rig.until_state("idle")
    assert rig.kept == []
    assert not list(rig.tmp_path.glob("*recording*"))


def test_a_camera_lost_while_recording_is_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.station.CAMERA_PATIENCE", 0.2)
    rig.station.start()
    rig.until_state("recording")
    rig.fail.set()
    idle = rig.until_state("idle")
    assert "camera" in idle["message"]
    rig.until(lambda s: not s["camera"]["ok"])
    assert not rig.station.start()
    rig.fail.clear()
    rig.until(lambda s: s["camera"]["ok"])
    assert rig.station.start()


def test_a_pose_model_that_fails_is_said(rig: Rig) -> None:
    rig.model_fails = True
    rig.station.start()
    rig.until_state("recording")
    assert "wrong" in rig.until_state("idle")["message"]
    rig.model_fails = False
    assert rig.station.start()
    rig.until_state("result")


def test_an_error_of_any_kind_leaves_a_station_that_works(rig: Rig) -> None:
    rig.kept = FullStore()
    rig.station.start()
    rig.until_state("recording")
    assert "wrong" in rig.until_state("idle")["message"]
    rig.kept = []
    assert rig.station.start()
    rig.until_state("result")


def test_a_result_goes_away_by_itself(tmp_path: Path) -> None:
    rig = Rig(tmp_path, result_seconds=0.3)
    rig.station.start()
    rig.until_state("result")
    rig.until_state("idle")
    rig.close()


def test_waiting_returns_after_the_timeout(rig: Rig) -> None:
    version = rig.station.snapshot()["version"]
    began = monotonic()
    assert rig.station.wait(version, 0.1)["version"] == version
    assert 0.05 < monotonic() - began < 2.0
