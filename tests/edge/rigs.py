"""A station with a fake camera and a scripted person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from edge import live as live_module
from edge.assessment import Assessment
from edge.live import LiveCamera
from edge.machine import Limits
from edge.session import ScoringSession
from edge.settings import KioskSettings
from edge.station import Station
from edge.track import PoseTrack
from tests.edge.camera_fakes import Gym
from tests.edge.fakes import (
    ConstantClassifier,
    FakeCamera,
    ScriptedEstimator,
    squatting_person,
    standing_person,
)

QUICK = Limits(countdown=0.2, insist=0.1)


class Rig:
    """A station with a fake camera and a scripted person, and a note of what it kept.

    The squat ends long before the recording: on a busy machine it begins late.
    """

    def __init__(
        self,
        tmp_path: Path,
        *,
        before: PoseTrack | None = None,
        squats: PoseTrack | None = None,
        seconds: float = 3.5,
        limits: Limits = QUICK,
        gym: Gym | None = None,
        room: Callable[[], bool] = lambda: True,
        noise: bool = False,
    ) -> None:
        self.fail = threading.Event()
        self.model_fails = self.gate_fails = False
        self.kept: list[tuple[Assessment, bytes]] = []
        self.camera = LiveCamera(gym.open if gym else lambda: FakeCamera(self.fail, noise=noise))
        watching = ScriptedEstimator(
            before or standing_person(60.0), fails=lambda: self.gate_fails
        )  # fmt: skip
        self.estimator = ScriptedEstimator(
            squats or squatting_person(length=1.5), fails=lambda: self.model_fails
        )  # fmt: skip

        def open_session(settings: KioskSettings, clip: Path) -> ScoringSession:
            return ScoringSession(
                self.estimator.open_stream(), ConstantClassifier(), threshold=settings.threshold,
                clip=clip, live_words=settings.live_words,
            )  # fmt: skip

        def keep(session: ScoringSession, assessment: Assessment, clip: Path) -> str:
            self.kept.append((assessment, clip.read_bytes()))
            return f"score-{len(self.kept)}"

        self.tmp_path = tmp_path
        self.station = Station(
            self.camera, watching.open_stream, open_session, keep,
            settings=lambda: KioskSettings(recording_seconds=seconds), scratch=tmp_path,
            limits=limits, room=room,
        )  # fmt: skip
        self.camera.start()
        self.station.launch()
        self.until(lambda s: s["camera"]["ok"])

    def until(self, true: Callable[[dict[str, Any]], bool], timeout: float = 60.0) -> Any:
        deadline = monotonic() + timeout
        snapshot = self.station.snapshot()
        while not true(snapshot):
            assert monotonic() < deadline, snapshot
            snapshot = self.station.wait(snapshot["version"], 1.0)
        return snapshot

    def until_state(self, state: str) -> Any:
        return self.until(lambda snapshot: snapshot["state"] == state)

    def until_nothing_is_left(self) -> None:
        deadline = monotonic() + 60.0
        while list(self.tmp_path.glob("*recording*")):  # the station's thread removes it
            assert monotonic() < deadline
            sleep(0.01)

    def close(self) -> None:
        self.station.close()
        self.camera.stop()


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeRig]:
    monkeypatch.setattr(live_module, "RETRY_SECONDS", 0.05)
    with ExitStack() as stack:

        def make(**options: Any) -> Rig:
            made = Rig(tmp_path, **options)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()
