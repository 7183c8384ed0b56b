"""Room on the disk, and who may write there."""

from __future__ import annotations

import errno
import fcntl
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)

BRIEFLY: Final = "briefly"
"""What the lock says while somebody holds it for a moment only."""

PATIENCE: Final = 60.0
"""Seconds that a moment may take."""


LOOK_FOR_ROOM: Final = 2.0
"""Seconds between two attempts to write on a disk that is full."""


class DataInUseError(OSError):
    """Another kiosk works with this folder."""


def free_bytes(folder: Path) -> int:
    """Return the free space on the disk of ``folder``; 0 where the folder is gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def claim(folder: Path, *, briefly: bool = False) -> IO[str]:
    """Make the folder and keep other kiosks out of it for as long as the answer is open.

    :param briefly: it is let go within moments: whoever comes meanwhile waits for that.
    :raises DataInUseError: another one is in it.
    :raises OSError: it cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("a+")
    deadline = monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            lock.seek(0)
            if lock.read() != BRIEFLY or monotonic() > deadline:
                lock.close()
                raise DataInUseError(f"another kiosk works with {folder}") from error
            sleep(0.1)
    lock.truncate(0)
    lock.write(BRIEFLY if briefly else "")
    lock.flush()
    return lock


def is_full(error: BaseException) -> bool:
    """Tell whether something could not be written because the disk is full."""
    if isinstance(error, OperationalError):
        return "disk is full" in str(error.orig) or "disk I/O error" in str(error.orig)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_patiently(
    write: Callable[[], object],
    stopping: threading.Event,
    *,
    beat: Callable[[], object] = lambda: None,
) -> bool:
    """Write something, and where the disk is full wait until it is not; False: it is to stop.

    :param write: what writes; it is done again as a whole.
    :param stopping: set when nobody waits any longer.
    :param beat: called while it waits.
    """
    told = False
    while True:
        try:
            write()
            return True
        except (OSError, OperationalError) as error:
            if not is_full(error):
                raise
            if not told:
                log.error("the disk is full; it goes on when there is room")
                told = True
        beat()
        if stopping.wait(LOOK_FOR_ROOM):
            return False
