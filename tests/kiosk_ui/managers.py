"""The socket on which systemd hears its services."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.kiosk_ui.fakes import until


@dataclass
class Manager:
    """What a service has said, message by message."""

    address: str
    messages: list[str] = field(default_factory=list)

    def heard(self, line: str) -> int:
        """Return how many messages held this line."""
        return sum(line in message.splitlines() for message in self.messages)

    def wait_for(self, line: str, count: int = 1, seconds: float = 60) -> None:
        """Wait until it was said so often."""
        until(lambda: self.heard(line) >= count, seconds)

    def wait_for_beginning(self, beginning: str, seconds: float = 60) -> str:
        """Wait for a line that begins so, and return the message it came in."""

        def found() -> list[str]:
            return [
                message
                for message in self.messages
                if any(line.startswith(beginning) for line in message.splitlines())
            ]

        until(lambda: bool(found()), seconds)
        return found()[-1]


@contextmanager
def manager(folder: Path, *, abstract: bool = False) -> Iterator[Manager]:
    """Listen as systemd does, at a path or (``abstract``) at a name that is no file."""
    path = folder / "notify"
    name = f"@kiosk-test-{folder.name}-{id(path)}" if abstract else str(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind("\0" + name[1:] if abstract else name)
        wire.settimeout(0.1)
        found, stop = Manager(name), threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    found.messages.append(wire.recv(4096).decode())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join()
