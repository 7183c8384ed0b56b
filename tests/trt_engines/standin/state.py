"""What this process plays: the version, the GPU and the faults that the test has written down."""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import onnxruntime

from tests.trt_engines.standin import VARIABLE

_read: tuple[int, dict[str, Any]] = (0, {})


class StandinError(BaseException):
    """The stand-in was used as the real thing must not be used; nothing is to catch this."""


class LaunchFailed(Exception):  # noqa: N818 - pycuda's own error is made of it
    """A calculation on the GPU has failed."""


def state() -> dict[str, Any]:
    """Return what the test has written down, as it is now."""
    global _read  # noqa: PLW0603 - one process plays one part
    path = Path(os.environ[VARIABLE])
    changed = path.stat().st_ino
    if changed != _read[0]:
        _read = (changed, json.loads(path.read_text(encoding="utf-8")))
    return _read[1]


def version() -> str:
    """Return the version that is played."""
    return str(state()["version"])


class Card:
    """The GPU as this process sees it: contexts, memory, and whether it has died."""

    def __init__(self) -> None:
        self.initialised = False
        self.dead = False
        self.runs = 0
        self.memory: dict[int, bytearray] = {}
        self.pinned: list[tuple[int, int]] = []
        self._next = itertools.count(256, 1 << 32)
        self._threads = threading.local()

    @property
    def contexts(self) -> list[Any]:
        """The calling thread's stack of contexts."""
        stack: list[Any] = self._threads.__dict__.setdefault("stack", [])
        return stack

    def allocate(self, size: int) -> int:
        """Return the address of new memory, full of rubbish."""
        address = next(self._next)
        self.memory[address] = bytearray(b"\xff" * size)
        return address

    def at(self, address: int, size: int) -> memoryview:
        """Return memory to read or write."""
        if address not in self.memory:
            raise StandinError(f"there is no memory at {address}")
        if len(self.memory[address]) < size:
            raise StandinError(f"{size} bytes in memory of {len(self.memory[address])}")
        return memoryview(self.memory[address])[:size]


card = Card()


def fault(name: str, plan: dict[str, Any] | None = None) -> Any:
    """Return the value of a fault, of the engine's own first, or None."""
    if plan and name in plan:
        return plan[name]
    return state()["faults"].get(name)


def due(name: str, plan: dict[str, Any] | None = None) -> bool:
    """Tell whether a fault that begins after some runs is due; 0 and True: at once."""
    after = fault(name, plan)
    return (
        after is not None and after is not False and card.runs >= int(after is not True and after)
    )


def crash() -> None:
    """End this process as a crash in NVIDIA's library does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    """Never return."""
    while True:
        time.sleep(60)


@functools.lru_cache(maxsize=8)
def session(model: bytes) -> Any:
    """Return an ONNX file that can be run, or None where it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors have no common base class
        return None
