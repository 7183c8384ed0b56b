"""The station from Start to the result, and when things go wrong in between."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from edge import live as live_module
from edge.assessment import Assessment, Verdict
from edge.frames import picture as picture_module
from edge.live import LiveCamera
from edge.machine import Limits
from edge.session import ScoringSession
from edge.settings import KioskSettings
from edge.station import Station
from edge.track import PoseTrack
from tests.disks import filled, small_disk
from tests.edge.camera_fakes import Gym
from tests.edge.fakes import (
    ConstantClassifier,
    FakeCamera,
    ScriptedEstimator,
    squatting_person,
    standing_person,
)
from tests.edge.people import raised


class FullStore(list[tuple[Assessment, bytes]]):
    """A store that breaks in a way that nobody has thought of."""

    def append(self, item: tuple[Assessment, bytes]) -> None:
        raise LookupError("no table of that name")


QUICK = Limits(countdown=0.2, insist=0.1)


class Rig:
    """A station with a fake camera and a scripted person, and a note of what it kept."""

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
            squats or squatting_person(), fails=lambda: self.model_fails
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


def test_from_start_to_the_result_and_back(rig: Rig) -> None:
    assert rig.station.snapshot()["state"] == "idle"
    assert rig.station.start()
    guided = rig.until(lambda s: s["guidance"] is not None)
    assert guided["state"] == "positioning" and guided["guidance"]["unmet"] == []
    rig.until(lambda s: s["guidance"]["holding"])
    counting = rig.until_state("countdown")
    assert 0 < counting["remaining"] <= counting["total"] == pytest.approx(0.2)
    recording = rig.until_state("recording")
    assert recording["total"] == pytest.approx(3.5)
    rig.until(lambda s: s["repetitions"] == 1)
    result = rig.until_state("result")
    assert result["result"] == "score-1"
    ((assessment, clip),) = rig.kept
    assert assessment.verdict is Verdict.GOOD
    assert assessment.duration == pytest.approx(3.5, abs=0.2)
    assert assessment.frames.pushed + assessment.frames.skipped > 100
    assert assessment.frames.dropped == 0
    assert b"ftyp" in clip[:16]
    rig.station.cancel()
    rig.until_state("idle")


def test_the_word_about_a_repetition_comes_with_its_number(rig: Rig) -> None:
    rig.estimator.people = (squatting_person(depth=0.55),)
    rig.station.start()
    rig.until_state("recording")
    counted = rig.until(lambda s: s["repetitions"] == 1)
    assert counted["word"] == {"en": "lower", "ko": "더 깊게"}
    assert rig.until(lambda s: s["state"] != "recording")["word"] is None


def test_start_again_from_the_result(rig: Rig) -> None:
    for number in (1, 2):
        assert rig.station.start()
        assert rig.until(lambda s, n=number: s["result"] == f"score-{n}")  # type: ignore[misc]


def test_start_twice_is_once(rig: Rig) -> None:
    assert rig.station.start()
    assert not rig.station.start()
    rig.until_state("recording")
    assert not rig.station.start()


@pytest.mark.parametrize("state", ["positioning", "countdown", "recording"])
def test_cancelling_leaves_nothing(state: str, rig: Rig) -> None:
    rig.station.start()
    rig.until_state(state)
    rig.station.cancel()
    rig.until_state("idle")
    assert rig.kept == []
    rig.until_nothing_is_left()


def test_a_camera_lost_while_recording_is_said(rig: Rig) -> None:
    rig.station.start()
    rig.until_state("recording")
    rig.fail.set()
    idle = rig.until_state("idle")
    assert idle["message"]["code"] == "camera_lost"
    assert "camera" in idle["message"]["text"]["en"]
    rig.until(lambda s: not s["camera"]["ok"])
    assert not rig.station.start()
    rig.fail.clear()
    rig.until(lambda s: s["camera"]["ok"])
    assert rig.station.start()


def test_a_pose_model_that_fails_is_said(rig: Rig) -> None:
    rig.model_fails = True
    rig.station.start()
    # The recording may be over before anybody has seen it.
    rig.until(lambda s: (s["message"] or {}).get("code") == "failed")
    rig.until_state("idle")
    rig.model_fails = False
    assert rig.station.start()
    rig.until_state("result")


def test_an_error_of_any_kind_leaves_a_station_that_works(rig: Rig) -> None:
    rig.kept = FullStore()
    rig.station.start()
    rig.until_state("recording")
    assert rig.until_state("idle")["message"]["code"] == "failed"
    rig.kept = []
    assert rig.station.start()
    rig.until_state("result")


def test_a_camera_that_hangs_is_lost(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.station.CAMERA_PATIENCE", 0.2)
    monkeypatch.setattr(rig.camera, "_publish", lambda frame, missed: None)
    lost = rig.until(lambda s: not s["camera"]["ok"])
    assert lost["camera"]["message"] == "the camera gives no pictures"
    assert not rig.station.start()


@pytest.mark.parametrize(("shows", "code"), [("black", "black"), ("frozen", "frozen")])
def test_a_lens_covered_while_recording_gives_no_verdict(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch, shows: str, code: str
) -> None:
    monkeypatch.setattr(picture_module, "SPOILT_SECONDS", 0.3)
    monkeypatch.setattr(picture_module, "STILL_SECONDS", 0.3)
    gym = Gym()
    rig = make_rig(gym=gym)
    rig.station.start()
    rig.until_state("recording")
    gym.shows = shows
    idle = rig.until_state("idle")
    assert idle["message"]["code"] == "not_seen"
    assert idle["camera"]["picture"]["code"] == code
    assert set(idle["camera"]["picture"]["text"]) == {"en", "ko"}
    assert rig.kept == []
    rig.until_nothing_is_left()
    gym.shows = "ok"
    rig.until(lambda s: s["camera"]["picture"] is None)
    assert rig.station.start()
    rig.until_state("result")


def test_a_dark_room_is_said_at_the_gate_until_there_is_light(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_module, "SPOILT_SECONDS", 0.2)
    gym = Gym()
    gym.shows = "dark"
    rig = make_rig(gym=gym, limits=replace(QUICK, insist=30.0))
    rig.until(lambda s: s["camera"]["picture"] is not None)
    rig.station.start()
    guided = rig.until(lambda s: s["guidance"] and s["guidance"]["holding"])
    assert guided["camera"]["picture"]["code"] == "dark"
    sleep(1.5)
    assert rig.station.snapshot()["state"] == "positioning"
    gym.shows = "ok"
    rig.until_state("countdown")


def test_a_camera_that_hangs_while_recording_is_lost_and_comes_back(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.station.CAMERA_PATIENCE", 0.3)
    monkeypatch.setattr("edge.reading.READ_PATIENCE", 0.5)
    gym = Gym()
    rig = make_rig(gym=gym)
    rig.station.start()
    rig.until_state("recording")
    gym.hangs.set()
    assert rig.until_state("idle")["message"]["code"] == "camera_lost"
    rig.until(lambda s: "unplug" in (s["camera"]["message"] or ""))
    gym.hangs.clear()
    rig.until(lambda s: s["camera"]["ok"])
    assert rig.camera.figures().reopened == 1


def test_a_result_goes_away_by_itself(make_rig: MakeRig) -> None:
    rig = make_rig(limits=replace(QUICK, result=0.3))
    rig.station.start()
    rig.until_state("result")
    rig.until_state("idle")


def test_nobody_is_trapped_by_the_gate(make_rig: MakeRig) -> None:
    near = standing_person(60.0)
    near = PoseTrack(near.times, near.joints * 1.6, near.confidence)
    rig = make_rig(before=near)
    rig.station.start()
    guided = rig.until(lambda s: s["guidance"] and s["guidance"]["unmet"])
    first = guided["guidance"]["unmet"][0]
    assert (first["code"], first["arrow"]) == ("too_close", "back")
    assert first["text"] == {"en": "Step back", "ko": "뒤로 가 주세요"}
    rig.until(lambda s: s["insist_in"] == 0 or s["guidance"]["spoken"])
    assert rig.station.start()
    rig.until_state("recording")


def test_an_arm_raised_for_a_second_starts_it(make_rig: MakeRig) -> None:
    rig = make_rig(before=raised(standing_person(60.0), 1.0, 3.0))
    started = rig.until_state("positioning")
    assert started["by"] == "gesture"
    rig.until_state("countdown")
    assert rig.until_state("result")["by"] == "gesture"


def test_a_recording_ends_when_the_person_stands_still_again(make_rig: MakeRig) -> None:
    rig = make_rig(seconds=30.0, squats=squatting_person(20.0, length=2.5))
    rig.station.start()
    rig.until_state("recording")
    began = monotonic()
    rig.until_state("result")
    # Half a second before the squat, 2.5 for it, two of standing.
    assert 4.5 < monotonic() - began < 7.0
    ((assessment, _),) = rig.kept
    assert len(assessment.repetitions) == 1


def test_an_empty_recording_is_given_up(make_rig: MakeRig) -> None:
    rig = make_rig(seconds=30.0, squats=squatting_person(0.5, length=0.2),
                   limits=replace(QUICK, gone=0.5))  # fmt: skip
    rig.station.start()
    rig.until_state("recording")
    assert rig.until_state("idle")["message"]["code"] == "left"
    rig.until_nothing_is_left()


def test_a_pose_model_that_fails_at_the_gate_is_said(rig: Rig) -> None:
    rig.gate_fails = True
    rig.station.start()
    assert rig.until_state("idle")["message"]["code"] == "failed"


def test_waiting_returns_after_the_timeout(rig: Rig) -> None:
    version = rig.station.snapshot()["version"]
    began = monotonic()
    assert rig.station.wait(version, 0.1)["version"] == version
    assert 0.05 < monotonic() - began < 2.0


def test_the_wait_for_a_verdict_is_counted(rig: Rig) -> None:
    assert rig.station.start()
    rig.until_state("result")
    assert rig.station.waits.count == 1
    wait = rig.station.waits.quantile(1.0)
    assert wait is not None and wait >= 0


def test_without_room_nothing_is_begun_until_there_is_some(make_rig: MakeRig) -> None:
    full = threading.Event()
    rig = make_rig(room=lambda: not full.is_set())
    full.set()
    told = rig.until(lambda s: s["message"] is not None)
    assert told["message"]["code"] == "disk_full" and told["state"] == "idle"
    assert "room" in told["message"]["text"]["en"] and "저장 공간" in told["message"]["text"]["ko"]
    assert not rig.station.start()
    full.clear()
    rig.until(lambda s: s["message"] is None)
    assert rig.station.start()
    rig.until_state("positioning")


def test_a_disk_that_fills_in_a_recording_is_said_and_leaves_nothing(
    make_rig: MakeRig, tmp_path: Path
) -> None:
    """The disk is a real one, and really full; pictures of noise make the clip large at once."""
    floor = 1_000_000
    with small_disk(tmp_path, 12):
        rig = make_rig(
            seconds=20.0, room=lambda: shutil.disk_usage(tmp_path).free >= floor, noise=True
        )
        assert rig.station.start()
        rig.until_state("recording")
        with filled(tmp_path):
            told = rig.until(lambda s: s["state"] == "idle")
            assert told["message"]["code"] == "disk_full"
            rig.until_nothing_is_left()
            assert not rig.station.start()
        rig.until(lambda s: s["message"] is None)
        assert rig.station.start()
        rig.until_state("recording")
        rig.station.cancel()
        rig.until_nothing_is_left()
        rig.close()
