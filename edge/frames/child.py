"""The parent's side of a decoder: a child process that is given nothing and believed nothing."""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import clock_gettime, monotonic
from typing import IO, Final

from edge.errors import DecoderKilledError, SourceError
from edge.frames.records import ERROR, FRAME, HEADER, KINDS, MOST_WORDS, READY

log = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds of processor time without a word from the child after which it is given up."""

LONGEST_SILENCE: Final = 10
"""So many times its patience it may be silent in all, however little processor time it got."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at what a silent child is doing."""

PIPE_BYTES: Final = 1 << 20
"""The largest pipe an ordinary user may ask for on Linux; a frame needs fewer switches so."""

MEMORY_USE: Final = {
    "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}  # fmt: skip
"""A decoder's use of memory, for its libraries: few arenas, since each takes 64 MB of its address
space; and what a picture took is kept for the next one, not fetched from the system anew."""

PROJECT: Final = Path(__file__).resolve().parents[2]

GIVEN_UP: Final = "the video could not be decoded"


@dataclass(frozen=True, slots=True)
class Record:
    """What a child has said.

    :param kind: one of :data:`edge.frames.records.KINDS`.
    :param time: seconds, of a frame.
    :param width: pixels, of a frame.
    :param height: pixels, of a frame.
    :param body: a frame's pixels, or words.
    """

    kind: bytes
    time: float
    width: int
    height: int
    body: bytearray

    @property
    def words(self) -> str:
        """The body as one line of text."""
        return " ".join(self.body.decode(errors="replace").split())


class DecoderChild:
    """A child process that decodes something of a stranger's, and may do nothing else.

        child = DecoderChild(launch("edge.frames.stills", subprocess.PIPE), pixels=640 * 640)
        record = child.record()

    Whatever it says that a decoder would not say ends it: a frame larger than agreed, a clock that
    runs backwards, silence. What counts as silence is its processor time: on a busy machine a good
    video may take long.

    :param process: the child, as :func:`launch` starts it; it is ended with this.
    :param pixels: that a frame has at most.
    :param patience: seconds of processor time that it may be silent.
    :raises SourceError: it did not start.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], *, pixels: int, patience: float = PATIENCE
    ) -> None:
        self._pixels = pixels
        self.patience = PATIENCE  # to begin with: its libraries take a while on a small device
        self._time = -math.inf
        self._reading = threading.Lock()  # while one thread reads, no other may close the pipe
        self._process = process
        self.pid = self._process.pid
        try:
            with suppress(OSError):  # this user has many pipes: then a smaller one will do
                fcntl.fcntl(self._output.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            self._hear_what_was_refused(self.record())
            self.patience = patience
        except BaseException:
            self.end()
            self.close_input()
            raise

    @property
    def _output(self) -> IO[bytes]:
        if self._process.stdout is None:  # never with PIPE; tells the type checker
            raise SourceError("the decoder did not start")
        return self._process.stdout

    @property
    def input(self) -> IO[bytes]:
        """Where its input goes, if that is a pipe."""
        if self._process.stdin is None:
            raise SourceError("the decoder did not start")
        return self._process.stdin

    @property
    def runs(self) -> bool:
        """Tell whether it is still there."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, whatever it is doing; whoever waits for a record hears that it is gone."""
        # While it is not waited for its number is nobody else's.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        with self._reading:
            self._close()

    def _close(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()

    def close_input(self) -> None:
        """Close the pipe to it; not while another thread may be writing there."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def record(self) -> Record:
        """Return what it says next.

        :raises SourceError: it ended, is silent, or says what no decoder says; it is gone then.
        """
        try:
            with self._reading:
                kind, time, width, height, length = HEADER.unpack(self._bytes(HEADER.size))
                self._check(kind, time, width, height, length)
                return Record(kind, time, width, height, self._bytes(length))
        except SourceError:
            self.end()
            raise
        except (OSError, ValueError) as error:  # it was ended meanwhile: its pipe is closed
            self.end()
            raise SourceError(GIVEN_UP) from error

    def _check(self, kind: bytes, time: float, width: int, height: int, length: int) -> None:
        """Refuse what no decoder of ours would say, before any memory is taken for it.

        :raises SourceError: it is not to be believed.
        """
        if kind == FRAME:
            good = 0 < width * height <= self._pixels and length == width * height * 3
            good = good and math.isfinite(time) and time >= self._time
            self._time = time
        else:
            good = kind in KINDS and length <= MOST_WORDS
        if not good:
            log.warning("a decoder said what no decoder says, and was ended: %r", kind)
            raise SourceError(GIVEN_UP)

    def _bytes(self, length: int) -> bytearray:
        body = bytearray(length)
        view, done = memoryview(body), 0
        file = self._output.fileno()
        while done < length:
            self._wait(file)
            read = os.readv(file, [view[done:]])
            if not read:
                raise self._gone()
            done += read
        return body

    def _gone(self) -> SourceError:
        """Return what to say of a child that says no more."""
        with suppress(subprocess.TimeoutExpired):  # it has closed its output and lives on
            # Not ours: we have not ended it yet. The system does so where memory runs out.
            if self._process.wait(1.0) == -signal.SIGKILL:
                return DecoderKilledError(GIVEN_UP)
        return SourceError(GIVEN_UP)

    def _wait(self, file: int) -> None:
        """Return once there is something to read.

        :raises SourceError: it takes too long.
        """
        began = moved = monotonic()
        first = last = self._processor_time()
        while not select.select([file], [], [], min(LOOK_EVERY, self.patience))[0]:
            now, spent = monotonic(), self._processor_time()
            if spent > last:
                moved, last = now, spent
            if (
                spent - first > self.patience  # it works and works, and nothing comes of it
                or now - moved > self.patience  # it does not even work
                or now - began > self.patience * LONGEST_SILENCE
            ):
                raise SourceError("reading the video takes too long")

    def _processor_time(self) -> float:
        """Return the seconds of processor time that the child has used."""
        try:
            return clock_gettime(~self.pid << 3 | 2)  # Linux's clock of another process
        except OSError:
            return 0.0  # it is gone: there is an end to be read

    def _hear_what_was_refused(self, hello: Record) -> None:
        """Tell the log, once, which layers of the confinement this system lacks.

        :raises SourceError: the child did not start as it should.
        """
        if hello.kind == ERROR:
            raise SourceError(hello.words)
        if hello.kind != READY:
            raise SourceError("the decoder did not start")
        try:
            refused = dict(json.loads(hello.body))
        except (ValueError, TypeError) as error:
            raise SourceError("the decoder did not start") from error
        confinement.refused = refused
        for name, why in refused.items():
            if _first_time(name):
                log.warning("decoders are confined without this: %s (%s)", name, why)
        if not refused and _first_time(""):
            log.info("decoders are confined by every layer")


def launch(
    module: str, stdin: int, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a decoder's process.

    :param module: that is run as a program.
    :param stdin: the descriptor that it reads, or ``subprocess.PIPE``.
    :param environment: further variables for it.
    """
    return subprocess.Popen(
        command(module),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=PROJECT,
        start_new_session=True,  # no terminal, no signal of ours, and ended as a whole
        # It needs nothing of our environment but the way to its libraries.
        env={"PATH": os.defpath, "LANG": "C.UTF-8", **MEMORY_USE, **(environment or {})},
    )  # fmt: skip


def command(module: str) -> list[str]:
    """Return the command line that runs a module as a program."""
    return [sys.executable, "-s", "-B", "-m", module]


@dataclass
class Confinement:
    """What the latest child said of its confinement.

    :param refused: the layers that this system lacks, and why; None: no child has started yet.
    """

    refused: dict[str, str] | None = None


confinement: Final = Confinement()

_told: set[str] = set()
_telling = threading.Lock()


def _first_time(what: str) -> bool:
    with _telling:
        new = what not in _told
        _told.add(what)
        return new
