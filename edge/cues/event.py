"""The interface of all cues: what happens, and what tells it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic

from edge.exercise import Text


class Kind(str, Enum):
    """What happens."""

    ARMED = "armed"
    """Ready: somebody may start."""

    GUIDE = "guide"
    """What to do before the recording can begin, such as to step back."""

    TICK = "tick"
    """One of the seconds before the recording."""

    BEGIN = "begin"
    """The recording begins."""

    REPETITION = "repetition"
    """One more repetition has been counted."""

    END = "end"
    """The recording is over."""

    GOOD = "good"
    BAD = "bad"
    NOT_JUDGED = "not_judged"
    """The result."""

    FAULT = "fault"
    """The kiosk itself has a problem, such as no camera."""


@dataclass(frozen=True, slots=True)
class CueEvent:
    """Something that is to be told now.

        CueEvent(Kind.REPETITION, number=3, text=Text(en="lower", ko="더 깊게"))

    :param number: seconds left, or repetitions so far.
    :param text: a sentence or word to speak.
    :param time: when it happened, in seconds of the monotonic clock.
    """

    kind: Kind
    number: int | None = None
    text: Text | None = None
    time: float = field(default_factory=monotonic)


class CueOutput(ABC):
    """Whatever tells events: a loudspeaker, a light."""

    @abstractmethod
    def show(self, event: CueEvent) -> None:
        """Tell an event, or ignore it; returns at once and never fails."""

    @abstractmethod
    def close(self) -> None:
        """Fall silent, go dark, and let the hardware go."""
