"""The station from Start to the result, and when things go wrong in between."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from edge.assessment import Assessment, Verdict
from edge.track import PoseTrack
from tests.disks import filled, small_disk
from tests.edge.fakes import (
    squatting_person,
    standing_person,
)
from tests.edge.people import raised
from tests.edge.rigs import QUICK, MakeRig, Rig, make_rig, rig

__all__ = ["make_rig", "rig"]


class FullStore(list[tuple[Assessment, bytes]]):
    """A store that breaks in a way that nobody has thought of."""

    def append(self, item: tuple[Assessment, bytes]) -> None:
        raise LookupError("no table of that name")


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
    assert 2.0 < assessment.duration < 3.7  # where the machine is busy the first picture is late,
    assert assessment.frames.pushed + assessment.frames.skipped > 20  # and there are fewer
    assert assessment.frames.dropped == 0
    assert b"ftyp" in clip[:16]
    rig.station.cancel()
    rig.until_state("idle")


def test_the_word_about_a_repetition_comes_with_its_number(rig: Rig) -> None:
    rig.estimator.people = (squatting_person(length=1.5, depth=0.55),)
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
