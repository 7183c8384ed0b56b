"""Room on the disk, and who may write there."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

BRIEFLY: Final = "briefly"
"""What the lock says while somebody holds it for a moment only."""

PATIENCE: Final = 60.0
"""Seconds that a moment may take."""


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
