"""Sound: a tone for each event, the count of repetitions and the one main cue by voice."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Final, Protocol

import numpy as np

from edge.assessment import MESSAGES
from edge.cues.event import CueEvent, CueOutput, Kind
from edge.cues.speech import Language, counted, spoken
from edge.cues.tones import RATE, Samples, silence, tone
from edge.cues.voice import Voice
from edge.errors import CueError
from edge.exercise import Text
from edge.exercises import load, names
from edge.settings import KioskSettings
from edge.words import GUIDANCE

log = logging.getLogger(__name__)

COUNTED: Final = 30
"""Repetitions whose numbers are spoken ahead of need; more do not fit into a recording."""

LATE: Final = 1.0
"""Seconds after a repetition within which its word begins, or is not said at all."""

PAUSE: Final = 0.12
"""Seconds between the parts of one cue."""

WAITS: Final = frozenset({Kind.GOOD, Kind.BAD, Kind.NOT_JUDGED})
"""What lets the sound before it end; everything else is about this moment and cuts it off."""


class Player(Protocol):
    """Plays a sound."""

    def play(self, samples: Samples, stop: threading.Event) -> None:
        """Play to the end or until ``stop`` is set; raises ``CueError``."""


class Sound(CueOutput):
    """Plays events in a thread of its own; where it cannot, the log says why, once.

        sound = Sound(Aplay(), Voice(Path("var/voice")), settings.get)
        sound.show(CueEvent(Kind.REPETITION, number=3))

    :param player: the loudspeaker.
    :param voice: is closed with the sound.
    :param settings: gives volume, mute and language as they are now.
    """

    def __init__(self, player: Player, voice: Voice, settings: Callable[[], KioskSettings]) -> None:
        self._player = player
        self._voice = voice
        self._settings = settings
        self._condition = threading.Condition()
        self._waiting: deque[CueEvent] = deque()
        self._stop = threading.Event()  # of what is being played
        self._closing = False
        self._complaint: str | None = None
        self._prepared: Language | None = None
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._prepare()
        self._thread.start()

    def show(self, event: CueEvent) -> None:
        """Play an event; what is about this moment cuts off what is still being played."""
        with self._condition:
            if event.kind not in WAITS:
                self._waiting.clear()
                self._stop.set()
            self._waiting.append(event)
            self._condition.notify()

    def close(self) -> None:
        """Fall silent."""
        with self._condition:
            self._closing = True
            self._stop.set()
            self._condition.notify()
        self._thread.join(timeout=2.0)
        self._voice.close()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                event = self._waiting.popleft()
                self._stop = stop = threading.Event()
            try:
                self._play(event, stop)
            except CueError as error:
                self._complain(f"no sound: {error}")
            except Exception:  # a sound that fails must not silence the ones after it
                log.exception("a sound was lost")

    def _play(self, event: CueEvent, stop: threading.Event) -> None:
        self._prepare()
        settings = self._settings()
        if settings.muted or settings.volume == 0:
            return
        parts = [part for part in self._parts(event, settings.language) if part is not None]
        if not parts or stop.is_set():
            return
        samples = np.concatenate([joined for part in parts for joined in (part, silence(PAUSE))])
        # Loudness is heard in steps of a ratio: half the setting is to sound half as loud.
        self._player.play(np.asarray(samples * (settings.volume / 100) ** 2, np.float32), stop)
        self._complaint = None

    def _parts(self, event: CueEvent, language: Language) -> Iterator[Samples | None]:
        if event.kind is Kind.REPETITION:
            yield from self._repetition(event, language)
            return
        yield tone(event.kind)
        if event.text:
            yield self._voice.say(spoken(_in(event.text, language), language), language)

    def _repetition(self, event: CueEvent, language: Language) -> Iterator[Samples | None]:
        """Give the number, and the word if it still comes in time; the word goes first."""
        number = None
        if event.number is not None:
            number = self._voice.say(counted(event.number, language), language)
        number = tone(Kind.REPETITION) if number is None else number
        word = self._voice.say(_in(event.text, language), language) if event.text else None
        late = monotonic() - event.time
        length = 0.0 if number is None else len(number) / RATE + PAUSE
        if late > LATE:
            return
        if word is None or late + length <= LATE:
            yield number
        yield word

    def _prepare(self) -> None:
        """Let the voice speak ahead of need what it will have to say in this language."""
        language = self._settings().language
        if self._prepared != language:
            self._prepared = language
            self._voice.prepare(foreseen(language), language)

    def _complain(self, message: str) -> None:
        if self._complaint != message:
            self._complaint = message
            log.warning(message)


def foreseen(language: Language) -> list[str]:
    """Return what will be spoken in a language, as far as it holds no measured number."""
    texts = list(GUIDANCE.values())
    for name in names():
        pack = load(name).texts
        texts += [*pack.live.values(), *pack.parts.values(), pack.praise, pack.unknown]
        texts += pack.reasons.values()
    texts += MESSAGES.values()
    sentences = (spoken(_in(text, language), language) for text in texts)
    numbers = (counted(number, language) for number in range(1, COUNTED + 1))
    return list(dict.fromkeys([*numbers, *sentences]))


def _in(text: Text, language: Language) -> str:
    return text.ko if language == "ko" else text.en
