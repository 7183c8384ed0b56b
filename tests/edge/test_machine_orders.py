"""Everything that can happen to the station, in any order."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.machine import BLIND, Do, State, StationMachine
from edge.positioning import Guidance
from edge.settings import SettingsStore
from edge.words import MESSAGES
from tests.edge.test_machine import ARMED, LIMITS, NOBODY, UNMET

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
