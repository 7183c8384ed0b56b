"""What a station does where its camera goes, hangs, or sees nothing."""

from __future__ import annotations

from dataclasses import replace
from time import sleep

import pytest

from edge.frames import picture as picture_module
from tests.edge.camera_fakes import Gym
from tests.edge.rigs import QUICK, MakeRig, Rig, make_rig, rig

__all__ = ["make_rig", "rig"]


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
    gym = Gym()
    rig = make_rig(gym=gym)
    rig.station.start()
    rig.until_state("recording")
    gym.hangs.set()
    # Only from here on: a busy machine may give no picture for as long.
    with monkeypatch.context() as impatient:
        impatient.setattr("edge.station.CAMERA_PATIENCE", 0.3)
        impatient.setattr("edge.reading.READ_PATIENCE", 0.5)
        assert rig.until_state("idle")["message"]["code"] == "camera_lost"
        rig.until(lambda s: "unplug" in (s["camera"]["message"] or ""))
    gym.hangs.clear()
    rig.until(lambda s: s["camera"]["ok"])
    assert rig.camera.figures().reopened == 1
