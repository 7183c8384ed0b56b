"""Cues follow the station: the right events, once each, in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from edge.assessment import Verdict
from edge.cues import follower as module
from edge.cues.event import Kind
from edge.cues.follower import Follower, Outcome
from edge.exercise import Text
from edge.positioning import Guidance, Spoken
from tests.edge.cue_fakes import RecordingOutput, until

CAMERA = {"ok": True, "name": "fake", "message": None}


class ScriptedStation:
    """A station that is in the states that a test says."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.now: dict[str, Any] = {"version": 0}
        self.ends: float | None = None
        self.set("idle")

    def set(self, state: str, seconds: float | None = None, **more: Any) -> None:
        with self.condition:
            self.ends = None if seconds is None else monotonic() + seconds
            self.now = {
                "state": state, "total": seconds, "result": None, "repetitions": 0, "word": None,
                "message": None, "camera": CAMERA, "version": self.now["version"] + 1, **more,
            }  # fmt: skip
            self.condition.notify_all()

    def snapshot(self) -> dict[str, Any]:
        with self.condition:
            remaining = None if self.ends is None else max(0.0, self.ends - monotonic())
            return {**self.now, "remaining": remaining}

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        with self.condition:
            self.condition.wait_for(lambda: self.now["version"] != version, timeout)
        return self.snapshot()


OUTCOMES: dict[str, Outcome] = {
    "good": (Verdict.GOOD, Text(en="Good.", ko="좋아요.")),
    "bad": (Verdict.BAD, Text(en="Lower.", ko="더 깊게.")),
    "not": (Verdict.NOT_JUDGED, None),
}


class Rig:
    def __init__(self) -> None:
        self.station, self.output = ScriptedStation(), RecordingOutput()
        self.follower = Follower(self.station, OUTCOMES.__getitem__, [self.output])
        self.follower.start()
        self.expect("armed")

    def expect(self, *kinds: str) -> None:
        """Wait for these events, and forget them."""
        until(lambda: len(self.output.events) >= len(kinds))
        assert [kind for kind, _ in self.output.told] == list(kinds)
        self.output.events.clear()


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "FAULT_SECONDS", 0.2)
    monkeypatch.setattr(module, "LOST_SECONDS", 0.2)
    rig = Rig()
    yield rig
    rig.follower.close()
    assert rig.output.closed


def test_a_recording_from_start_to_result(rig: Rig) -> None:
    rig.station.set("countdown", 2.0)
    rig.expect("tick")
    rig.station.set("recording", 10.0)
    rig.expect("begin")
    word = {"en": "lower", "ko": "더 깊게"}
    rig.station.set("recording", 8.0, repetitions=1, word=word)
    rig.station.wait(0, 0)
    until(lambda: rig.output.events)
    (event,) = rig.output.events
    assert (event.kind, event.number, event.text) == (Kind.REPETITION, 1, Text(**word))
    assert monotonic() - event.time < 1.0
    rig.output.events.clear()
    rig.station.set("scoring")
    rig.expect("end")
    rig.station.set("result", 60.0, result="bad")
    until(lambda: rig.output.events)
    assert rig.output.events[0].text == OUTCOMES["bad"][1]
    rig.expect("bad")
    rig.station.set("idle")
    rig.expect("armed")


def test_each_second_of_the_countdown_once_and_in_time(rig: Rig) -> None:
    late: list[float] = []
    for _ in range(3):  # a machine that stalls for a moment tells a second late, or not at all
        began = monotonic()
        rig.station.set("countdown", 3.0)
        until(lambda: rig.output.told[-1:] == [("tick", 1)])
        events = list(rig.output.events)
        late = [event.time - began - (3 - (event.number or 0)) for event in events]
        assert min(late) > -0.1
        if max(late) < 0.4 and len(late) == 3:
            break
        rig.output.events.clear()
    assert rig.output.told == [("tick", 3), ("tick", 2), ("tick", 1)], late


@pytest.mark.parametrize(("result", "kind"), [("good", "good"), ("not", "not_judged")])
def test_a_result_that_comes_at_once_still_ends_the_recording(
    rig: Rig, result: str, kind: str
) -> None:
    rig.station.set("recording", 3.0)
    rig.expect("begin")
    rig.station.set("result", 60.0, result=result)
    rig.expect("end", kind)


def test_one_result_after_the_other(rig: Rig) -> None:
    rig.station.set("result", 60.0, result="good")
    rig.expect("good")
    rig.station.set("result", 59.0, result="good")  # the camera came or went
    rig.station.set("countdown", 0.9)
    rig.expect("tick")


def test_a_cancelled_recording_has_no_end(rig: Rig) -> None:
    rig.station.set("recording", 3.0)
    rig.expect("begin")
    rig.station.set("idle")
    rig.expect("armed")


def test_unknown_states_are_passed_over(rig: Rig) -> None:
    rig.station.set("dancing", 2.0, partner="unknown")
    rig.station.set("positioning")
    rig.expect("armed")
    rig.station.set("recording", 3.0)
    rig.expect("begin")


def test_orders_about_where_to_stand_are_given_as_the_station_numbers_them(rig: Rig) -> None:
    def order(number: int) -> dict[str, Any]:
        text = {"en": f"Step back {number}", "ko": "뒤로"}
        return {"unmet": [], "spoken": {"number": number, "code": "too_close", "text": text}}

    rig.station.set("positioning", guidance=None)
    rig.expect("armed")
    for number, events in ((1, 1), (1, 1), (2, 2)):
        rig.station.set("positioning", guidance=order(number))
        until(lambda n=events: len(rig.output.events) >= n)  # type: ignore[misc]
    rig.station.set("positioning", guidance={"unmet": [], "spoken": None})
    texts = [event.text.en for event in rig.output.events if event.text]
    assert texts[0] == "Step back 1" and texts[-1] == "Step back 2" and len(texts) == 2
    rig.expect("guide", "guide")


def test_what_the_gate_says_is_what_is_spoken(rig: Rig) -> None:
    said = Guidance(("too_close",), True, spoken=Spoken(1, "too_close"))
    rig.station.set("positioning", guidance=Guidance().to_dict())
    rig.expect("armed")
    rig.station.set("positioning", guidance=said.to_dict())
    until(lambda: rig.output.events)
    assert rig.output.events[0].text == Text(en="Step back", ko="뒤로 가 주세요")
    rig.expect("guide")


def test_a_recording_that_went_wrong_is_a_fault_for_a_while(rig: Rig) -> None:
    rig.station.set("idle", message="The camera was lost.")
    rig.expect("fault", "armed")


def test_a_camera_that_is_away_for_long_is_a_fault_until_it_is_back(rig: Rig) -> None:
    rig.station.set("idle", camera={**CAMERA, "ok": False})
    rig.station.set("idle")
    threading.Event().wait(0.1)
    assert rig.output.told == []  # away for a moment only
    rig.station.set("idle", camera={**CAMERA, "ok": False})
    rig.expect("fault")
    rig.station.set("idle")
    rig.expect("armed")


def test_a_score_that_cannot_be_read_costs_only_its_own_cue(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.station.set("result", 60.0, result="missing")
    until(lambda: "a cue was lost" in caplog.text)
    rig.station.set("idle")
    rig.expect("armed")
