"""Uploads that arrive in pieces: how far each is, and who scores it, until it is a score."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import RawIOBase
from time import monotonic, time
from typing import IO, Any, Final

from kiosk_ui.scores import Status
from kiosk_ui.store import ScoreStore, new_key
from kiosk_ui.uploads.pieces import BLOCK, LengthMismatch, OffsetMismatch, Partial, PieceFiles

log = logging.getLogger(__name__)

ALIVE_SECONDS: Final = 60.0
"""An upload without a byte for so long no longer counts as one that is on its way."""

KEPT_SECONDS: Final = 600.0
"""An unfinished upload is kept for so long after its last byte, unless the maintainer says else."""


@dataclass
class _Kept:
    """A partial upload, and what is known of it only while the kiosk runs."""

    partial: Partial
    client: str = ""
    done: bool = False
    taken: bool = False
    """Whether it is scored while it arrives."""
    tried: bool = False
    """Whether that was tried, and given up."""
    writing: threading.Lock = field(default_factory=threading.Lock)
    touched: float = field(default_factory=monotonic)
    """When the last byte came; by a clock that nobody sets."""


class PartialUploads:
    """Keeps uploads that arrive in pieces so that they outlive a broken connection and a restart.

        partial = uploads.create(length=1000, threshold=0.5)
        uploads.append(partial.key, 0, stream, 1000)
        store.get(partial.key).status

    As soon as the last byte is there, the upload is a score of the same id. All methods may be
    called from any thread.

    :param store: where finished ones go; unfinished ones lie in a folder beside its own.
    :param seconds: how long an unfinished one is kept without a further byte.
    """

    def __init__(self, store: ScoreStore, *, seconds: float = KEPT_SECONDS) -> None:
        self.seconds = seconds
        self.files = PieceFiles(store.incoming.with_name("partial"))
        self._store = store
        self._kept = {partial.key: _Kept(partial) for partial in self.files.read_all()}
        for key, kept in self._kept.items():
            # From before the start only the system's clock knows; a time in the future is none.
            kept.touched -= max(time() - self.files.touched(key), 0.0)
        self._changed = threading.Condition()

    def recover(self) -> None:
        """Finish what was complete when the kiosk stopped; remove what is too old."""
        for key, kept in list(self._kept.items()):
            data, moved = self.files.path(key), self._store.upload(key)
            if self._store.get(key) is not None:
                kept.done = True
            elif moved.is_file() and not data.is_file():  # it stopped between file and row
                moved.rename(data)
        for key in list(self._kept):
            self.finish(key)
        self.expire()

    def create(
        self, *, length: int | None, threshold: float, client: str = "", **known: Any
    ) -> Partial:
        """Begin an upload; an empty one waits for its first piece.

        :param client: who sends it; it is not written to the disk.
        :param known: further parameters of :class:`kiosk_ui.uploads.pieces.Partial`.
        """
        key = new_key()
        partial = Partial(key, length, threshold, streamed=length is None, **known)
        self.files.begin(partial)
        with self._changed:
            self._kept[key] = _Kept(partial, client)
        return partial

    def get(self, key: str) -> Partial | None:
        """Return an upload, whether it is finished or not; None where there is none."""
        kept = self._kept.get(key)
        return kept.partial if kept else None

    def offset(self, key: str) -> int:
        """Return how many bytes of an upload are there."""
        kept = self._kept.get(key)
        if kept is None:
            return 0
        size = None if kept.done else self.files.size(key)
        # Where there is no file, it has just become a score.
        return (kept.partial.length or 0) if size is None else size

    def append(
        self, key: str, offset: int, piece: IO[bytes], size: int, length: int | None = None
    ) -> int:
        """Add a piece and return the new offset; the last piece makes the upload a score.

        :param offset: where the piece begins, in bytes; exactly where the upload ends.
        :param piece: what is read.
        :param size: bytes that the piece has.
        :param length: bytes of the whole upload, told by whoever did not know it before.
        :raises KeyError: there is no such upload.
        :raises OffsetMismatch: it ends elsewhere.
        :raises LengthMismatch: more bytes than there may be, or a second length.
        :raises OSError: the disk is full; nothing of the piece stays.
        """
        kept = self._kept[key]
        with kept.writing:
            partial = kept.partial
            if offset != self.offset(key):
                raise OffsetMismatch(f"the upload ends at {self.offset(key)}, not at {offset}")
            if length is not None and partial.length not in (None, length):
                raise LengthMismatch("the length was stated before and is another one")
            whole = partial.length if length is None else length
            if whole is not None and offset + size > whole:
                raise LengthMismatch(f"the upload has {whole} bytes, not {offset + size}")
            if size and not kept.done:
                self.files.append(key, offset, piece, size)
            if whole != partial.length:
                partial.length = whole
                self.files.write(partial)
            kept.touched = monotonic()
        with self._changed:
            self._changed.notify_all()
        self.finish(key)
        return self.offset(key)

    def finish(self, key: str) -> bool:
        """Make a score of an upload that is complete; tell whether it is one.

        Calling it again changes nothing: whoever lost the answer may ask again.
        """
        kept = self._kept.get(key)
        if kept is None:
            return False
        with kept.writing:
            if kept.done:
                return True
            partial, path = kept.partial, self.files.path(key)
            if partial.length is None or self.offset(key) < partial.length:
                return False
            with self._changed:
                self._store.add_upload(
                    path,
                    threshold=partial.threshold,
                    key=key,
                    client=kept.client,
                    seconds=partial.seconds,
                    mirrored=partial.mirrored,
                    status=Status.RUNNING if kept.taken else Status.QUEUED,
                )
                kept.done = True
                self._changed.notify_all()
        return True

    def finished(self, key: str) -> bool:
        """Tell whether an upload has become a score."""
        kept = self._kept.get(key)
        return kept is not None and kept.done

    def take(self, timeout: float, fit: Callable[[Partial], bool]) -> Partial | None:
        """Return an upload that still arrives, for whoever scores it meanwhile.

        Once it is finished it does not go through the queue, unless it is given back.

        :param timeout: seconds to wait for one.
        :param fit: tells whether one is wanted.
        """
        with self._changed:
            kept = self._arriving(fit)
            if kept is None:
                self._changed.wait(timeout)
                kept = self._arriving(fit)
            if kept is None:
                return None
            kept.taken = True
            return kept.partial

    def _arriving(self, fit: Callable[[Partial], bool]) -> _Kept | None:
        free = (k for k in self._kept.values() if not (k.done or k.taken or k.tried))
        return next((kept for kept in free if fit(kept.partial)), None)

    def give_back(self, key: str) -> None:
        """Let an upload that was taken go through the queue after all, once it is finished."""
        with self._changed:
            kept = self._kept.get(key)
            if kept is not None:
                kept.taken, kept.tried = False, True
            if kept is None or kept.done:  # where it is gone, its score may be there all the same
                self._store.update(key, status=Status.QUEUED)

    def follow(self, key: str, stop: Callable[[], bool]) -> Iterator[bytes]:
        """Give the bytes of an upload as they come, until it is finished, gone, or ``stop()``.

        :raises FileNotFoundError: it is gone already.
        """
        try:
            file = self.files.path(key).open("rb", buffering=0)
        except FileNotFoundError:  # it has just become a score
            file = self._store.upload(key).open("rb", buffering=0)
        return self._follow(key, file, stop)

    def _follow(self, key: str, file: RawIOBase, stop: Callable[[], bool]) -> Iterator[bytes]:
        with file:
            while not stop():
                kept = self._kept.get(key)
                last = kept is None or kept.done
                if block := file.read(BLOCK):
                    yield block
                elif last:
                    return
                else:
                    with self._changed:
                        if not self._grown(key, file.tell()):
                            self._changed.wait(1.0)

    def _grown(self, key: str, offset: int) -> bool:
        kept = self._kept.get(key)
        return kept is None or kept.done or self.offset(key) > offset

    def wake(self) -> None:
        """Let everybody who waits look again, for instance because the server is to stop."""
        with self._changed:
            self._changed.notify_all()

    def remove(self, key: str) -> None:
        """Forget an upload; a score that it has become stays."""
        kept = self._kept.get(key)
        if kept is None:
            return
        with kept.writing, self._changed:
            self._kept.pop(key, None)
            self.files.remove(key)
            self._changed.notify_all()

    def expires(self, key: str) -> float:
        """Return when an upload is removed unless a byte comes, by the system's clock."""
        kept = self._kept.get(key)
        return time() + (self._left(kept) if kept else 0.0)

    def _left(self, kept: _Kept) -> float:
        return kept.touched + self.seconds - monotonic()

    def expire(self) -> None:
        """Remove the uploads whose time is over."""
        for key, kept in list(self._kept.items()):
            if self._left(kept) < 0 and not kept.writing.locked():
                log.info("upload %s was not finished in time", key)
                self.remove(key)

    def _unfinished(self) -> list[tuple[float, str]]:
        """Return time of the last byte and id of what is not finished, the oldest first."""
        return sorted(
            (kept.touched, key) for key, kept in list(self._kept.items()) if not kept.done
        )

    def arriving(self, client: str | None = None) -> int:
        """Return how many uploads are on their way in, of one client or of all."""
        since = monotonic() - ALIVE_SECONDS
        alive = [self._kept.get(key) for touched, key in self._unfinished() if touched > since]
        return sum(kept is not None and client in (None, kept.client) for kept in alive)

    def promised(self) -> int:
        """Return how many bytes are still to come of all that is not finished."""
        partials = [kept.partial for kept in list(self._kept.values()) if not kept.done]
        return sum((p.length or 0) - self.offset(p.key) for p in partials if p.length)

    def make_room(self, count: int) -> bool:
        """Give up the longest silent uploads until there are fewer than ``count``.

        Whoever sends them still has the recording, and would begin anew. Those that are on their
        way stay: False if there are too many of them.
        """
        unfinished = self._unfinished()
        since = monotonic() - ALIVE_SECONDS
        while len(unfinished) >= count:
            touched, key = unfinished.pop(0)
            if touched > since:
                return False
            self.remove(key)
        return True
