"""Who may change the slots of a name: one writer, one change at a time, and is a kiosk there?"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

from edge.errors import SlotError
from trt_engines import durable

PATIENCE: Final = 5.0
"""Seconds to wait while another process changes a state, which takes milliseconds."""


class Locks:
    """The locks in the folder of one bundle name; a process that ends gives up what it held.

        with locks.writing():
            ...  # fill, test, switch

    :param folder: of the name; it is made where there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other process from filling or switching by hand inside.

        :raises SlotError: another one is at it.
        """
        with self._open("flash.lock") as lock:
            if not _try(lock):
                lock.seek(0)
                who = lock.read(20).strip() or "?"
                raise SlotError(
                    f"another flash of {self._folder.name} is at work (process {who}): "
                    "wait until it is done, or end it"
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock that every change of a state takes for a moment.

        :raises SlotError: another process holds it, and does not go on.
        """
        until = monotonic() + PATIENCE
        with self._open("state.lock") as lock:
            while not _try(lock):
                if monotonic() > until:
                    name = self._folder.name
                    raise SlotError(f"another process holds the slots of {name}: end it")
                sleep(0.01)
            yield

    @contextmanager
    def used(self) -> Iterator[None]:
        """Tell everybody that a kiosk that uses this name runs, for as long as this is open."""
        with self._open("kiosk.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever only looks holds it for a moment
            yield

    @property
    def is_used(self) -> bool:
        """Whether a kiosk that uses this name runs."""
        try:
            with (self._folder / "kiosk.lock").open() as lock:
                return not _try(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def _open(self, name: str) -> IO[str]:
        durable.make_folder(self._folder)
        return (self._folder / name).open("a+")


def _try(lock: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
