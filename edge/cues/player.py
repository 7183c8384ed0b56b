"""Plays sound through ALSA's own player, in a process that may hang without the kiosk hanging."""

from __future__ import annotations

import os
import subprocess
import threading
from time import monotonic
from typing import Final

from edge.cues.tones import RATE, Samples
from edge.cues.voice import write_wave
from edge.errors import CueError

PATIENCE: Final = 3.0
"""Seconds beyond the sound's own length after which a player hangs."""

LOOK_SECONDS: Final = 0.02
"""Time between two looks whether the player is done, or is to stop."""


class Aplay:
    """Plays one sound at a time with ``aplay`` (Debian's alsa-utils).

        player = Aplay("default")
        player.play(samples, stop=threading.Event())

    :param device: as ``aplay -L`` lists them.
    :param command: aplay, or a path to it.
    """

    def __init__(self, device: str = "default", command: str = "aplay") -> None:
        self._device = device
        self._command = command

    def play(self, samples: Samples, stop: threading.Event) -> None:
        """Play to the end, or until ``stop`` is set.

        :raises CueError: there is no player, no such device, or it hangs.
        """
        command = [self._command, "-q", "-D", self._device, "-t", "wav", "-"]
        deadline = monotonic() + len(samples) / RATE + PATIENCE
        # A file in memory, not a pipe: nobody has to push the sound into it while it plays.
        with os.fdopen(os.memfd_create("cue"), "w+b") as sound:
            sound.write(write_wave(samples))
            sound.seek(0)
            try:
                process = subprocess.Popen(
                    command, stdin=sound, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                )
            except FileNotFoundError:
                raise CueError(f"{self._command} is missing (apt-get install alsa-utils)") from None
            except OSError as error:
                raise CueError(f"{self._command} cannot be started: {error.strerror}") from error
        with process:
            try:
                self._attend(process, stop, deadline)
            finally:
                process.kill()

    def _attend(
        self, process: subprocess.Popen[bytes], stop: threading.Event, deadline: float
    ) -> None:
        while process.poll() is None:
            if stop.wait(LOOK_SECONDS):
                return
            if monotonic() > deadline:
                raise CueError(f"{self._command} hangs on the device {self._device}")
        if process.returncode != 0:
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            last = (said.strip().splitlines() or ["no reason given"])[-1]
            raise CueError(f"the device {self._device} does not play: {last}")
