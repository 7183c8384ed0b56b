"""Decoders that are started before they are needed: that takes a fifth of a second."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from contextlib import suppress
from dataclasses import asdict
from io import FileIO
from typing import Final

from edge.frames.child import PATIENCE, DecoderChild, launch
from edge.frames.video import VideoLimits

PROGRAM: Final = "edge.frames.decoder"


class SpareDecoder:
    """A decoder's process that has loaded its libraries and has been given nothing yet.

        spare = SpareDecoder()
        child = spare.use(file, VideoLimits())

    It ends by itself when its owner does, however that happens.
    """

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            self._process = launch(PROGRAM, its.fileno())

    @property
    def runs(self) -> bool:
        """Tell whether it is still there."""
        return self._process.poll() is None

    def use(self, file: FileIO, limits: VideoLimits, *, patience: float = PATIENCE) -> DecoderChild:
        """Give it a file, for which alone it is from now on.

        :param file: open, or the end of a pipe from which it is read.
        :param limits: for the video.
        :param patience: as for :class:`~edge.frames.child.DecoderChild`.
        :raises SourceError: it did not start.
        """
        words = json.dumps(asdict(limits)).encode()
        # If it is gone, that shows where its first word is read.
        with self._socket, suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self._socket, [words], [file.fileno()])
        return DecoderChild(self._process, pixels=limits.most_pixels, patience=patience)

    def end(self) -> None:
        """End it unused."""
        self._socket.close()
        if self.runs:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()


class SpareKeeper:
    """Keeps one decoder ready for whoever opens the next video; any thread may ask.

        spares = SpareKeeper()
        spares.prepare()               # while nothing else is to be done
        video = SandboxedVideo("upload.bin", spares=spares)
        spares.close()

    Each is used for one video. Where none is ready, or it has died, a new one is started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: SpareDecoder | None = None

    def prepare(self) -> None:
        """Start one if there is none; returns at once."""
        with self._lock:
            if self._spare is not None and not self._spare.runs:
                self._spare.end()
                self._spare = None
            if self._spare is None:
                self._spare = SpareDecoder()

    def take(self) -> SpareDecoder:
        """Return the one that is ready, or a new one."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and not spare.runs:
            spare.end()
            spare = None
        return spare or SpareDecoder()

    def close(self) -> None:
        """End the one that is ready."""
        with self._lock:
            if self._spare is not None:
                self._spare.end()
            self._spare = None
