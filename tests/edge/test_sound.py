"""Sound: what is played when, how loud, and what cuts off what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from edge.cues.event import CueEvent, Kind
from edge.cues.sound import COUNTED, LATE, PAUSE, Sound, foreseen
from edge.cues.speech import Language
from edge.cues.tones import RATE, Samples, tone
from edge.cues.voice import Voice
from edge.exercise import Text
from edge.settings import KioskSettings
from tests.edge.cue_fakes import RecordingPlayer, until

WORD = Text(en="lower", ko="더 깊게")
VOICE_SECONDS = 0.4


class FakeVoice(Voice):
    """Says everything in the same time, and keeps what it said; silent on request."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.said: list[str] = []
        self.prepared: list[tuple[int, Language]] = []
        self.seconds: float | None = VOICE_SECONDS

    def say(self, text: str, language: Language) -> Samples | None:
        self.said.append(text)
        if self.seconds is None:
            return None
        return np.full(round(RATE * self.seconds), 0.5, np.float32)

    def prepare(self, texts: object, language: Language) -> None:
        assert isinstance(texts, list)
        self.prepared.append((len(texts), language))


class Rig:
    def __init__(self) -> None:
        self.player, self.voice = RecordingPlayer(), FakeVoice()
        self.settings = KioskSettings(volume=100)
        self.sound = Sound(self.player, self.voice, lambda: self.settings)

    def set(self, **changes: object) -> None:
        self.settings = KioskSettings.model_validate({**self.settings.model_dump(), **changes})

    def play(self, event: CueEvent) -> Samples:
        """Play an event and return what was heard."""
        before = len(self.player.stopped)
        self.sound.show(event)
        until(lambda: len(self.player.stopped) > before)
        return self.player.played[-1]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.player.hold.set()
    rig.sound.close()


def seconds(samples: Samples) -> float:
    return len(samples) / RATE


def test_a_tone_is_played_at_its_loudness(rig: Rig) -> None:
    full = rig.play(CueEvent(Kind.BEGIN))
    expected = tone(Kind.BEGIN)
    assert expected is not None
    assert np.allclose(full[: len(expected)], expected, atol=1e-6)
    rig.set(volume=50)
    assert np.allclose(rig.play(CueEvent(Kind.BEGIN)), full / 4, atol=1e-6)


@pytest.mark.parametrize("quiet", [{"muted": True}, {"volume": 0}])
def test_no_sound_where_none_is_wanted(rig: Rig, quiet: dict[str, object]) -> None:
    rig.set(**quiet)
    rig.sound.show(CueEvent(Kind.BEGIN))
    until(lambda: not rig.sound._waiting)
    rig.set(muted=False, volume=80)
    rig.play(CueEvent(Kind.END))
    assert len(rig.player.played) == 1


def test_repetitions_are_counted_in_the_language(rig: Rig) -> None:
    rig.play(CueEvent(Kind.REPETITION, 3))
    rig.set(language="ko")
    rig.play(CueEvent(Kind.REPETITION, 3, WORD))
    assert rig.voice.said == ["3", "셋", "더 깊게"]
    assert rig.voice.prepared == [(len(foreseen("en")), "en"), (len(foreseen("ko")), "ko")]


def test_a_count_without_a_voice_is_a_click(rig: Rig) -> None:
    rig.voice.seconds = None
    click = tone(Kind.REPETITION)
    assert click is not None
    heard = rig.play(CueEvent(Kind.REPETITION, 3, WORD))
    assert np.allclose(heard[: len(click)], click, atol=1e-6)


def test_the_result_is_a_tone_and_the_sentence_with_its_numbers_spoken(rig: Rig) -> None:
    sentence = Text(en="24 % inside, under 5°.", ko="24%예요.")
    heard = rig.play(CueEvent(Kind.BAD, text=sentence))
    assert rig.voice.said == ["24 percent inside, under 5 degrees."]
    bad = tone(Kind.BAD)
    assert bad is not None
    assert seconds(heard) == pytest.approx(seconds(bad) + VOICE_SECONDS + 2 * PAUSE, abs=0.01)


def test_an_order_is_spoken_and_nothing_else(rig: Rig) -> None:
    heard = rig.play(CueEvent(Kind.GUIDE, text=Text(en="Step back", ko="뒤로 가 주세요")))
    assert rig.voice.said == ["Step back"]
    assert seconds(heard) == pytest.approx(VOICE_SECONDS + PAUSE, abs=0.01)


def test_number_and_word_while_there_is_time(rig: Rig) -> None:
    heard = rig.play(CueEvent(Kind.REPETITION, 3, WORD))
    assert seconds(heard) == pytest.approx(2 * (VOICE_SECONDS + PAUSE), abs=0.01)


def test_the_word_alone_when_it_would_come_late(rig: Rig) -> None:
    heard = rig.play(CueEvent(Kind.REPETITION, 3, WORD, time=monotonic() - 0.7))
    assert seconds(heard) == pytest.approx(VOICE_SECONDS + PAUSE, abs=0.01)
    rig.voice.seconds = LATE  # a long number
    heard = rig.play(CueEvent(Kind.REPETITION, 27, WORD))
    assert seconds(heard) == pytest.approx(LATE + PAUSE, abs=0.01)


def test_what_is_too_late_is_not_said(rig: Rig) -> None:
    rig.sound.show(CueEvent(Kind.REPETITION, 3, WORD, time=monotonic() - LATE - 0.1))
    rig.play(CueEvent(Kind.NOT_JUDGED))
    assert len(rig.player.played) == 1


def test_what_is_about_this_moment_cuts_off_what_plays(rig: Rig) -> None:
    rig.player.hold.clear()
    rig.sound.show(CueEvent(Kind.GOOD, text=WORD))
    until(lambda: rig.player.played)
    rig.sound.show(CueEvent(Kind.TICK, 3))
    until(lambda: len(rig.player.played) == 2)
    assert rig.player.stopped == [True]


def test_the_result_lets_the_end_sound_out(rig: Rig) -> None:
    rig.player.hold.clear()
    rig.sound.show(CueEvent(Kind.END))
    until(lambda: rig.player.played)
    rig.sound.show(CueEvent(Kind.GOOD))
    assert rig.player.stopped == []
    rig.player.hold.set()
    until(lambda: len(rig.player.stopped) == 2)
    assert rig.player.stopped == [False, False]


def test_a_sound_starts_at_once(rig: Rig) -> None:
    event = CueEvent(Kind.REPETITION, 1, WORD)
    rig.play(event)
    assert rig.player.times[0] - event.time < 0.5


def test_no_loudspeaker_is_one_line_in_the_log(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.player.error = rig.player.broken()
    for _ in range(3):
        rig.sound.show(CueEvent(Kind.GOOD))
    until(lambda: not rig.sound._waiting and caplog.messages)
    rig.player.error = None
    rig.play(CueEvent(Kind.BEGIN))  # a loudspeaker was plugged in
    assert caplog.messages == ["no sound: the device default does not play: no such file"]


def test_an_error_of_any_kind_silences_one_sound(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.player.error = ZeroDivisionError()
    rig.sound.show(CueEvent(Kind.GOOD))
    until(lambda: "a sound was lost" in caplog.text)
    rig.player.error = None
    rig.play(CueEvent(Kind.BEGIN))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_counts_and_cues_without_numbers_are_foreseen(language: Language) -> None:
    texts = foreseen(language)
    assert len(texts) == len(set(texts)) > COUNTED + 40
    assert {"ko": "더 깊게", "en": "lower"}[language] in texts
    assert {"ko": "뒤로 가 주세요", "en": "Step back"}[language] in texts
    assert not any("{" in text for text in texts)
