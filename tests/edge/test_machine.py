"""The station's state machine over random orders of events, with a clock of the test's own."""

from __future__ import annotations

import pytest

from edge.exercise import Text
from edge.machine import BLIND, Do, Limits, Snapshot, State, StationMachine
from edge.positioning import Guidance
from edge.settings import KioskSettings

LIMITS = Limits()
NOBODY = Guidance()
UNMET = Guidance(("too_close",), present=True)
ARMED = Guidance((), present=True, holds=0.0, armed=True)


@pytest.fixture
def machine() -> StationMachine:
    made = StationMachine(lambda: KioskSettings(recording_seconds=10.0))
    made.camera(0.0, None)
    return made


def enter(machine: StationMachine, state: State) -> float:
    """Bring the machine into a state; return the time."""
    time = 0.0
    machine.start(time)
    if state is not State.POSITIONING:
        machine.guided(time := 1.0, ARMED)
    if state in (State.RECORDING, State.SCORING):
        machine.tick(time := 4.0)
    if state is State.SCORING:
        machine.tick(time := 14.0)
    assert machine.now.state is state
    return time


def test_a_full_disk_is_said_at_once_and_only_as_long_as_it_is_so(
    machine: StationMachine,
) -> None:
    time = enter(machine, State.POSITIONING)
    machine.room(time, False)
    assert machine.now.state is State.IDLE and machine.now.message == "disk_full"
    machine.tick(time + 1000.0)
    assert machine.now.message == "disk_full"
    assert not machine.start(time + 1000.0)
    assert not machine.start(time + 1000.0, "gesture")
    machine.room(time + 1001.0, True)
    assert machine.now.message is None
    assert machine.start(time + 1002.0)


def test_a_recording_goes_on_below_the_floor(machine: StationMachine) -> None:
    time = enter(machine, State.RECORDING)
    machine.room(time, False)
    assert machine.now.ends == time + 10.0
    machine.tick(time + 10.0)
    machine.scored(time + 11.0, machine.now.session, "score")
    assert machine.now.result == "score"
    machine.cancel(time + 12.0)
    assert machine.now.message == "disk_full"


def test_the_gate_opens_the_countdown_and_only_time_the_recording(
    machine: StationMachine,
) -> None:
    machine.start(0.0)
    for time in (0.1, 5.0):
        machine.guided(time, UNMET)
        assert machine.now.state is State.POSITIONING
    machine.guided(6.0, ARMED)
    assert (machine.now.state, machine.now.ends) == (State.COUNTDOWN, 9.0)
    machine.tick(8.99)
    assert machine.now.ends == 9.0
    machine.tick(9.0)
    assert (machine.now.state, machine.now.ends) == (State.RECORDING, 19.0)


def test_insisting_goes_past_the_gate_but_not_at_once(machine: StationMachine) -> None:
    machine.start(0.0)
    machine.guided(1.0, UNMET)
    assert not machine.start(4.9)
    assert not machine.start(5.1, "gesture")
    assert machine.start(5.1)
    assert machine.now.ends == 8.1
    # They walk back from the screen: nobody in the picture is no reason to stop now.
    machine.guided(7.5, NOBODY)
    machine.tick(8.1)
    assert machine.now.state is State.RECORDING


def test_whoever_leaves_in_the_countdown_is_guided_again(machine: StationMachine) -> None:
    time = enter(machine, State.COUNTDOWN)
    before = machine.now
    machine.guided(time + 1.0, NOBODY)
    assert machine.now == before
    machine.guided(time + 1.6, NOBODY)
    assert machine.now.state is State.POSITIONING


@pytest.mark.parametrize(
    ("seconds", "look", "message"),
    [(15.0, NOBODY, "left"), (60.0, UNMET, "not_placed")],
)
def test_positioning_is_given_up(
    machine: StationMachine, seconds: float, look: Guidance, message: str
) -> None:
    machine.start(0.0)
    for tenth in range(1, int(seconds * 10)):
        machine.guided(tenth / 10, look)
        machine.tick(tenth / 10)
    assert machine.now.state is State.POSITIONING
    machine.tick(seconds)
    assert (machine.now.state, machine.now.message) == (State.IDLE, message)
    machine.tick(seconds + 20)
    assert machine.now.message is None


def test_a_result_that_is_looked_at_stays_but_not_for_ever(machine: StationMachine) -> None:
    time = enter(machine, State.SCORING)
    machine.scored(time, machine.now.session, "key")
    machine.touched(time + 1)  # there is time enough: nothing changes
    assert machine.now.ends == time + 60
    machine.touched(time + 30)
    assert machine.now.ends == time + 75
    for later in range(60, 300, 10):
        machine.touched(time + later)
        machine.tick(time + later)
        assert machine.now.state is (State.RESULT if later < 240 else State.IDLE)


def progress(machine: StationMachine, time: float, repetitions: int, **changes: float) -> Snapshot:
    values = {"present": True, "stands": 0.0, **changes}
    machine.progressed(time, 1, repetitions=repetitions, **values)  # type: ignore[arg-type]
    return machine.now


def test_standing_still_ends_it_only_after_a_repetition(machine: StationMachine) -> None:
    time = enter(machine, State.RECORDING)
    assert progress(machine, time + 3, 0, stands=3.0).state is State.RECORDING
    assert progress(machine, time + 4, 1, stands=1.9).state is State.RECORDING
    assert progress(machine, time + 5, 1, stands=2.0).state is State.SCORING


@pytest.mark.parametrize(("repetitions", "state"), [(2, State.SCORING), (0, State.IDLE)])
def test_whoever_leaves_the_recording_ends_it(
    machine: StationMachine, repetitions: int, state: State
) -> None:
    time = enter(machine, State.RECORDING)
    assert progress(machine, time + 3.9, repetitions, present=False).state is State.RECORDING
    assert progress(machine, time + 4.1, repetitions, present=False).state is state
    assert machine.now.message == ("left" if state is State.IDLE else None)


def test_the_word_is_of_the_latest_repetition_and_of_the_recording_only(
    machine: StationMachine,
) -> None:
    time, word = enter(machine, State.RECORDING), Text(en="lower", ko="더 깊게")

    def progressed(after: float, repetitions: int, word: Text | None) -> Snapshot:
        machine.progressed(
            time + after, 1, repetitions=repetitions, present=True, stands=0.0, word=word
        )
        return machine.now

    counted = progressed(1, 1, word)
    assert (counted.repetitions, counted.word) == (1, word)
    assert progressed(1.1, 1, word).version == counted.version
    assert progressed(2, 2, None).word is None
    assert progressed(3, 3, word).word == word
    machine.tick(time + 60)
    assert (machine.now.state, machine.now.word) == (State.SCORING, None)


def test_a_late_result_is_not_shown_to_the_next_person(machine: StationMachine) -> None:
    time = enter(machine, State.SCORING)
    machine.tick(time + 60)
    assert (machine.now.state, machine.now.message) == (State.IDLE, "slow")
    machine.start(time + 61)
    machine.scored(time + 62, 1, "score-1")
    assert machine.now.state is State.POSITIONING


def test_a_late_result_is_not_shown_to_whoever_is_scored_now(machine: StationMachine) -> None:
    time = enter(machine, State.SCORING)
    machine.tick(time := time + 60)
    machine.start(time)
    machine.guided(time + 1, ARMED)
    machine.tick(time + 4)
    machine.tick(time + 14)
    assert (machine.now.state, machine.now.session) == (State.SCORING, 2)
    machine.scored(time + 14.1, 1, "score-1")
    assert machine.now.state is State.SCORING
    machine.scored(time + 14.2, 2, "score-2")
    assert machine.now.result == "score-2"


def test_a_raised_arm_starts_again_once_the_joy_is_over(machine: StationMachine) -> None:
    time = enter(machine, State.SCORING)
    machine.scored(time, 1, "score-1")
    assert not machine.start(time + 2.9, "gesture")
    assert machine.now.state is State.RESULT
    assert machine.start(time + 3.0, "gesture")
    assert (machine.now.state, machine.now.by) == (State.POSITIONING, "gesture")


@pytest.mark.parametrize("picture", BLIND)
def test_what_cannot_be_seen_ends_a_recording(machine: StationMachine, picture: str) -> None:
    time = enter(machine, State.RECORDING)
    machine.take_effects()
    machine.pictured(time + 5, picture)
    assert (machine.now.state, machine.now.message) == (State.IDLE, "not_seen")
    assert [effect.do for effect in machine.take_effects()] == [Do.DISCARD]


def test_a_recording_that_becomes_dark_goes_on(machine: StationMachine) -> None:
    time = enter(machine, State.RECORDING)
    machine.pictured(time + 5, "dark")
    assert machine.now.state is State.RECORDING


@pytest.mark.parametrize("picture", [*BLIND, "dark"])
def test_the_gate_waits_until_the_picture_is_well(machine: StationMachine, picture: str) -> None:
    time = enter(machine, State.COUNTDOWN)
    machine.pictured(time + 1, picture)
    assert machine.now.state is State.POSITIONING
    machine.guided(time + 2, ARMED)
    assert machine.now.state is State.POSITIONING
    machine.pictured(time + 3, "ok")
    machine.guided(time + 3, ARMED)
    assert machine.now.state.value == "countdown"


def test_insisting_goes_past_the_dark_and_not_past_a_covered_lens(machine: StationMachine) -> None:
    machine.pictured(0.0, "dark")
    assert machine.start(0.0) and machine.start(6.0)
    machine.tick(9.0)
    assert machine.now.state is State.RECORDING
    machine.cancel(9.0)
    machine.pictured(9.0, "black")
    assert machine.start(9.0) and not machine.start(15.0)
    machine.tick(24.0)
    assert machine.now.message == "not_seen"
