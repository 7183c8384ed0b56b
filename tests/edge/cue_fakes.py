"""Stand-ins for what cues follow and drive: a station, a loudspeaker, programs, a GPIO chip."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace, TracebackType
from typing import Any

from edge.cues.event import CueEvent, CueOutput
from edge.cues.tones import Samples
from edge.errors import CueError


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = monotonic() + seconds
    while not true():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.005)


class RecordingOutput(CueOutput):
    """Keeps the events it is to tell."""

    def __init__(self) -> None:
        self.events: list[CueEvent] = []
        self.closed = False

    @property
    def told(self) -> list[tuple[str, int | None]]:
        return [(event.kind.value, event.number) for event in self.events]

    def show(self, event: CueEvent) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed = True


class RecordingPlayer:
    """Keeps what it plays; plays as long as it is told, and fails on request."""

    def __init__(self) -> None:
        self.played: list[Samples] = []
        self.times: list[float] = []
        self.stopped: list[bool] = []
        self.error: Exception | None = None
        self.hold = threading.Event()  # while it is clear, sounds last until they are stopped
        self.hold.set()

    def play(self, samples: Samples, stop: threading.Event) -> None:
        if self.error:
            raise self.error
        self.played.append(samples)
        self.times.append(monotonic())
        while not self.hold.is_set() and not stop.is_set():
            sleep(0.002)
        self.stopped.append(stop.is_set())

    @staticmethod
    def broken() -> CueError:
        return CueError("the device default does not play: no such file")


def program(path: Path, script: str) -> str:
    """Write an executable shell script and return its path."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


class Direction(Enum):
    INPUT = "input"
    OUTPUT = "output"


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1


class Asked(SimpleNamespace):
    """What is asked of a line."""


class FakeGpiod:
    """Stands for the module gpiod, with one chip and its lines.

    :param lines: names of the lines of the chip.
    """

    line = SimpleNamespace(Direction=Direction, Value=Value)
    LineSettings = Asked

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.levels: dict[str, list[int]] = {}
        self.directions: dict[str, Direction] = {}
        self.held: set[str] = set()
        self.refuse: dict[str, int] = {}  # an errno, by what is asked for

    def _may(self, what: str) -> None:
        code = self.refuse.get(what)
        if code:
            raise OSError(code, os.strerror(code))

    def Chip(self, path: str) -> FakeChip:  # noqa: N802 - named as in gpiod
        self._may("open")
        return FakeChip(self, path)

    def request_lines(self, path: str, *, consumer: str, config: dict[str, Asked]) -> FakeRequest:
        self._may("request")
        assert consumer and Path(path).exists()
        (name,) = config
        if name in self.held:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.held.add(name)
        request = FakeRequest(self, name)
        request.reconfigure_lines(config)
        return request


class FakeChip:
    def __init__(self, module: FakeGpiod, path: str) -> None:
        self._module = module

    def __enter__(self) -> FakeChip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def line_offset_from_id(self, name: str) -> int:
        if name not in self._module.lines:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self._module.lines.index(name)


class FakeRequest:
    def __init__(self, module: FakeGpiod, name: str) -> None:
        self._module = module
        self._name = name
        self._level = Value.INACTIVE

    def reconfigure_lines(self, config: dict[str, Asked]) -> None:
        settings = config[self._name]
        self._module.directions[self._name] = settings.direction
        if settings.direction is Direction.OUTPUT:
            self.set_value(self._name, getattr(settings, "output_value", Value.INACTIVE))

    def set_value(self, name: str, value: Value) -> None:
        self._module._may("set")
        self._level = value
        self._module.levels.setdefault(name, []).append(value.value)

    def get_value(self, name: str) -> Value:
        return self._level

    def release(self) -> None:
        self._module.held.discard(self._name)
