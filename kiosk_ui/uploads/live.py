"""The scoring of a recording while it still arrives, so that its verdict is there at its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Final

from edge.errors import SourceError
from edge.frames import FrameSource
from edge.frames.sandbox import SandboxedVideo
from edge.frames.spare import SpareKeeper
from edge.session import ScoringSession
from kiosk_ui.disk import write_patiently
from kiosk_ui.replays import suppress_and_log
from kiosk_ui.uploads.partial import PartialUploads
from kiosk_ui.uploads.pieces import Partial

log = logging.getLogger(__name__)

SILENCE: Final = 15.0
"""Seconds without a frame after which the place is given to somebody else."""

LONGEST: Final = 300.0
"""Seconds after which it is, whatever comes."""

SWEEP: Final = 30.0
"""Seconds between two looks for uploads that nobody will finish."""

HEAD: Final = 1 << 16
"""Bytes at the beginning of a file in which it shows how it is built."""

OpenPieces = Callable[[Iterator[bytes]], FrameSource]


def open_pieces(pieces: Iterator[bytes], spares: SpareKeeper | None = None) -> FrameSource:
    """Decode the pieces of a stranger's video as they come."""
    return SandboxedVideo(pieces, patience=SILENCE, spares=spares)


class LiveScorer:
    """Scores recordings while they arrive, one at a time, in a thread of its own.

        live = LiveScorer(uploads, open_session, keep, scratch=store.incoming)
        live.start()

    A recording that is being made is taken whoever waits, since only so is its verdict there at its
    end; a whole file is taken if nobody waits, and if it can be read before its end.

    Nothing depends on it: whatever it does not bring to its end goes through the ordinary queue,
    which pushes the same frames into the same kind of session.

    :param uploads: where pieces come from.
    :param open_session: makes the session of an upload whose clip goes to the given path.
    :param keep: keeps the result of a session under an id, with its clip.
    :param waiting: how many videos wait or are being scored.
    :param told: hears how far a finished upload is: its id, and 0 to 1.
    :param scratch: folder for the clip until the upload is finished; cleared at the next start.
    :param open_video: opens pieces as frames.
    """

    def __init__(
        self,
        uploads: PartialUploads,
        open_session: Callable[[Partial, Path], ScoringSession],
        keep: Callable[[str, ScoringSession, Path], None],
        *,
        waiting: Callable[[], int],
        told: Callable[[str, float], None],
        scratch: Path,
        open_video: OpenPieces = open_pieces,
    ) -> None:
        self._uploads = uploads
        self._open_session = open_session
        self._keep = keep
        self._waiting = waiting
        self._told = told
        self._scratch = scratch
        self._open_video = open_video
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._score_all, name="live scoring", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End the thread; what it was at goes through the queue at the next start."""
        self._stopping.set()
        self._uploads.wake()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _score_all(self) -> None:
        swept = monotonic()
        while not self._stopping.is_set():
            partial = self._uploads.take(timeout=1.0, fit=self._fits)
            if partial is not None:
                self._score(partial)
            if monotonic() - swept > SWEEP:
                with suppress_and_log("old uploads cannot be removed"):
                    self._uploads.expire()
                swept = monotonic()

    def _fits(self, partial: Partial) -> bool:
        """Tell whether one is to be scored now."""
        if not readable(self._uploads.files.head(partial.key, HEAD)):
            return False
        return partial.streamed or not self._waiting()

    def _score(self, partial: Partial) -> None:
        """Score one, or give it back."""
        kept = False
        try:
            kept = self._try(partial)
        except SourceError as error:  # a file that cannot be read before it is whole, for instance
            log.info("upload %s cannot be scored while it arrives: %s", partial.key, error)
        except Exception:  # one recording must never end the thread; the disk may be full
            log.exception("upload %s cannot be scored while it arrives", partial.key)
        finally:
            with suppress_and_log(f"upload {partial.key} cannot be given back"):
                if not kept:
                    write_patiently(lambda: self._uploads.give_back(partial.key), self._stopping)

    def _try(self, partial: Partial) -> bool:
        """Push frames for as long as they come; tell whether there is a result."""
        clip = self._scratch / f"live-{partial.key}.mp4"
        end, whole = monotonic() + LONGEST, False
        session = self._open_session(partial, clip)
        try:
            over = threading.Event()
            pieces = self._uploads.follow(
                partial.key, lambda: over.is_set() or self._stopping.is_set()
            )
            try:
                with self._open_video(pieces) as video:
                    for frame in video:
                        gone = self._uploads.get(partial.key) is None
                        if gone or self._stopping.is_set() or monotonic() > end:
                            break
                        session.push(frame.flipped() if partial.mirrored else frame)
                        if video.duration and self._uploads.finished(partial.key):
                            self._told(partial.key, min(frame.time / video.duration, 0.99))
                    else:
                        whole = self._uploads.finished(partial.key)
            finally:
                over.set()
            if not whole or self._stopping.is_set():
                session.discard()
                return False
            self._keep(partial.key, session, clip)
        except BaseException:
            session.discard()
            raise
        return True


def readable(head: bytes) -> bool:
    """Tell from a file's beginning whether its pictures can be decoded before its end is there.

    An MP4 can if its index comes before them. Of what is not understood it is believed: it will
    show.
    """
    if head[4:8] != b"ftyp":
        return bool(head)
    at = 0
    while at + 8 <= len(head):
        size, name = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if name == b"moov":
            return True
        if name == b"mdat" or size < 8:
            return False
        at += size
    return False
