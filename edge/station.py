"""The station: what the kiosk is doing, from Start to the result and back.

    idle -> countdown -> recording -> scoring -> result -> idle

Screen, sound and light only follow it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from time import monotonic
from typing import Any, Final

from edge.assessment import Assessment
from edge.errors import CameraError
from edge.live import LiveCamera
from edge.session import ScoringSession
from edge.settings import KioskSettings

log = logging.getLogger(__name__)

COUNTDOWN_SECONDS: Final = 3.0
"""From Start to the recording (thesis)."""

RESULT_SECONDS: Final = 60.0
"""How long a result stays on the screen if nobody touches it."""

CAMERA_PATIENCE: Final = 2.0
"""Seconds without a picture after which a recording is given up."""


CAMERA_NOTICED: Final = 0.5
"""Seconds within which those who wait hear that the camera has come or gone."""


class State(str, Enum):
    """What the kiosk is doing."""

    IDLE = "idle"
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    SCORING = "scoring"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The station at one moment.

    :param ends: when the state ends by itself, on the monotonic clock, or None.
    :param total: how long the state lasts in all, in seconds, or None.
    :param result: id of the score that is shown.
    :param repetitions: counted so far in this recording.
    :param message: what went wrong, for the gym-goer.
    """

    state: State = State.IDLE
    ends: float | None = None
    total: float | None = None
    result: str | None = None
    repetitions: int = 0
    message: str | None = None
    version: int = 1


OpenSession = Callable[[KioskSettings, Path], ScoringSession]
Keep = Callable[[ScoringSession, Assessment, Path], str]


class Station:
    """Runs one recording after another.

        station = Station(camera, open_session, keep, settings.get, scratch)
        station.launch()
        station.start()

    :param camera: the live camera.
    :param open_session: starts a scoring session for these settings, writing its clip to a path.
    :param keep: keeps a finished session and returns the id of its score.
    :param settings: gives the settings as they are now.
    :param scratch: folder for the clip that is being recorded.
    :param countdown: seconds from Start to the recording.
    :param result_seconds: how long a result is shown.
    """

    def __init__(
        self,
        camera: LiveCamera,
        open_session: OpenSession,
        keep: Keep,
        settings: Callable[[], KioskSettings],
        scratch: Path,
        *,
        countdown: float = COUNTDOWN_SECONDS,
        result_seconds: float = RESULT_SECONDS,
    ) -> None:
        self._camera = camera
        self._open_session = open_session
        self._keep = keep
        self._settings = settings
        self._scratch = scratch
        self._countdown = countdown
        self._result_seconds = result_seconds
        self._condition = threading.Condition()
        self._now = Snapshot()
        self._wanted = False  # Start was pressed
        self._cancelled = threading.Event()
        self._closing = False
        self._camera_ok = camera.ok
        self._thread = threading.Thread(target=self._run, name="station", daemon=True)

    def launch(self) -> None:
        """Start the station's thread."""
        self._thread.start()

    def close(self) -> None:
        """End the station's thread; a recording that runs is given up."""
        with self._condition:
            self._closing = True
            self._cancelled.set()
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def start(self) -> bool:
        """Press Start; False where the station is busy already or has no camera."""
        with self._condition:
            busy = self._now.state not in (State.IDLE, State.RESULT) or self._wanted
            if busy or not self._camera.ok or self._closing:
                return False
            self._wanted = True
            self._cancelled.clear()
            self._condition.notify_all()
            return True

    def cancel(self) -> None:
        """Give up what is going on and return to idle."""
        with self._condition:
            self._wanted = False
            self._cancelled.set()
            self._condition.notify_all()

    def snapshot(self) -> dict[str, Any]:
        """Return the state in plain types, with the seconds that remain of it."""
        with self._condition:
            return self._plain()

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        """Return the snapshot as soon as its version differs, at the latest after ``timeout`` s."""
        deadline = monotonic() + timeout
        with self._condition:
            # In slices: the camera comes and goes without waking anybody.
            while self._notice() == version and not self._closing and monotonic() < deadline:
                self._condition.wait(min(CAMERA_NOTICED, max(0.0, deadline - monotonic())))
            return self._plain()

    def _notice(self) -> int:
        """Return the version, counted up where the camera has come or gone."""
        if self._camera_ok != self._camera.ok:
            self._camera_ok = self._camera.ok
            self._now = replace(self._now, version=self._now.version + 1)
        return self._now.version

    def _plain(self) -> dict[str, Any]:
        self._notice()
        plain = asdict(self._now)
        ends = plain.pop("ends")
        plain["state"] = self._now.state.value
        plain["remaining"] = None if ends is None else max(0.0, round(ends - monotonic(), 3))
        plain["camera"] = {
            "ok": self._camera.ok,
            "name": self._camera.name,
            "message": self._camera.message,
        }
        return plain

    def _enter(self, state: State, seconds: float | None = None, **changes: Any) -> None:
        with self._condition:
            ends = None if seconds is None else monotonic() + seconds
            self._now = Snapshot(state, ends, seconds, version=self._now.version + 1, **changes)
            self._condition.notify_all()

    def _run(self) -> None:
        while not self._closing:
            with self._condition:
                self._condition.wait_for(self._due, timeout=self._time_left())
                wanted, self._wanted = self._wanted, False
                self._cancelled.clear()  # heard; one that comes later is for what follows
            if self._closing:
                return
            if wanted:
                self._record()
            elif self._now.state is not State.IDLE:
                self._enter(State.IDLE)

    def _due(self) -> bool:
        return self._wanted or self._closing or self._cancelled.is_set()

    def _time_left(self) -> float | None:
        return None if self._now.ends is None else max(0.0, self._now.ends - monotonic())

    def _record(self) -> None:
        self._enter(State.COUNTDOWN, self._countdown)
        if self._cancelled.wait(self._countdown):
            self._enter(State.IDLE)
            return
        try:
            self._record_and_score()
        except CameraError as error:
            log.warning("recording given up: %s", error)
            self._enter(State.IDLE, message="The camera was lost. Please start again.")
        except Exception:  # whatever it was, the next person must be able to start
            log.exception("recording given up")
            self._enter(State.IDLE, message="Something went wrong. Please start again.")

    def _record_and_score(self) -> None:
        settings, clip = self._settings(), self._scratch / "recording.mp4"
        with ExitStack() as undo:
            session = self._open_session(settings, clip)
            undo.callback(clip.unlink, missing_ok=True)
            undo.callback(session.discard)
            if not self._squat(session, settings.recording_seconds):
                self._enter(State.IDLE)
                return
            self._enter(State.SCORING)
            result = self._keep(session, session.finish(), clip)
            undo.pop_all()
        self._enter(State.RESULT, self._result_seconds, result=result)

    def _squat(self, session: ScoringSession, seconds: float) -> bool:
        """Push the camera's frames for ``seconds``; False where it was cancelled."""
        self._enter(State.RECORDING, seconds)
        with self._camera.tap() as frames:
            first = frames.get(CAMERA_PATIENCE)
            frame = first
            while frame.time - first.time < seconds:
                if self._cancelled.is_set():
                    return False
                session.push(frame)
                self._count(session.repetitions)
                frame = frames.get(CAMERA_PATIENCE)
            session.dropped = frames.dropped
        return True

    def _count(self, repetitions: int) -> None:
        if repetitions == self._now.repetitions:
            return
        with self._condition:
            self._now = replace(self._now, repetitions=repetitions, version=self._now.version + 1)
            self._condition.notify_all()
