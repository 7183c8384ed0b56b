"""Real small disks that really become full; they need the right to mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount so many megabytes of memory on a folder as a disk; skip where that is refused."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("no right to mount a small file system")
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "small", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"a small file system is refused here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a process that has just ended may still hold a file of it.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


@contextmanager
def filled(folder: Path, leaving: int = 0) -> Iterator[Path]:
    """Fill a folder's disk until only ``leaving`` bytes are free, and make the room again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):  # others write there as well
        while (room := shutil.disk_usage(folder).free - leaving) > 0:
            file.write(bytes(min(room, 1 << 20)))
    try:
        yield filler
    finally:
        filler.unlink()
