"""The rendering of replays, one after another, while nobody needs the processor more."""

from __future__ import annotations

import itertools
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from edge.errors import SourceError
from edge.replay import ReplayAlong, render_replay
from edge.track import PoseTrack
from kiosk_ui.disk import is_full, write_patiently
from kiosk_ui.scores import Replay, Source
from kiosk_ui.store import CLIP, REPLAY, TRACK, ScoreStore

log = logging.getLogger(__name__)

NICENESS: Final = 15
"""Replays give way to the camera and to scoring: whoever waits for a verdict waits longest."""


class Renderer(Protocol):
    """Draws a replay; :func:`edge.replay.render_replay` outside of tests."""

    def __call__(self, clip: Path, track: PoseTrack, output: Path) -> None:
        """Write ``output``; raises ``SourceError``."""


class ReplayMaker:
    """Renders the replays that are asked for, in a thread of its own.

        replays = ReplayMaker(store, wait=lambda: None)
        replays.start()
        replays.want(key, Source.UPLOAD)

    :param store: where clips and tracks are, and where replays go.
    :param wait: returns once nobody needs the processor more.
    :param render: draws a replay.
    """

    def __init__(
        self, store: ScoreStore, *, wait: Callable[[], object], render: Renderer = render_replay
    ) -> None:
        self._store = store
        self._wait = wait
        self._render = render
        self._stopping = threading.Event()
        # The people at the kiosk wait in front of the screen: their replays come first.
        self._wanted: queue.PriorityQueue[tuple[int, int, str, ReplayAlong | None]] = (
            queue.PriorityQueue()
        )
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._render_all, name="replays", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End the thread; what is not rendered is asked for again at the next start."""
        self._stopping.set()
        self._wanted.put((-1, 0, "", None))
        if self._thread.is_alive():
            self._thread.join(timeout)

    def want(self, key: str, source: Source, drawn: ReplayAlong | None = None) -> None:
        """Ask for the replay of a score.

        :param drawn: one that was drawn along; it is taken if it is right, and removed otherwise.
        """
        self._wanted.put((0 if source is Source.KIOSK else 1, next(self._order), key, drawn))

    def _render_all(self) -> None:
        # On Linux this lowers only this thread and those that it starts (the encoder's).
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stopping.is_set():
            _, _, key, drawn = self._wanted.get()
            self._wait()
            with (
                suppress_and_log(f"the replay of score {key} cannot be rendered"),
                ExitStack() as end,
            ):
                if drawn:
                    end.callback(drawn.discard)  # it may have been deleted, or be drawn anew
                write_patiently(
                    lambda: self._render_one(key, drawn),  # noqa: B023 - at once
                    self._stopping,
                )

    def _render_one(self, key: str, drawn: ReplayAlong | None) -> None:
        score = self._store.get(key)
        if score is None or score.replay is not Replay.PENDING:
            return
        result = Replay.FAILED
        try:
            output = self._store.path(key, REPLAY)
            if not (drawn and drawn.take(output)):
                track = load_track(self._store.path(key, TRACK))
                self._render(self._store.path(key, CLIP), track, output)
            result = Replay.READY
        except (OSError, SourceError) as error:
            if is_full(error):
                result = Replay.PENDING
            found = self._store.get(key)
            if found is not None and not found.wiped:
                raise
            log.info("a replay was not drawn: its video was deleted meanwhile")
        finally:
            self._store.update(key, replay=result)


class suppress_and_log(suppress):  # noqa: N801 - reads as contextlib.suppress does
    """Go on after any exception, but tell the log about it.

    :param message: what could not be done.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Exception)
        self._message = message

    def __exit__(self, kind, error, traceback) -> bool:  # type: ignore[no-untyped-def]
        """Log the exception, if there is one."""
        if isinstance(error, Exception):
            log.error(self._message, exc_info=error)
        return super().__exit__(kind, error, traceback)


def save_track(track: PoseTrack, path: Path) -> None:
    """Write a track as a NumPy archive; somebody waits meanwhile, and it is small."""
    np.savez(path, times=track.times, joints=track.joints, confidence=track.confidence)


def load_track(path: Path) -> PoseTrack:
    """Read what :func:`save_track` wrote.

    :raises OSError: the file is missing.
    """
    with np.load(path, allow_pickle=False) as arrays:
        return PoseTrack(arrays["times"], arrays["joints"], arrays["confidence"])
