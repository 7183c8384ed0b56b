"""Changes to the disk that a power cut leaves either done or not begun.

Everything is flushed to the disk in the order in which it is written here: first a file's content,
then its name, then the folder that holds the name.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

PARTIAL: Final = ".partial"
"""The end of the name of what is not done yet; whoever finds one may remove it."""


def sync(path: Path) -> None:
    """Flush a file's content, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Flush a folder and everything in it to the disk."""
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            sync(path)
    sync(folder)


def write(path: Path, content: bytes) -> None:
    """Write a file that holds its old content until it holds all of the new.

        write(folder / "slot.json", record.model_dump_json().encode())

    :param path: the file; its folder must exist.
    """
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync(path.parent)


def point(link: Path, target: str) -> None:
    """Make a symbolic link that points to its old target until it points to the new one."""
    partial = link.with_name(link.name + PARTIAL)
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(link)
    sync(link.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there is none."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with everything in it; nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        sync(path.parent)


def rename(path: Path, to: Path) -> None:
    """Give a file or folder another name beside its old one, once all in it is on the disk."""
    sync_tree(path) if path.is_dir() else sync(path)
    path.rename(to)
    sync(to.parent)
