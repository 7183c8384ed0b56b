"""The player: real where there is an aplay, and every way in which a player can fail."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from edge.cues import player as module
from edge.cues.player import Aplay
from edge.cues.tones import RATE, silence
from edge.cues.voice import read_wave
from edge.errors import CueError
from tests.edge.cue_fakes import program

NEVER = threading.Event()
needs_aplay = pytest.mark.skipif(
    shutil.which("aplay") is None, reason="no aplay: apt-get install alsa-utils"
)


@needs_aplay
def test_the_real_player_gets_every_sample(tmp_path: Path) -> None:
    samples = np.sin(np.arange(RATE) / 20, dtype=np.float32)
    # ALSA's own device that writes what it would play into a file.
    Aplay(f"tee:null,{tmp_path}/heard.raw,raw").play(samples, NEVER)
    heard = np.frombuffer((tmp_path / "heard.raw").read_bytes(), "<i2") / 32767
    assert np.abs(heard[: len(samples)] - samples).max() < 1e-4


@needs_aplay
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(CueError, match="the device nowhere does not play: aplay: "):
        Aplay("nowhere").play(silence(0.1), NEVER)


def test_a_program_gets_the_sound_and_the_device(tmp_path: Path) -> None:
    command = program(tmp_path / "aplay", f"echo $@ > {tmp_path}/args; cat > {tmp_path}/heard")
    Aplay("hw:1", command).play(np.ones(100_000, np.float32), NEVER)
    assert (tmp_path / "args").read_text().split()[:3] == ["-q", "-D", "hw:1"]
    assert len(read_wave((tmp_path / "heard").read_bytes())) == 100_000


def test_it_stops_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    began = monotonic()
    Aplay("x", program(tmp_path / "aplay", "exec sleep 20")).play(silence(20.0), stop)
    assert monotonic() - began < 2.0


def test_a_player_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with pytest.raises(CueError, match="hangs on the device x"):
        Aplay("x", program(tmp_path / "aplay", "exec sleep 20")).play(silence(0.1), NEVER)


def test_no_player_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(CueError, match="apt-get install alsa-utils"):
        Aplay("x", "aplay-that-is-not-there").play(silence(0.1), NEVER)
    (tmp_path / "aplay").write_text("no program")
    with pytest.raises(CueError, match="cannot be started: Permission denied"):
        Aplay("x", str(tmp_path / "aplay")).play(silence(0.1), NEVER)
