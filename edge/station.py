"""The station: drives the state machine with a camera, a pose model and the time.

Screen, sound and light only follow it. Whoever presses Start is answered at once; what has to be
done about it is done in the station's own thread, the scoring in another one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Final

from edge.durations import Durations
from edge.errors import CameraError, KioskError
from edge.exercise import Text
from edge.frames import Frame
from edge.gesture import RaisedArm
from edge.live import FrameTap, LiveCamera
from edge.machine import STARTABLE, Do, Effect, Limits, Snapshot, State, StationMachine
from edge.pose import PoseStream
from edge.positioning import PositioningGate
from edge.pulse import Pulse
from edge.recording import Keep, OpenSession, Recording
from edge.settings import KioskSettings
from edge.words import MESSAGES, PICTURES

log = logging.getLogger(__name__)

CAMERA_PATIENCE: Final = 2.0
"""Seconds without a picture after which the camera counts as lost."""

TURN_SECONDS: Final = 0.05
"""The thread looks at clock and effects at least so often."""

STUMBLE_SECONDS: Final = 0.5
"""Pause after an error that nobody has thought of, so that it does not fill the log."""

HANGS_AFTER: Final = 60.0
"""Seconds without a turn after which the thread hangs: a turn waits for one picture's pose."""

BLIND_SECONDS: Final = 2.0
"""Pause after the pose model has failed between recordings."""

LOOK_AT_NOBODY: Final = 0.5
"""The same in idle while nobody is there: a kiosk that nobody uses should cost next to nothing."""

LOOKS: Final = {
    State.IDLE: 0.2, State.POSITIONING: 0.1, State.COUNTDOWN: 0.2, State.RESULT: 0.2,
}  # fmt: skip
"""Seconds between two looks for people. In idle and beside a result only a raised arm is looked
for, which is up for a second; while somebody moves into place they want an answer at once."""


VERDICT_BOUNDS: Final = (0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Sizes by which the waits for a verdict are counted, in seconds."""


class Station:
    """Runs one recording after another.

        station = Station(camera, scheduler.open_stream, open_session, keep, settings=settings.get,
                          scratch=store.incoming)
        station.launch()
        station.start()

    :param camera: the live camera.
    :param open_stream: gives a pose stream, with which people are looked for between recordings.
    :param open_session: starts a scoring session for these settings, writing its clip to a path.
    :param keep: keeps a finished session and returns the id of its score.
    :param settings: gives the settings as they are now.
    :param scratch: folder for the clip that is being recorded.
    :param limits: how long things last.
    :param room: tells whether there is room on the disk for a recording; asked at every turn.
    """

    def __init__(
        self,
        camera: LiveCamera,
        open_stream: Callable[[], PoseStream],
        open_session: OpenSession,
        keep: Keep,
        *,
        settings: Callable[[], KioskSettings],
        scratch: Path,
        limits: Limits | None = None,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._room = room
        self.waits = Durations(VERDICT_BOUNDS)
        """From the last picture of each recording until its result was kept."""
        self._camera = camera
        self._open_stream = open_stream
        self._open_session = open_session
        self._keep = keep
        self._scratch = scratch
        self._machine = StationMachine(settings, limits)
        self._condition = threading.Condition()
        self._stopping = threading.Event()
        self._recording: Recording | None = None
        self._stream: PoseStream | None = None
        self._gate = PositioningGate()
        self._gesture = RaisedArm()
        self._entered = (State.IDLE, 0.0)
        self._looked = 0.0
        self._somebody = False
        self._last_frame = 0.0
        self.pulse = Pulse("station", HANGS_AFTER)
        self._thread = threading.Thread(target=self._run, name="station", daemon=True)

    def launch(self) -> None:
        """Start the station's thread."""
        self._thread.start()

    def close(self) -> None:
        """End the station's thread; a recording that runs is given up."""
        with self._condition:
            self._stopping.set()
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def start(self) -> bool:
        """Press Start; False where the station is busy already or has no camera."""
        return bool(self._tell(lambda m: not self._stopping.is_set() and m.start(monotonic())))

    def cancel(self) -> None:
        """Give up what is going on and return to idle."""
        self._tell(lambda m: m.cancel(monotonic()))

    def touched(self) -> None:
        """Keep a result on the screen for longer: somebody is looking at it closely."""
        self._tell(lambda m: m.touched(monotonic()))

    def snapshot(self) -> dict[str, Any]:
        """Return the state in plain types, with the seconds that remain of it."""
        with self._condition:
            return self._plain()

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        """Return the snapshot as soon as its version differs, at the latest after ``timeout`` s."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._stopping.is_set() or self._machine.now.version != version, timeout
            )
            return self._plain()

    def _plain(self) -> dict[str, Any]:
        problem, picture = self._machine.camera_problem, self._machine.picture
        return {
            **plain(self._machine.now, monotonic()),
            "camera": {
                "ok": problem is None, "name": self._camera.name, "message": problem,
                "picture": said(picture, PICTURES),
            },
        }  # fmt: skip

    def _tell(self, event: Callable[[StationMachine], Any]) -> Any:
        """Tell the machine of an event, and those who wait of the change."""
        with self._condition:
            before = self._machine.now.version
            answer = event(self._machine)
            if self._machine.now.version != before:
                self._condition.notify_all()
            return answer

    def _run(self) -> None:
        with self._camera.tap() as frames:
            while not self._stopping.is_set():
                self.pulse.beat()
                try:
                    self._turn(frames)
                except Exception:  # whatever it was, the next person must be able to start
                    log.exception("the station stumbled")
                    self._look_for_room()
                    self._tell(lambda m: m.failed(monotonic(), m.now.session))
                    self._tell(lambda m: m.blinded(monotonic()))
                    self._stopping.wait(STUMBLE_SECONDS)
        if self._recording:
            self._recording.discard()

    def _turn(self, frames: FrameTap) -> None:
        """Take one frame, or none where none comes, and do what is to be done."""
        try:
            frame: Frame | None = frames.get(self._patience())
            self._last_frame = monotonic()
        except CameraError:
            frame = None
        problem = self._camera.message
        if problem is None and monotonic() - self._last_frame > CAMERA_PATIENCE:
            problem = "the camera gives no pictures"
        self._tell(lambda m: m.camera(monotonic(), problem))
        picture = self._camera.picture or "ok"
        self._tell(lambda m: m.pictured(monotonic(), picture))
        self._look_for_room()
        self._tell(lambda m: m.tick(monotonic()))
        for effect in self._tell(lambda m: m.take_effects()):
            self._do(effect, frames, frame)
            frame = None  # it is older than what was just begun
        if frame is None:
            return
        if self._recording:
            self._record(self._recording, frame)
        else:
            self._look(frame)

    def _look_for_room(self) -> None:
        enough = self._room()
        self._tell(lambda m: m.room(monotonic(), enough))

    def _patience(self) -> float:
        """Return for how long to wait for a frame: a state that ends is left at once."""
        ends = self._machine.now.ends
        left = TURN_SECONDS if ends is None else ends - monotonic()
        return min(TURN_SECONDS, max(left, 0.0))

    def _do(self, effect: Effect, frames: FrameTap, frame: Frame | None) -> None:
        if effect.do is Do.OPEN:
            clip = self._scratch / f"recording-{effect.session}.mp4"
            frames.clear()
            self._recording = Recording(effect, self._open_session, clip, frames)
            return
        recording, self._recording = self._recording, None
        if recording is None:
            return  # it could not even be opened
        if effect.do is Do.DISCARD:
            recording.discard()
        else:
            last = frames.newest() or frame
            # Daemon: a result that never comes must not keep the process from ending.
            threading.Thread(
                target=self._score, args=(recording, last, self._last_frame),
                name="station-scoring", daemon=True,
            ).start()  # fmt: skip

    def _record(self, recording: Recording, frame: Frame) -> None:
        recording.push(frame)
        self._tell(
            lambda m: m.progressed(
                monotonic(), recording.number, repetitions=recording.repetitions,
                present=recording.present, stands=recording.stands, word=recording.word,
            )
        )  # fmt: skip

    def _score(self, recording: Recording, last: Frame | None, last_frame: float) -> None:
        number = recording.number
        try:
            result = recording.finish(self._keep, last)
        except Exception as error:
            if isinstance(error, KioskError):
                log.warning("recording given up: %s", error)
            else:  # whatever it was, the next person must be able to start
                log.exception("recording given up")
            self._look_for_room()
            self._tell(lambda m: m.failed(monotonic(), number))
        else:
            self.waits.add(monotonic() - last_frame)
            self._tell(lambda m: m.scored(monotonic(), number, result))

    def _look(self, frame: Frame) -> None:
        """Look for people between recordings, as often as the state needs it."""
        now = self._machine.now
        if (now.state, now.since) != self._entered:
            self._entered, self._looked = (now.state, now.since), 0.0
            self._gesture = RaisedArm()
            if now.state is not State.COUNTDOWN:
                self._gate = PositioningGate()
        every = LOOKS.get(now.state)
        if now.state in STARTABLE and not self._somebody:
            every = LOOK_AT_NOBODY
        if every is None:
            self._stream = None  # who was followed before the recording has moved on
            return
        if frame.time - self._looked < every:
            return
        self._looked = frame.time
        if self._stream is None:
            self._stream = self._open_stream()
        height, width = frame.picture.shape[:2]
        try:
            people = self._stream.estimate(frame)
        except KioskError as error:
            log.warning("nobody can be looked for: %s", error)
            self._stream, self._looked = None, frame.time + BLIND_SECONDS
            self._tell(lambda m: m.blinded(monotonic()))
            return
        self._somebody = bool(people)
        if now.state in STARTABLE:
            if self._gesture.push(frame.time, people, (width, height)):
                self._tell(lambda m: m.start(monotonic(), "gesture"))
        else:
            guidance = self._gate.push(frame.time, people, (width, height))

            def tell(machine: StationMachine) -> None:
                # Start or Stop may have been pressed meanwhile: this was seen in another state.
                if machine.now.since == now.since:
                    machine.guided(monotonic(), guidance)

            self._tell(tell)


def said(code: str | None, texts: Mapping[str, Text]) -> dict[str, Any] | None:
    """Return a message in plain types; None where there is none of this code."""
    text = None if code is None else texts.get(code)
    return None if text is None else {"code": code, "text": text.model_dump()}


def plain(now: Snapshot, time: float) -> dict[str, Any]:
    """Return a snapshot in plain types, with the seconds that remain at ``time``."""
    return {
        "state": now.state.value,
        "remaining": None if now.ends is None else max(0.0, round(now.ends - time, 3)),
        "total": None if now.ends is None else round(now.ends - now.since, 3),
        "session": now.session,
        "by": now.by,
        "guidance": now.guidance and now.guidance.to_dict(),
        "insist_in": None
        if now.insist_from is None
        else max(0.0, round(now.insist_from - time, 3)),
        "repetitions": now.repetitions,
        "word": now.word and now.word.model_dump(),
        "result": now.result,
        "message": said(now.message, MESSAGES),
        "version": now.version,
    }
