"""The parent's end of the process in which OpenPose runs."""

from __future__ import annotations

import logging
import math
import mmap
import os
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from edge.errors import PoseError
from edge.frames import Picture
from edge.frames.child import PROJECT
from edge.joints import BODY_25
from edge.pose.pyopenpose_child import ANSWER, MISSING, MOST_BYTES, READY, REQUEST, command

log = logging.getLogger(__name__)

LICENCE: Final = (
    "OpenPose and its weights may be used for academic or non-profit non-commercial purposes only; "
    "a gym that charges needs a commercial licence of Carnegie Mellon University (CMU)"
)

NOT_INSTALLED: Final = (
    "pyopenpose is not installed for this Python ({why}). No package index has it: it is built on "
    "this device from CMU's source, following OpenPose's own installation guide "
    "(doc/installation/ in its source), and PYTHONPATH must name the folder it is in then. "
    f"{LICENCE}"
)

LAST_WORDS: Final = 5
"""Lines of OpenPose's own output that are told with the end of its process."""

END_SECONDS: Final = 2.0
"""A process whose channel is closed ends within this time, and then there is an exit code."""


class Message(BaseModel):
    """What the process says; see :mod:`edge.pose.pyopenpose_child`."""

    kind: str
    why: str = ""
    dtype: str = ""
    shape: tuple[int, ...] = ()


class OpenPoseProcess:
    """OpenPose in a process of its own that has answered a first picture.

        process = OpenPoseProcess({"model_folder": "/opt/openpose/models/"}, patience=120.0)
        people = process.ask(frame.picture, patience=10.0)
        process.close()

    It ends with this process, however that ends. After an error it can only be closed.

    :param flags: OpenPose's own settings by name.
    :param patience: seconds until it must be ready.
    :ivar answers: how many pictures it has answered.
    :raises PoseError: pyopenpose is not installed, or OpenPose does not start.
    """

    def __init__(self, flags: Mapping[str, object], patience: float) -> None:
        self.answers = 0
        self._said: deque[str] = deque(maxlen=LAST_WORDS)
        self._memory = np.zeros(0, np.uint8)
        self._channel, its_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read, write = os.pipe()
        its_lifeline, self._lifeline = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self._shared = os.fdopen(os.memfd_create("pyopenpose picture"), "wb")
        its = (its_channel.fileno(), self._shared.fileno(), its_lifeline.fileno())
        with its_channel, its_lifeline:
            self._child = subprocess.Popen(
                command(*its, flags),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                pass_fds=its,
                start_new_session=True,  # Ctrl-C is for the kiosk, which then ends this
            )
        self._listener = threading.Thread(target=self._listen, name="OpenPose's words", daemon=True)
        self._listener.start()
        try:
            self._expect(READY, patience)
        except PoseError:
            self.close()
            raise

    def ask(self, picture: Picture, patience: float) -> npt.NDArray[np.float32]:
        """Return the people in a picture, [people, 25, 3]: x, y in pixels, score.

        :param patience: seconds until the answer must be there.
        :raises PoseError: the process ended, hangs, or its answer is none of BODY_25.
        """
        height, width = picture.shape[:2]
        if len(self._memory) < picture.size:
            self._shared.truncate(picture.size)
            memory = mmap.mmap(self._shared.fileno(), picture.size)
            self._memory = np.frombuffer(memory, np.uint8)
        self._memory[: picture.size] = picture.reshape(-1)
        with suppress(BrokenPipeError):  # what became of it shows where the answer is read
            self._channel.send(REQUEST.pack(height, width))
        said, body = self._expect(ANSWER, patience)
        if said.dtype != "float32" or said.shape[1:] != (len(BODY_25), 3):
            raise PoseError(
                f"OpenPose's answer is {said.dtype} {said.shape} and not float32 (people, 25, 3): "
                "is this a pyopenpose with BODY_25?"
            )
        if len(body) != 4 * math.prod(said.shape):
            raise PoseError(f"OpenPose's answer makes no sense: {said.shape[0]} people")
        self.answers += 1
        return np.frombuffer(body, np.float32).reshape(said.shape)

    def close(self) -> None:
        """End the process, whatever it is doing; a second time does nothing."""
        self._child.kill()
        self._child.wait()
        self._listener.join()
        for ours in (self._channel, self._shared, self._lifeline):
            ours.close()

    def _expect(self, kind: str, patience: float) -> tuple[Message, bytes]:
        """Return the next message, which must be of this kind."""
        self._channel.settimeout(patience)
        try:
            message = self._channel.recv(MOST_BYTES)
        except TimeoutError:
            raise PoseError(self._with_last_words(f"OpenPose hangs: {patience:.0f} s")) from None
        except ConnectionError:
            message = b""
        if not message:
            raise PoseError(self._with_last_words(self._how_it_ended()))
        head, _, body = message.partition(b"\n")
        try:
            said = Message.model_validate_json(head)
        except ValidationError:
            raise PoseError("OpenPose's process talks nonsense") from None
        if said.kind == MISSING:
            raise PoseError(NOT_INSTALLED.format(why=said.why))
        if said.kind != kind:
            raise PoseError(
                self._with_last_words(
                    "OpenPose refused a picture; are its models whole and the GPU's memory free?"
                )
            )
        return said, body

    def _how_it_ended(self) -> str:
        try:
            code = self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return "OpenPose's process closed its channel"
        if code < 0:
            return f"OpenPose's process ended by {signal.Signals(-code).name}"
        return f"OpenPose's process ended with code {code}"

    def _with_last_words(self, text: str) -> str:
        self._listener.join(0.2)  # what it said just before
        return f"{text}; it said: {' / '.join(self._said)}" if self._said else text

    def _listen(self) -> None:
        """Read what OpenPose prints, so that it never waits for somebody to read it."""
        output = self._child.stdout
        if output is None:  # never with PIPE; tells the type checker
            return
        with output:
            for line in output:
                text = line.decode(errors="replace").strip()[:200]
                if text:
                    self._said.append(text)
                    log.debug("OpenPose: %s", text)
