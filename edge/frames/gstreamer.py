"""A GStreamer pipeline in a child process, whose raw pictures come through a pipe.

OpenCV's packages have no GStreamer, and its Python bindings would have to fit the system's Python:
``gst-launch-1.0`` needs neither, and a driver that crashes or hangs takes only the child with it.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
from contextlib import suppress
from time import monotonic
from typing import IO, Final

from edge.errors import CameraError

LAUNCHER: Final = "gst-launch-1.0"

PIPE_BYTES: Final = 1 << 20
"""The largest pipe an ordinary user may ask for on Linux: two pictures of 640x480."""

FAREWELL: Final = 2.0
"""Seconds for the pipeline to let the camera go; a killed one leaves it taken in NVIDIA's
daemon."""

LAST_WORDS: Final = 4000
"""So many bytes of what it has to complain of are kept."""

PACKAGES: Final = {
    "nvarguscamerasrc": "nvidia-l4t-gstreamer, which only a Jetson has",
    "nvvidconv": "nvidia-l4t-gstreamer, which only a Jetson has",
    "videotestsrc": "gstreamer1.0-plugins-base",
    "videoconvert": "gstreamer1.0-plugins-base",
}
"""Where elements come from."""


class Pipeline:
    """Runs a pipeline and gives its pictures as bytes, each of the same length.

        pipeline = Pipeline(["videotestsrc", "!", "video/x-raw,format=I420,width=64,height=48"],
                            length=64 * 48 * 3 // 2)
        pipeline.picture(patience=10.0)

    :param elements: of the pipeline, as on gst-launch's command line, without the sink.
    :param length: bytes of a picture.
    :param launcher: the program.
    :raises CameraError: the program is missing.
    """

    def __init__(self, elements: list[str], length: int, launcher: str = LAUNCHER) -> None:
        self._length = length
        self._words = b""
        # The queue loses pictures that nobody takes; without it they would grow old in the pipe.
        sink = ["!", "queue", "max-size-buffers=2", "leaky=downstream", "!", "fdsink", "sync=false"]
        try:
            self._process = subprocess.Popen(
                [launcher, "-q", *elements, *sink],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                bufsize=0, start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8"},  # its complaints are read
            )  # fmt: skip
        except FileNotFoundError as error:
            raise CameraError(
                f"{launcher} is missing: apt-get install gstreamer1.0-tools"
            ) from error
        except OSError as error:
            raise CameraError(f"{launcher} cannot be started: {error.strerror}") from error
        with suppress(OSError):  # this user has many pipes: then a smaller one will do
            fcntl.fcntl(self._pipe("stdout"), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def _pipe(self, name: str) -> IO[bytes]:
        pipe: IO[bytes] | None = getattr(self._process, name)
        if pipe is None:  # never with PIPE; tells the type checker
            raise CameraError("the camera's program did not start")
        return pipe

    def picture(self, patience: float) -> bytearray:
        """Return the next picture.

        :param patience: seconds until it must be there.
        :raises CameraError: the pipeline has ended, or is silent; it is gone then.
        """
        body = bytearray(self._length)
        view, done, ends = memoryview(body), 0, monotonic() + patience
        output, complaints = self._pipe("stdout").fileno(), self._pipe("stderr").fileno()
        listening = [output, complaints]
        while done < self._length:
            ready = select.select(listening, [], [], max(0.0, ends - monotonic()))[0]
            if not ready:
                self.close()
                raise CameraError(
                    "the camera's driver does not answer; where that stays so: "
                    "sudo systemctl restart nvargus-daemon, or unplug the camera"
                )
            if complaints in ready:
                words = os.read(complaints, LAST_WORDS)
                if not words:
                    listening = [output]
                self._words = (self._words + words)[-LAST_WORDS:]
            if output in ready:
                read = os.readv(output, [view[done:]])
                if not read:
                    self._hear_out(complaints)
                    self.close()
                    raise CameraError(explain(self._words.decode(errors="replace")))
                done += read
        return body

    def _hear_out(self, complaints: int) -> None:
        """Take what is left of its complaints: they say why it has ended."""
        while select.select([complaints], [], [], 0.5)[0]:
            words = os.read(complaints, LAST_WORDS)
            if not words:
                return
            self._words = (self._words + words)[-LAST_WORDS:]

    def close(self) -> None:
        """End it: politely, then by force; a second time does nothing."""
        process = self._process
        if process.poll() is None:
            # Like Ctrl-C: the pipeline then lets the camera go.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            # It may be waiting for room in one of its pipes.
            self._pipe("stdout").close()
            self._pipe("stderr").close()
            try:
                process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._pipe("stdout").close()
        self._pipe("stderr").close()


def explain(words: str) -> str:
    """Return why a pipeline has ended, and what to do, from what it said.

    :param words: its complaints; may be empty.
    """
    for element, package in PACKAGES.items():
        if f'no element "{element}"' in words:
            return f"GStreamer has no {element}: apt-get install {package}"
    lines = [line for line in words.splitlines() if "ERROR" in line or "erroneous" in line]
    if not lines:
        return "the camera's program has ended; is the camera connected?"
    first = lines[0].removeprefix("ERROR:").removeprefix("WARNING:").strip()
    return f"the camera's program has ended: {first[:200]}"
