"""The station's state machine over random orders of events, with a clock of the test's own."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.exercise import Text
from edge.machine import BLIND, Do, Limits, Snapshot, State, StationMachine
from edge.positioning import Guidance
from edge.settings import KioskSettings, SettingsStore
from edge.words import MESSAGES

LIMITS = Limits()
NOBODY = Guidance()
UNMET = Guidance(("too_close",), present=True)
ARMED = Guidance((), present=True, holds=0.0, armed=True)
FOLLOWS = {
    State.IDLE: {State.POSITIONING},
    State.POSITIONING: {State.COUNTDOWN, State.IDLE},
    State.COUNTDOWN: {State.RECORDING, State.POSITIONING, State.IDLE},
    State.RECORDING: {State.SCORING, State.IDLE},
    State.SCORING: {State.RESULT, State.IDLE},
    State.RESULT: {State.IDLE, State.POSITIONING},
}
"""Every way from one state to the next; none leads past the countdown."""


class Driver:
    """Does what the machine asks for, and keeps account of it."""

    def __init__(self) -> None:
        self.open: int | None = None
        self.scoring: list[int] = []
        self.opened: list[int] = []

    def obey(self, machine: StationMachine) -> None:
        for effect in machine.take_effects():
            if effect.do is Do.OPEN:
                assert self.open is None, "two sessions at once"
                assert effect.session not in self.opened, "a session is opened once"
                self.open = effect.session
                self.opened.append(effect.session)
                continue
            assert self.open == effect.session, "only what is open can end"
            self.open = None
            if effect.do is Do.SCORE:
                self.scoring.append(effect.session)


class AnyOrder(RuleBasedStateMachine):
    """Everything that can happen to the station, in any order."""

    @initialize()
    def switch_on(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.time = 100.0
        self.boot()

    def boot(self) -> None:
        self.store = SettingsStore(Path(self.folder.name) / "settings.json")
        self.machine = StationMachine(self.store.get, LIMITS)
        self.driver = Driver()
        self.repetitions = 0
        self.before = self.machine.now
        self.machine.camera(self.time, None)
        self.check()

    def teardown(self) -> None:
        """Nobody is there any more and nothing happens but time: it must come to rest."""
        if not hasattr(self, "machine"):
            return
        self.machine.room(self.time, True)
        self.check()
        for _ in range(600):
            self.wait(0.5)
            self.machine.guided(self.time, NOBODY)
            self.check()
        assert self.machine.now.state is State.IDLE
        assert self.driver.open is None
        assert self.machine.now.message is None
        self.folder.cleanup()

    def check(self) -> None:
        """Compare with the moment before, and do what is asked for."""
        before, now = self.before, self.machine.now
        if now.state is not before.state or now.since != before.since:
            assert now.state in FOLLOWS[before.state] or now.state is before.state is State.IDLE
            assert now.since == self.time
        assert (now == before) == (now.version == before.version)
        assert now.version >= before.version
        self.driver.obey(self.machine)
        self.before = now
        if now.state is not State.RECORDING:
            self.repetitions = 0

    # ---- what people do ----

    @rule(by=st.sampled_from(["touch", "gesture"]))
    def start(self, by: str) -> None:
        before = self.machine.now
        started = self.machine.start(self.time, by)
        assert started == (self.machine.now != before)
        if by == "gesture" and started:
            assert before.state in (State.IDLE, State.RESULT)
            assert before.state is State.IDLE or self.time - before.since >= LIMITS.cheer
        if self.machine.camera_problem or self.machine.full:
            assert not started
        elif by == "touch" and before.state in (State.IDLE, State.RESULT):
            assert started
        self.check()

    @rule()
    def start_twice(self) -> None:
        self.start("touch")
        state = self.machine.now
        insisted = self.machine.start(self.time)
        # The second of a double tap never does anything.
        assert not insisted or state.since < self.time
        self.check()

    @rule()
    def cancel(self) -> None:
        before = self.machine.now.state
        self.machine.cancel(self.time)
        assert self.machine.now.state is (State.SCORING if before is State.SCORING else State.IDLE)
        self.check()

    @rule()
    def touch(self) -> None:
        """Somebody plays with what is on the screen."""
        before = self.machine.now
        self.machine.touched(self.time)
        after = self.machine.now
        if before.state is not State.RESULT:
            assert after == before
        assert (after.ends or 0.0) >= (before.ends or 0.0)
        assert replace(after, ends=before.ends, version=before.version) == before
        self.check()

    @rule(what=st.sampled_from([NOBODY, UNMET, ARMED, Guidance(("not_alone",), present=True)]))
    def look(self, what: Guidance) -> None:
        self.machine.guided(self.time, what)
        self.check()

    @precondition(lambda self: self.driver.open is not None)
    @rule(present=st.booleans(), more=st.integers(0, 1), stands=st.floats(0, 4))
    def squat(self, present: bool, more: int, stands: float) -> None:
        self.repetitions += more
        before = self.machine.now
        self.machine.progressed(self.time, self.driver.open or 0, repetitions=self.repetitions,
                                present=present, stands=stands)  # fmt: skip
        if self.machine.now.state is State.SCORING:
            assert self.repetitions
            assert stands >= LIMITS.stands or self.time - before.since >= LIMITS.gone
        self.check()

    @rule(steps=st.integers(1, 5))
    def go_on(self, steps: int) -> None:
        """Take the usual way for a few states, so that the later ones are reached often."""
        for _ in range(steps):
            match self.machine.now.state:
                case State.IDLE:
                    self.camera(None)
                    self.room(True)
                    self.start("touch")
                case State.POSITIONING:
                    self.picture("ok")
                    self.look(ARMED)
                case State.SCORING:
                    self.machine.scored(self.time, self.machine.now.session,
                                        f"score-{self.machine.now.session}")  # fmt: skip
                    self.check()
                case _:
                    self.wait(31.0)

    # ---- what things do ----

    @rule(problem=st.sampled_from([None, "unplugged", "still unplugged"]))
    def camera(self, problem: str | None) -> None:
        self.machine.camera(self.time, problem)
        if problem:
            assert self.machine.now.state not in (
                State.POSITIONING, State.COUNTDOWN, State.RECORDING,
            )  # fmt: skip
        self.check()

    @rule(picture=st.sampled_from(["ok", "ok", "dark", "black", "frozen"]))
    def picture(self, picture: str) -> None:
        self.machine.pictured(self.time, picture)
        self.check()

    @rule(enough=st.booleans())
    def room(self, enough: bool) -> None:
        before = self.machine.now
        self.machine.room(self.time, enough)
        if before.state in (State.RECORDING, State.SCORING, State.RESULT):
            assert self.machine.now == before, "what is going on ends as it would have"
        elif not enough:
            assert self.machine.now.state is State.IDLE
        self.check()

    @precondition(lambda self: self.driver.scoring)
    @rule(data=st.data(), good=st.booleans())
    def scored(self, data: st.DataObject, good: bool) -> None:
        """A result comes, perhaps one that nobody waits for any more."""
        session = data.draw(st.sampled_from(self.driver.scoring))
        before = self.machine.now
        if good:
            self.machine.scored(self.time, session, f"score-{session}")
        else:
            self.machine.failed(self.time, session)
        if session != before.session:
            assert self.machine.now == before
        if self.machine.now.state is State.RESULT and before.state is State.SCORING:
            assert self.machine.now.result == f"score-{session}"
        self.check()

    @precondition(lambda self: self.driver.open is not None)
    @rule()
    def recording_fails(self) -> None:
        self.machine.failed(self.time, self.driver.open or 0)
        assert self.machine.now.message == ("disk_full" if self.machine.full else "failed")
        self.check()

    @rule()
    def pose_model_fails(self) -> None:
        self.machine.blinded(self.time)
        self.check()

    @rule(seconds=st.sampled_from([0.03, 0.5, 1.6, 3.0, 6.0, 31.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.time += seconds
        self.machine.tick(self.time)
        self.check()

    @rule(seconds=st.floats(3.0, 30.0), threshold=st.floats(0.0, 1.0))
    def change_settings(self, seconds: float, threshold: float) -> None:
        before = self.machine.now
        self.store.update(recording_seconds=seconds, threshold=threshold)
        assert self.machine.now == before, "what is going on keeps its settings"

    @rule()
    def power_cut(self) -> None:
        kept = self.store.get()
        self.time += 20.0
        self.boot()
        assert self.machine.now.state is State.IDLE
        assert self.store.get() == kept

    # ---- what always holds ----

    @invariant()
    def it_ends(self) -> None:
        if not hasattr(self, "machine"):
            return
        now = self.machine.now
        if now.state is not State.IDLE:
            most = LIMITS.longest if now.state is State.RESULT else 60.0
            assert now.ends is not None and now.ends - now.since < most + 0.001

    @invariant()
    def sessions_match_the_state(self) -> None:
        if hasattr(self, "machine"):
            recording = self.machine.now.state is State.RECORDING
            assert (self.driver.open is not None) == recording

    @invariant()
    def nobody_is_recorded_who_cannot_be_seen(self) -> None:
        if hasattr(self, "machine") and self.machine.picture in BLIND:
            assert self.machine.now.state not in (State.COUNTDOWN, State.RECORDING)

    @invariant()
    def a_full_disk_is_said_as_long_as_it_is_so(self) -> None:
        if hasattr(self, "machine") and self.machine.now.state is State.IDLE:
            assert (self.machine.now.message == "disk_full") == self.machine.full

    @invariant()
    def words_exist(self) -> None:
        if hasattr(self, "machine") and self.machine.now.message:
            assert self.machine.now.message in MESSAGES
            assert self.machine.now.state is State.IDLE


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


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
