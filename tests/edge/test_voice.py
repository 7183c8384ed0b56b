"""The voice: what espeak-ng says is heard, kept, and said again without it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from edge.cues import voice as module
from edge.cues.event import Kind
from edge.cues.speech import Language
from edge.cues.tones import RATE, tone
from edge.cues.voice import Voice, read_wave, write_wave
from edge.errors import CueError
from tests.edge.cue_fakes import program, until

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="no espeak-ng: apt-get install espeak-ng"
)


def fake_espeak(folder: Path, says: str = "cat {tone}") -> str:
    """Write a program that says it is espeak-ng, notes each sentence, and then does ``says``."""
    beep = tone(Kind.TICK)
    assert beep is not None
    (folder / "tone.wav").write_bytes(write_wave(np.concatenate([0 * beep, beep, 0 * beep])))
    return program(
        folder / "espeak",
        'if [ "$1" = --version ]; then echo "eSpeak NG text-to-speech: 1.9  Data at: x"; exit; fi\n'
        f'echo "$2 $(cat)" >> {folder}/said\n' + says.format(tone=folder / "tone.wav"),
    )


@needs_espeak
@pytest.mark.parametrize(
    ("text", "language"),
    [("1", "en"), ("left knee out", "en"), ("Left knee 24 percent inside the foot.", "en"),
     ("하나", "ko"), ("더 깊게", "ko"), ("왼쪽 무릎이 안쪽으로 이십사 퍼센트 들어왔어요.", "ko")],
)  # fmt: skip
def test_the_real_voice_is_heard(text: str, language: Language, tmp_path: Path) -> None:
    samples = Voice(tmp_path).say(text, language)
    assert samples is not None
    assert np.abs(samples).max() == pytest.approx(0.9, abs=0.01)
    assert float(np.sqrt(np.mean(samples**2))) > 0.05
    assert 0.03 * len(text) < len(samples) / RATE < 0.5 + 0.25 * len(text)
    # The silence before and after it is cut off: a number must not come late.
    assert np.flatnonzero(np.abs(samples) > 0.02)[0] < 0.01 * RATE


@needs_espeak
def test_the_real_languages_differ(tmp_path: Path) -> None:
    voice = Voice(tmp_path)
    english, korean = voice.say("7", "en"), voice.say("7", "ko")
    assert english is not None and korean is not None
    assert not np.array_equal(english, korean)


def test_what_was_said_once_is_not_spoken_again(tmp_path: Path) -> None:
    command, cache = fake_espeak(tmp_path), tmp_path / "cache"
    first = Voice(cache, command).say("하나", "ko")
    again = Voice(cache, command).say("하나", "ko")
    assert first is not None and again is not None
    assert np.abs(first - again).max() < 1e-4
    assert len(first) < RATE * 0.13  # a third of what the program gave: the rest was silence
    assert (tmp_path / "said").read_text() == "ko 하나\n"
    Voice(cache, command).say("하나", "en")
    assert len(list(cache.iterdir())) == 2


def test_ahead_of_need_in_its_own_thread(tmp_path: Path) -> None:
    voice = Voice(tmp_path / "cache", fake_espeak(tmp_path))
    voice.prepare(["1", "2", "1"], "en")
    voice.prepare(["3"], "en")
    until(lambda: len(list((tmp_path / "cache").glob("*.wav"))) == 3)
    voice.close()
    assert (tmp_path / "said").read_text().splitlines() == ["en-us 1", "en-us 2", "en-us 3"]


def test_a_damaged_file_is_spoken_anew(tmp_path: Path) -> None:
    voice = Voice(tmp_path / "cache", fake_espeak(tmp_path))
    voice.say("1", "en")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(b"RIFF")
    assert voice.say("1", "en") is not None
    assert len((tmp_path / "said").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("says", "message"),
    [("echo broken >&2; exit 3", "failed: broken"), ("exit 0", "no WAV file"),
     ("exec sleep 10", "hangs"), ("head -c 44 {tone}", "says nothing")],
)  # fmt: skip
def test_a_voice_that_fails_is_one_line_in_the_log(
    says: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    if "sleep" in says:
        monkeypatch.setattr(module, "RENDER_SECONDS", 0.5)
    voice = Voice(tmp_path / "cache", fake_espeak(tmp_path, says))
    assert voice.say("1", "en") is None
    assert voice.say("2", "en") is None
    (line,) = caplog.messages
    assert message in line
    assert not (tmp_path / "cache").exists()


def test_no_espeak_is_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice(tmp_path, "espeak-that-is-not-there")
    voice.prepare(["1"], "en")
    assert voice.say("1", "en") is voice.say("2", "ko") is None
    voice.close()
    assert caplog.messages == [
        "voice: espeak-that-is-not-there is missing (apt-get install espeak-ng)"
    ]


def test_a_cache_that_cannot_be_written_is_no_reason_to_be_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file")
    voice = Voice(tmp_path / "cache", fake_espeak(tmp_path))
    assert voice.say("1", "en") is not None
    assert "cannot be written" in caplog.text


def test_the_cache_does_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    voice, cache = Voice(tmp_path / "cache", fake_espeak(tmp_path)), tmp_path / "cache"
    for number in range(6):
        voice.say(str(number), "en")
        threading.Event().wait(0.02)  # the files' times differ
        voice.say("0", "en")  # is in use, and stays
    assert len(list(cache.iterdir())) == 3
    said = (tmp_path / "said").read_text().splitlines()
    assert said.count("en-us 0") == 1


def test_a_wave_comes_back_as_it_was() -> None:
    samples = np.linspace(-1, 1, 1001, dtype=np.float32)
    assert np.abs(read_wave(write_wave(samples)) - samples).max() < 1e-4
    with pytest.raises(CueError, match="no WAV file"):
        read_wave(b"junk")
    other = bytearray(write_wave(samples))
    other[24:28] = (44100).to_bytes(4, "little")
    with pytest.raises(CueError, match="44100"):
        read_wave(bytes(other))
