"""Room on the disk, and who may write there."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO


class DataInUseError(OSError):
    """Another kiosk works with this folder."""


def free_bytes(folder: Path) -> int:
    """Return the free space on the disk of ``folder``; 0 where the folder is gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def claim(folder: Path) -> IO[str]:
    """Make the folder and keep other kiosks out of it for as long as the answer is open.

    :raises DataInUseError: another one is in it.
    :raises OSError: it cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise DataInUseError(f"another kiosk works with {folder}") from error
    return lock
