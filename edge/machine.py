"""The station's state machine: pure, small, and driven by a clock that the caller brings.

    idle -> positioning -> countdown -> recording -> scoring -> result -> idle

Events are method calls with the time at which they happened; what has to be done about them
comes out as effects. No thread, no camera and no clock is known here, so that any order of events
can be tried. Every state but idle has a time limit, and idle is left by Start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from edge.exercise import Text
from edge.positioning import Guidance
from edge.settings import KioskSettings


class State(str, Enum):
    """What the kiosk is doing."""

    IDLE = "idle"
    POSITIONING = "positioning"
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    SCORING = "scoring"
    RESULT = "result"


class Do(Enum):
    """What the driver has to do."""

    OPEN = "open"
    """Open the session and push the camera's frames into it."""

    SCORE = "score"
    """Finish the session and keep its result."""

    DISCARD = "discard"
    """Give the session up and leave nothing of it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done about one session.

    :param session: number of the recording it is about.
    :param settings: as they were when the recording began.
    """

    do: Do
    session: int
    settings: KioskSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things last, in seconds.

    :param positioning: until the kiosk no longer waits for somebody who does not get into place.
    :param absent: until it no longer waits for somebody who is not there at all: from the screen
        to the mark and round a bench is well below this.
    :param insist: after which Start goes on although a condition is unmet: the gate may be wrong,
        and nobody is to be trapped by it.
    :param countdown: from the gate to the recording (thesis).
    :param slipped: without anybody in the countdown, after which it goes back to positioning.
    :param gone: without anybody in the recording, after which it ends.
    :param stands: for which somebody who has squatted stands still, after which the recording ends.
        A rest between two squats is mostly below a second (rendered and real clips).
    :param scoring: until a result is no longer waited for; it takes well below a second.
    :param result: for which a result stays on the screen if nobody touches it.
    :param cheer: of a result, in which a raised arm is joy and does not start the next recording.
    :param touched: for which it stays at least after a touch.
    :param longest: for which it stays at most: somebody else may be waiting.
    :param message: for which the idle screen says why there is no result.
    """

    positioning: float = 60.0
    absent: float = 15.0
    insist: float = 5.0
    countdown: float = 3.0
    slipped: float = 1.5
    gone: float = 4.0
    stands: float = 2.0
    scoring: float = 60.0
    result: float = 60.0
    cheer: float = 3.0
    touched: float = 45.0
    longest: float = 240.0
    message: float = 20.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The station at one moment.

    :param since: when the state began, on the caller's clock.
    :param ends: when the state ends by itself, or None.
    :param session: number of the recording that is going on, or was last.
    :param by: how it was started, ``touch`` or ``gesture``; None in idle.
    :param guidance: what the positioning gate says.
    :param insist_from: from when on Start goes on although a condition is unmet.
    :param repetitions: counted so far in this recording.
    :param word: what to tell of the latest repetition at once, or None.
    :param result: id of the score that is shown.
    :param message: code of what went wrong, as in :data:`edge.words.MESSAGES`.
    :param version: counts the changes.
    """

    state: State = State.IDLE
    since: float = 0.0
    ends: float | None = None
    session: int = 0
    by: str | None = None
    guidance: Guidance | None = None
    insist_from: float | None = None
    repetitions: int = 0
    word: Text | None = None
    result: str | None = None
    message: str | None = None
    version: int = 1


STARTABLE: Final = (State.IDLE, State.RESULT)
WITH_CAMERA: Final = (State.POSITIONING, State.COUNTDOWN, State.RECORDING)
BLIND: Final = ("black", "frozen")
"""Pictures in which nobody can be seen. Of a dark one that is an opinion: Start goes on after a
while, as with any other condition."""


class StationMachine:
    """Decides what the station does next.

        machine = StationMachine(lambda: KioskSettings())
        machine.camera(0.0, None)
        machine.start(0.0)
        machine.guided(0.1, guidance)
        effects = machine.take_effects()

    :param settings: gives the settings as they are now; asked once for each recording.
    :param limits: how long things last.
    """

    def __init__(self, settings: Callable[[], KioskSettings], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.now = Snapshot()
        self.camera_problem: str | None = "the camera is being opened"
        self.picture: str = "ok"
        self.full = False
        """Whether there is no room on the disk for a recording."""
        self._settings = settings
        self._chosen = KioskSettings()
        self._effects: list[Effect] = []
        self._placed = True  # whether the gate let them through, not their insisting
        self._seen = 0.0

    def take_effects(self) -> list[Effect]:
        """Return what is to be done, in this order, and forget it."""
        effects, self._effects = self._effects, []
        return effects

    def start(self, time: float, by: str = "touch") -> bool:
        """Press Start; False where nothing can be started now.

        While somebody is guided into place, a touch some seconds later means: go on all the same.
        """
        now = self.now
        if self.camera_problem is not None or self.full:
            return False
        cheers = now.state is State.RESULT and time - now.since < self.limits.cheer
        if now.state in STARTABLE and (by == "touch" or not cheers):
            self._position(time, by)
            return True
        insisting = now.state is State.POSITIONING and now.insist_from is not None
        insisting = insisting and self.picture not in BLIND
        if by == "touch" and insisting and time >= (now.insist_from or 0.0):
            self._placed = False
            self._enter(time, State.COUNTDOWN, self.limits.countdown, by=now.by)
            return True
        return False

    def cancel(self, time: float) -> None:
        """Give up what is going on; a result that is being made is waited for."""
        if self.now.state not in (State.IDLE, State.SCORING):
            self._give_up(time)

    def touched(self, time: float) -> None:
        """Hear that somebody looks at the result closely: it stays longer, but not for ever."""
        now = self.now
        if now.state is not State.RESULT or now.ends is None:
            return
        ends = min(time + self.limits.touched, now.since + self.limits.longest)
        if ends > now.ends:
            self._change(ends=ends)

    def camera(self, time: float, problem: str | None) -> None:
        """Hear why no pictures come, or None where they do."""
        if problem == self.camera_problem:
            return
        self.camera_problem = problem
        if problem is not None and self.now.state in WITH_CAMERA:
            self._give_up(time, "camera_lost")
        else:
            self._change()  # whoever listens hears of the camera

    def pictured(self, time: float, picture: str) -> None:
        """Hear how the camera's pictures are: ``ok``, or a code of :data:`edge.words.PICTURES`.

        While they are not well nobody is let into a recording, and one in which nothing can be seen
        any more is given up: what was covered in the middle of a squat must not become a verdict.
        """
        if picture == self.picture:
            return
        self.picture = picture
        blind = picture in BLIND
        if blind and self.now.state is State.RECORDING:
            self._give_up(time, "not_seen")
        elif self.now.state is State.COUNTDOWN and (blind or (self._placed and picture != "ok")):
            self._position(time, self.now.by or "touch")
        else:
            self._change()  # whoever listens hears of the picture

    def room(self, time: float, enough: bool) -> None:
        """Hear whether there is room on the disk for a recording.

        One that is going on is not disturbed: it needs little of what is left.
        """
        if enough is not self.full:
            return
        self.full = not enough
        if self.full and self.now.state in (State.IDLE, State.POSITIONING, State.COUNTDOWN):
            self._give_up(time)
        elif enough and self.now.message == "disk_full":
            self._change(message=None)

    def guided(self, time: float, guidance: Guidance) -> None:
        """Hear what the gate says of the people in the latest picture."""
        if guidance.present:
            self._seen = time
        if self.now.state is State.COUNTDOWN:
            if self._placed and time - self._seen >= self.limits.slipped:
                self._position(time, self.now.by or "touch")
        elif self.now.state is State.POSITIONING:
            if guidance.armed and self.picture == "ok":
                self._placed = True
                self._enter(time, State.COUNTDOWN, self.limits.countdown, by=self.now.by)
            elif guidance != self.now.guidance:
                self._change(guidance=guidance)

    def progressed(
        self,
        time: float,
        session: int,
        *,
        repetitions: int,
        present: bool,
        stands: float,
        word: Text | None = None,
    ) -> None:
        """Hear how the recording goes.

        :param session: which recording; an earlier one changes nothing.
        :param word: what to tell of the latest repetition; heard with its number.
        :param present: whether the subject is in the latest picture.
        :param stands: for how many seconds they have stood still.
        """
        if self.now.state is not State.RECORDING or session != self.now.session:
            return
        if repetitions != self.now.repetitions:
            self._change(repetitions=repetitions, word=word)
        if present:
            self._seen = time
        gone = time - self._seen >= self.limits.gone
        if repetitions and (gone or stands >= self.limits.stands):
            self._score(time)
        elif gone:
            self._give_up(time, "left")

    def scored(self, time: float, session: int, result: str) -> None:
        """Hear that a result is kept."""
        if self.now.state is State.SCORING and session == self.now.session:
            self._enter(time, State.RESULT, self.limits.result, result=result, by=self.now.by)

    def failed(self, time: float, session: int) -> None:
        """Hear that recording or scoring failed."""
        if session != self.now.session:
            return
        if self.now.state in (State.RECORDING, State.SCORING):
            self._give_up(time, "failed")

    def blinded(self, time: float) -> None:
        """Hear that the pose model fails while somebody is guided into place."""
        if self.now.state in (State.POSITIONING, State.COUNTDOWN):
            self._give_up(time, "failed")

    def tick(self, time: float) -> None:
        """Hear what time it is: states end."""
        now = self.now
        absent = now.state is State.POSITIONING and time - self._seen >= self.limits.absent
        if not absent and (now.ends is None or time < now.ends):
            return
        if now.state is State.COUNTDOWN:
            self._record(time)
        elif now.state is State.RECORDING:
            self._score(time)
        elif now.state is State.POSITIONING:
            unseen = "not_seen" if self.picture in BLIND else "left"
            self._give_up(time, unseen if absent else "not_placed")
        elif now.state is State.SCORING:
            self._give_up(time, "slow")
        else:
            self._give_up(time)

    def _position(self, time: float, by: str) -> None:
        self._seen = time
        self._enter(time, State.POSITIONING, self.limits.positioning, by=by,
                    insist_from=time + self.limits.insist)  # fmt: skip

    def _record(self, time: float) -> None:
        self._seen = time
        self._chosen = self._settings()
        session = self.now.session + 1
        self._enter(time, State.RECORDING, self._chosen.recording_seconds, session=session,
                    by=self.now.by)  # fmt: skip
        self._ask(Do.OPEN)

    def _score(self, time: float) -> None:
        self._enter(time, State.SCORING, self.limits.scoring, by=self.now.by,
                    repetitions=self.now.repetitions)  # fmt: skip
        self._ask(Do.SCORE)

    def _give_up(self, time: float, message: str | None = None) -> None:
        if self.now.state is State.RECORDING:
            self._ask(Do.DISCARD)
        if self.full:  # said for as long as it is so
            self._enter(time, State.IDLE, message="disk_full")
            return
        self._enter(time, State.IDLE, self.limits.message if message else None, message=message)

    def _ask(self, do: Do) -> None:
        self._effects.append(Effect(do, self.now.session, self._chosen))

    def _enter(
        self, time: float, state: State, seconds: float | None = None, **changes: Any
    ) -> None:
        ends = None if seconds is None else time + seconds
        self.now = Snapshot(state, time, ends, version=self.now.version + 1,
                            **{"session": self.now.session, **changes})  # fmt: skip

    def _change(self, **changes: Any) -> None:
        self.now = replace(self.now, version=self.now.version + 1, **changes)
