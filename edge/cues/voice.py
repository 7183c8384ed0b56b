"""The voice: espeak-ng speaks each sentence once, into a file; from then on the file is played."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import queue
import subprocess
import threading
import wave
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from edge.cues.speech import Language
from edge.cues.tones import RATE, Samples
from edge.errors import CueError

log = logging.getLogger(__name__)

VOICES: Final[dict[Language, tuple[str, int]]] = {"en": ("en-us", 165), "ko": ("ko", 175)}
"""Voice and words per minute."""

RENDER_SECONDS: Final = 5.0
"""A sentence takes some 10 ms; what takes this long hangs."""

MOST_FILES: Final = 600
"""Sentences that are kept, 20 to 200 kB each: cues with numbers are without end."""

SILENT: Final = 0.005
"""Below this loudness, 0 to 1, nothing was said."""

EDGE: Final = 0.02
"""Loudness below which the beginning and the end of what was said are cut off."""

NICENESS: Final = 10
"""Speaking ahead of need gives way to everything else."""


class Voice:
    """Speaks sentences, from the cache where it has spoken them before.

        voice = Voice(Path("var/voice"))
        voice.prepare(["one", "two"], "en")     # ahead of need, in a thread
        samples = voice.say("lower", "en")      # None where there is no voice

    :param cache: folder of the files; is made.
    :param command: espeak-ng, or a path to it.
    """

    def __init__(self, cache: Path, command: str = "espeak-ng") -> None:
        self._cache = cache
        self._command = command
        self._wanted: queue.SimpleQueue[tuple[str, Language] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._complaint: str | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    @cached_property
    def version(self) -> str | None:
        """espeak-ng's version; None where it is missing."""
        with self._lock:
            try:
                return self._espeak("--version").decode().split(": ")[1].split()[0]
            except (CueError, IndexError) as error:
                self._complain(error)
                return None

    def say(self, text: str, language: Language) -> Samples | None:
        """Return a text as sound, or None where it cannot be spoken; the log says why, once.

        :param text: as it is to be spoken, see :func:`edge.cues.speech.spoken`.
        """
        if self.version is None:
            return None
        path = self._path(text, language)
        with suppress(CueError, OSError):
            samples = read_wave(path.read_bytes())
            with suppress(OSError):
                path.touch()  # the files that nobody used for longest go first
            return samples
        try:
            samples = self._render(text, language)
            self._keep(path, samples)
        except CueError as error:
            self._complain(error)
            return None
        return samples

    def prepare(self, texts: Iterable[str], language: Language) -> None:
        """Speak texts ahead of need, in the voice's own thread."""
        if self._thread.ident is None:
            self._thread.start()
        for text in texts:
            self._wanted.put((text, language))

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._wanted.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=RENDER_SECONDS)

    def _run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while (wanted := self._wanted.get()) is not None and not self._closing.is_set():
            if self.version is not None and not self._path(*wanted).is_file():
                self.say(*wanted)

    def _path(self, text: str, language: Language) -> Path:
        voice, speed = VOICES[language]
        key = "\0".join((text, voice, str(speed), str(self.version)))
        return self._cache / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"

    def _render(self, text: str, language: Language) -> Samples:
        voice, speed = VOICES[language]
        options = ["-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout"]
        samples = read_wave(self._espeak(*options, text=text))
        loud = np.flatnonzero(np.abs(samples) > EDGE)
        if not len(loud) or float(np.sqrt(np.mean(samples**2))) < SILENT:
            raise CueError(f"the voice {voice} says nothing")
        samples = samples[loud[0] : loud[-1] + 1]
        return np.asarray(0.9 * samples / np.abs(samples).max(), np.float32)

    def _espeak(self, *options: str, text: str = "") -> bytes:
        try:
            return subprocess.run(
                [self._command, *options], input=text.encode(), capture_output=True, check=True,
                timeout=RENDER_SECONDS,
            ).stdout  # fmt: skip
        except FileNotFoundError:
            raise CueError(f"{self._command} is missing (apt-get install espeak-ng)") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise CueError(f"{self._command} failed: {said[-1]}") from error
        except subprocess.TimeoutExpired:
            raise CueError(f"{self._command} hangs") from None
        except OSError as error:
            raise CueError(f"{self._command} cannot be started: {error.strerror}") from error

    def _keep(self, path: Path, samples: Samples) -> None:
        partial = path.with_suffix(f".{threading.get_native_id()}.partial")
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            files = sorted(self._cache.glob("*.wav"), key=lambda file: file.stat().st_mtime)
            for old in files[: max(0, len(files) - MOST_FILES + 1)]:
                old.unlink(missing_ok=True)
            partial.write_bytes(write_wave(samples))
            partial.replace(path)
        except OSError as error:  # it can still be said, only not faster the next time
            self._complain(CueError(f"{self._cache} cannot be written: {error.strerror}"))

    def _complain(self, error: Exception) -> None:
        """Log what is wrong; the same thing only once."""
        if self._complaint != str(error):
            self._complaint = str(error)
            log.warning("voice: %s", error)


def write_wave(samples: Samples) -> bytes:
    """Return sound as a WAV file of 16 bits, mono."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def read_wave(content: bytes) -> Samples:
    """Read a WAV file.

    :raises CueError: it is damaged, or not 16 bits, mono, at :data:`~edge.cues.tones.RATE`.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(len(content))  # a streamed file states a length it has not
    except (wave.Error, EOFError) as error:
        raise CueError(f"this is no WAV file: {error}") from error
    if kind != (1, 2, RATE):
        raise CueError(f"the sound has channels, bytes and rate {kind}, not (1, 2, {RATE})")
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    return np.asarray(samples / 32767, np.float32)
