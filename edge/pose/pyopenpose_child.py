"""The child process in which OpenPose runs, since it may end its process without a word.

It is started by :class:`edge.pose.pyopenpose.PyOpenPose` and is not meant to be run by hand. A
request on the channel is the size of the picture, which lies in shared memory; what is said on it
is a line of JSON, then the numbers of an answer. OpenPose's own messages go to the output.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import mmap
import os
import resource
import select
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

REQUEST: Final = struct.Struct("<II")
"""Height and width of the picture, in pixels; it always has three colours."""

READY, ANSWER, MISSING, REFUSED = "ready", "answer", "missing", "refused"

MOST_BYTES: Final = 65536
"""The longest message: more than two hundred people."""

MODULES: Final = ("pyopenpose", "openpose.pyopenpose")
"""What OpenPose's module is called in its build folder, and where it was installed."""

FIRST_PICTURE: Final = (368, 656, 3)
"""A black picture: what is wrong with the models shows only with one."""


def command(channel: int, picture: int, lifeline: int, settings: Mapping[str, object]) -> list[str]:
    """Return the command line of the child.

    :param channel: descriptor of the socket for requests and answers.
    :param picture: descriptor of the shared memory.
    :param lifeline: descriptor of a pipe whose other end only the parent holds.
    :param settings: OpenPose's flags.
    """
    descriptors = (str(channel), str(picture), str(lifeline))
    return [
        sys.executable, "-m", "edge.pose.pyopenpose_child", *descriptors, json.dumps(settings)
    ]  # fmt: skip


def end_with_parent(lifeline: int) -> None:
    """Have the kernel end this process once nobody holds the other end of ``lifeline``.

    The signal needs no Python: OpenPose may hang and hold the interpreter. (A parent's death signal
    would come with the end of the thread that started this process.)
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # the parent has ended meanwhile
        sys.exit()


def find_openpose() -> Any:
    """Return OpenPose's module.

    :raises ImportError: there is none, or it does not load.
    """
    try:
        return importlib.import_module(MODULES[0])
    except ModuleNotFoundError:
        return importlib.import_module(MODULES[1])


class OpenPose:
    """OpenPose in this process.

    :param module: the module ``pyopenpose``.
    :param settings: OpenPose's flags; one that it does not know ends the process.
    """

    def __init__(self, module: Any, settings: Mapping[str, object]) -> None:
        self._module = module
        self._wrapper = module.WrapperPython()
        self._wrapper.configure(dict(settings))
        self._wrapper.start()

    def look(self, picture: np.ndarray[Any, Any]) -> tuple[bool, Any]:
        """Return whether it worked, and the people in the picture: None or an array.

        :param picture: [height, width, 3]; whoever calls keeps it alive, since OpenPose does not.
        """
        datum = self._module.Datum()
        datum.cvInputData = picture
        worked = self._wrapper.emplaceAndPop(self._module.VectorDatum([datum]))
        return bool(worked), datum.poseKeypoints if worked else None


def say(channel: socket.socket, kind: str, body: bytes = b"", **more: object) -> None:
    """Send one message."""
    channel.send(json.dumps({"kind": kind, **more}).encode() + b"\n" + body)


def answer(channel: socket.socket, people: Any) -> None:
    """Send what OpenPose found, whatever it is: the parent judges it."""
    numbers = np.zeros((0, 25, 3), np.float32) if people is None else np.asarray(people)
    fits = numbers.dtype == np.float32 and numbers.nbytes < MOST_BYTES // 2
    body = np.ascontiguousarray(numbers).tobytes() if fits else b""
    say(channel, ANSWER, body, shape=numbers.shape, dtype=str(numbers.dtype))


def main() -> int:
    """Answer requests until the parent has had enough."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    shared, settings = int(sys.argv[2]), json.loads(sys.argv[4])
    end_with_parent(int(sys.argv[3]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        module = find_openpose()
    except ImportError as error:
        say(channel, MISSING, why=str(error))
        return 1
    openpose = OpenPose(module, settings)
    first = np.zeros(FIRST_PICTURE, np.uint8)
    if not openpose.look(first)[0]:
        say(channel, REFUSED)
        return 1
    say(channel, READY)
    memory = None
    while request := channel.recv(REQUEST.size):
        height, width = REQUEST.unpack(request)
        if memory is None or len(memory) < height * width * 3:
            memory = mmap.mmap(shared, os.fstat(shared).st_size)
        picture = np.frombuffer(memory, np.uint8, height * width * 3).reshape(height, width, 3)
        worked, people = openpose.look(picture)
        if not worked:
            say(channel, REFUSED)
            return 1
        answer(channel, people)
    return 0


if __name__ == "__main__":
    sys.exit(main())
