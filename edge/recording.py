"""One recording of the station: its session, its clip, and what is seen while it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from edge.assessment import Assessment
from edge.exercise import Text
from edge.frames import Frame
from edge.live import FrameTap
from edge.machine import Effect
from edge.people import StandsStill
from edge.positioning import MOVING
from edge.session import ScoringSession
from edge.settings import KioskSettings

OpenSession = Callable[[KioskSettings, Path], ScoringSession]
Keep = Callable[[ScoringSession, Assessment, Path], str]


class Recording:
    """Pushes frames into a scoring session and notices when the person is done.

        recording = Recording(effect, open_session, scratch / "clip.mp4", frames)
        recording.push(frame)
        result = recording.finish(keep)

    :param effect: what the station machine asked for.
    :param open_session: starts the session.
    :param clip: where its clip is written.
    :param frames: from which the frames come; what it skips and drops is counted.
    """

    def __init__(
        self, effect: Effect, open_session: OpenSession, clip: Path, frames: FrameTap
    ) -> None:
        self.number = effect.session
        self._clip = clip
        self._frames = frames
        self._before = (frames.skipped, frames.dropped)
        self._session = open_session(effect.settings, clip)
        self._still = StandsStill(MOVING[0])
        self.present = True

    @property
    def repetitions(self) -> int:
        """Repetitions so far."""
        return self._session.repetitions

    @property
    def word(self) -> Text | None:
        """What to tell of the latest repetition, or None."""
        return self._session.live_word

    @property
    def stands(self) -> float:
        """For how many seconds the person has stood still."""
        return self._still.seconds

    def push(self, frame: Frame) -> None:
        """Take one frame."""
        subject = self._session.push(frame).subject
        self._session.skipped = self._frames.skipped - self._before[0]
        self._session.dropped = self._frames.dropped - self._before[1]
        self.present = subject is not None
        self._still.push(frame.time, subject)

    def finish(self, keep: Keep, last: Frame | None = None) -> str:
        """Judge and keep it; return the id of the score. Nothing is left where that fails.

        :param last: the newest frame, if it was not pushed yet.
        """
        with ExitStack() as undo:
            undo.callback(self.discard)
            if last is not None:
                self.push(last)
            result = keep(self._session, self._session.finish(), self._clip)
            undo.pop_all()
        return result

    def discard(self) -> None:
        """Leave nothing of it."""
        self._session.discard()
        self._clip.unlink(missing_ok=True)
