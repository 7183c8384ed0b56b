"""Reading files that others have made: plain ones only, and none that is too large."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from edge.errors import BundleError

_CHUNK: Final = 1 << 20


def open_plain(path: Path, most: int) -> BinaryIO:
    """Open a file for reading, once it is known to be a plain one and not too large.

        with open_plain(folder / "manifest.json", most=1 << 20) as file:
            content = file.read()

    :param most: bytes; a larger file is not opened.
    :raises FileNotFoundError: there is none.
    :raises BundleError: it is a link, a device or the like, or too large.
    """
    try:
        # A pipe would wait for a writer for ever, and a link may lead anywhere.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(errno.ENOENT, "there is no such file", path.name) from error
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise BundleError(f"{path.name} cannot be read: {why}") from error
    about = os.fstat(handle)
    if stat.S_ISREG(about.st_mode) and about.st_size <= most:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISREG(about.st_mode):
        raise BundleError(f"{path.name} has {about.st_size} bytes, more than the {most} it may")
    raise BundleError(f"{path.name} cannot be read: it is no plain file")


def read_plain(path: Path, most: int) -> bytes:
    """Return the bytes of a file that :func:`open_plain` opens."""
    with open_plain(path, most) as file:
        return file.read(most)


def hash_plain(path: Path, most: int) -> tuple[str, int]:
    """Return the SHA-256 and the size in bytes of a file that :func:`open_plain` opens."""
    digest, size = hashlib.sha256(), 0
    with open_plain(path, most) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
