"""The files of uploads that arrive in pieces: the bytes, and a small description beside them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from edge.errors import KioskError

log = logging.getLogger(__name__)

BLOCK: Final = 1 << 16
"""Bytes that are copied at once."""


class OffsetMismatch(KioskError):  # noqa: N818 - it is an answer, not a failure
    """A piece was sent that does not begin where the upload ends."""


class LengthMismatch(KioskError):  # noqa: N818 - it is an answer, not a failure
    """A piece reaches beyond the upload's length, or states another length."""


@dataclass
class Partial:
    """An upload as far as it is there.

    :param key: its id, and later that of its score.
    :param length: bytes in all; None until the sender knows.
    :param threshold: the score, 0 to 1, from which the verdict is good.
    :param metadata: what the sender said of it, word for word.
    :param seconds: length of the video as far as the sender knows it.
    :param mirrored: whether left and right are exchanged in its pictures.
    :param streamed: whether it is sent while it is being recorded.
    """

    key: str
    length: int | None
    threshold: float
    metadata: str = ""
    seconds: float | None = None
    mirrored: bool = False
    streamed: bool = False


class PieceFiles:
    """Where the bytes and descriptions of unfinished uploads lie.

        files = PieceFiles(folder)
        files.write(partial)
        files.append(partial.key, 0, stream, 1000)

    :param folder: it is made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def path(self, key: str) -> Path:
        """Return where the bytes of an upload lie."""
        return self.folder / f"{key}.bin"

    def begin(self, partial: Partial) -> None:
        """Make the files of an upload without a byte."""
        self.path(partial.key).touch()
        self.write(partial)

    def write(self, partial: Partial) -> None:
        """Write the description; it is whole whenever the kiosk is ended."""
        temporary = self.folder / f"{partial.key}.new"
        temporary.write_text(json.dumps(asdict(partial)))
        temporary.replace(self.folder / f"{partial.key}.json")

    def read_all(self) -> Iterator[Partial]:
        """Give what an earlier run left; what is not understood is removed."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield Partial(**json.loads(path.read_text()))
            except (OSError, ValueError, TypeError) as error:
                log.warning("upload %s is lost: %s", path.stem, error)
                self.remove(path.stem)

    def append(self, key: str, offset: int, piece: IO[bytes], size: int) -> None:
        """Copy a piece to its place.

        :raises OSError: the disk is full; nothing of the piece stays.
        """
        with self.path(key).open("r+b", buffering=0) as file:
            file.seek(offset)
            try:
                left = size
                while left and (block := piece.read(min(BLOCK, left))):
                    left -= len(block)
                    view = memoryview(block)
                    while view:
                        view = view[file.write(view) :]
            except OSError:
                file.truncate(offset)
                raise

    def size(self, key: str) -> int | None:
        """Return how many bytes are there; None where the file is not."""
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError:
            return None

    def head(self, key: str, size: int) -> bytes:
        """Return the first bytes, as far as they are there."""
        try:
            with self.path(key).open("rb") as file:
                return file.read(size)
        except FileNotFoundError:
            return b""

    def touched(self, key: str) -> float:
        """Return when the last byte came, by the system's clock."""
        for path in (self.path(key), self.folder / f"{key}.json"):
            try:
                return path.stat().st_mtime
            except FileNotFoundError:
                continue
        return 0.0

    def remove(self, key: str) -> None:
        """Remove what there is of an upload."""
        for path in (self.path(key), self.folder / f"{key}.json", self.folder / f"{key}.new"):
            path.unlink(missing_ok=True)
