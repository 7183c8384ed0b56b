"""Follows the station and turns what it does into events for the outputs."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Final, Protocol

from edge.assessment import Verdict
from edge.cues.event import CueEvent, CueOutput, Kind
from edge.exercise import Text

log = logging.getLogger(__name__)

FAULT_SECONDS: Final = 5.0
"""How long it is shown that a recording went wrong; a missing camera: until it is back."""

LOST_SECONDS: Final = 3.0
"""A camera that is away for less is being opened, and nobody's business."""

LOOK_SECONDS: Final = 1.0
"""Longest time between two looks at the station, so that closing does not take long."""

SAME_SECOND: Final = 0.05
"""A countdown that has this much more than whole seconds left is at these whole seconds."""

Snapshot = Mapping[str, Any]
Outcome = tuple[Verdict, Text | None]
"""A verdict, and the one sentence that is told with it."""

VERDICTS: Final = {
    Verdict.GOOD: Kind.GOOD,
    Verdict.BAD: Kind.BAD,
    Verdict.NOT_JUDGED: Kind.NOT_JUDGED,
}


class Followed(Protocol):
    """What is needed of :class:`edge.station.Station`."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state in plain types."""

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        """Return the state once its version differs, at the latest after ``timeout`` seconds."""


class Follower:
    """Tells the outputs what the station does; states that it does not know it passes over.

        follower = Follower(station, outcome_of, [sound, light])
        follower.start()

    :param station: only looked at, never steered.
    :param outcome: gives the outcome of a score by its id.
    :param outputs: are closed with the follower.
    """

    def __init__(
        self,
        station: Followed,
        outcome: Callable[[str], Outcome],
        outputs: Iterable[CueOutput],
    ) -> None:
        self._station = station
        self._outcome = outcome
        self._outputs = list(outputs)
        self._closing = threading.Event()
        self._before: Snapshot = {}
        self._seconds: int | None = None  # the second of the countdown that was told last
        self._idling: Kind | None = None  # what was told last while idle
        self._failed_until = 0.0  # seconds of the monotonic clock
        self._seen_at = monotonic()  # when the camera was last known to work
        self._thread = threading.Thread(target=self._run, name="cues", daemon=True)

    def start(self) -> None:
        """Start the follower's thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and close the outputs."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * LOOK_SECONDS)
        for output in self._outputs:
            output.close()

    def _run(self) -> None:
        now = self._station.snapshot()
        while not self._closing.is_set():
            seen = monotonic()
            try:
                self._follow(now)
            except Exception:  # whatever it was, the next state is told again
                log.exception("a cue was lost")
            now = self._station.wait(now["version"], self._until_next(now, seen))

    def _follow(self, now: Snapshot) -> None:
        before, self._before = self._before, now
        state, last = now["state"], before.get("state")
        if state != last:
            self._seconds = None
            if last == "recording" and state in ("scoring", "result"):
                self._tell(Kind.END)
        if now["camera"]["ok"]:
            self._seen_at = monotonic()
        if state == "idle":
            self._idle(now, before)
        elif state == "positioning":
            self._guide(now, before)
        elif state == "countdown":
            self._count_down(now)
        elif state == "recording":
            if last != "recording":
                self._tell(Kind.BEGIN)
            elif now["repetitions"] > before["repetitions"]:
                self._tell(Kind.REPETITION, now["repetitions"], _text(now.get("word")))
        elif state == "result" and now["result"] != before.get("result"):
            verdict, sentence = self._outcome(now["result"])
            self._tell(VERDICTS[verdict], text=sentence)

    def _idle(self, now: Snapshot, before: Snapshot) -> None:
        clock, new = monotonic(), before.get("state") != "idle"
        if now["message"] and (new or now["message"] != before["message"]):
            self._failed_until = clock + FAULT_SECONDS
        if clock < self._failed_until or clock - self._seen_at >= LOST_SECONDS:
            wanted = Kind.FAULT
        elif now["camera"]["ok"]:
            wanted = Kind.ARMED
        else:
            return
        if new or wanted is not self._idling:
            self._idling = wanted
            self._tell(wanted)

    def _guide(self, now: Snapshot, before: Snapshot) -> None:
        """Tell where to stand: an order that the station numbers anew is to be spoken (again)."""
        new = before.get("state") != "positioning"
        if new:
            self._tell(Kind.ARMED)
        order = _order(now)
        if order and (new or order["number"] != (_order(before) or {}).get("number")):
            self._tell(Kind.GUIDE, text=_text(order["text"]))

    def _count_down(self, now: Snapshot) -> None:
        seconds = math.ceil((now["remaining"] or 0.0) - SAME_SECOND)
        if seconds > 0 and seconds != self._seconds:
            self._seconds = seconds
            self._tell(Kind.TICK, seconds)

    def _until_next(self, now: Snapshot, seen: float) -> float:
        """Return the seconds until something is to be told although the station does nothing."""
        if now["state"] == "countdown":
            left = (now["remaining"] or 0.0) - (monotonic() - seen)
            return max(0.0, left - max(0, (self._seconds or 1) - 1))
        return LOOK_SECONDS

    def _tell(self, kind: Kind, number: int | None = None, text: Text | None = None) -> None:
        event = CueEvent(kind, number, text)
        log.debug("%s", event)
        for output in self._outputs:
            output.show(event)


def _order(snapshot: Snapshot) -> Mapping[str, Any] | None:
    """Return what the station has to say about where somebody stands, if anything."""
    order: Mapping[str, Any] | None = (snapshot.get("guidance") or {}).get("spoken")
    return order


def _text(word: Mapping[str, str] | None) -> Text | None:
    return None if word is None else Text(**word)
