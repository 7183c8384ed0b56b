"""The scoring of videos, one after another, and the rendering of their replays."""

from __future__ import annotations

import itertools
import logging
import math
import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from edge.assessment import Assessment
from edge.classifier import Classifier
from edge.errors import SourceError
from edge.frames import FrameSource
from edge.frames.sandbox import SandboxedVideo
from edge.pose.scheduler import PoseScheduler, Priority
from edge.replay import render_replay
from edge.session import ScoringSession
from edge.track import PoseTrack
from kiosk_ui.scores import Replay, Score, Source, Status
from kiosk_ui.store import CLIP, REPLAY, TRACK, UPLOAD, ScoreStore

log = logging.getLogger(__name__)

FAILED: Final = "Something went wrong on our side. Please try again."
"""What a gym-goer is told where the kiosk itself failed."""

MOST_ATTEMPTS: Final = 3
"""A job that was running when the kiosk ended three times may be what ended it."""

TYPICAL_FRAMES: Final = 400.0
"""Frames of a usual clip, for the progress of one that does not say how long it is."""

GIVE_WAY: Final = 0.1
"""Seconds between two looks whether the kiosk still records."""

NICENESS: Final = 5
"""Replays give way to the camera and to the scoring of whoever waits."""


class Renderer(Protocol):
    """Draws a replay; :func:`edge.replay.render_replay` outside of tests."""

    def __call__(
        self, clip: Path, track: PoseTrack, output: Path, others: Sequence[PoseTrack]
    ) -> None:
        """Write ``output``; raises ``SourceError``."""


class ScoringWorker:
    """Scores queued videos in one thread and renders replays in another.

        worker = ScoringWorker(store, scheduler, classifier)
        worker.start()

    :param store: where jobs come from and results go.
    :param scheduler: the door to the pose model; the camera goes before uploads there.
    :param classifier: judges the repetitions.
    :param give_way: whether somebody records at the kiosk just now. Whatever can wait does so then:
        on a small processor it would take every second picture's time.
    :param open_video: opens a stranger's file as frames.
    :param render: draws a replay.
    """

    def __init__(
        self,
        store: ScoreStore,
        scheduler: PoseScheduler,
        classifier: Classifier,
        *,
        give_way: Callable[[], bool] = lambda: False,
        open_video: Callable[[Path], FrameSource] = SandboxedVideo,
        render: Renderer = render_replay,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._classifier = classifier
        self._give_way = give_way
        self._open_video = open_video
        self._render = render
        self._stopping = threading.Event()
        # The people at the kiosk wait in front of the screen: their replays come first.
        self._replays: queue.PriorityQueue[tuple[int, int, str]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._threads = [
            threading.Thread(target=self._score_all, name="scoring", daemon=True),
            threading.Thread(target=self._render_all, name="replays", daemon=True),
        ]

    def start(self) -> None:
        """Resume what an earlier run left, and start the threads."""
        for key in self._store.resume(MOST_ATTEMPTS, FAILED):
            self._want_replay(key, Source.UPLOAD)
        for thread in self._threads:
            thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End the threads; a job that is not finished is resumed at the next start."""
        self._stopping.set()
        self._store.wake()
        self._replays.put((-1, 0, ""))
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout)

    def save_kiosk_result(
        self, session: ScoringSession, assessment: Assessment, clip: Path
    ) -> str:  # fmt: skip
        """Keep a recording of the kiosk as a finished score and return its id.

        :param session: the finished session, for its track.
        :param clip: its clean clip, which is moved away; it may be missing.
        """
        key = self._store.add_recording(
            clip if clip.is_file() else None,
            assessment.to_dict(),
            lambda path: save_track(session.track, path, session.others),
        )
        self._want_replay(key, Source.KIOSK)
        return key

    def _want_replay(self, key: str, source: Source) -> None:
        self._replays.put((0 if source is Source.KIOSK else 1, next(self._order), key))

    def _score_all(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._store.take(timeout=1.0)
            except Exception:  # the table may be busy or the disk full for a while
                log.exception("the queue cannot be read")
                self._stopping.wait(5.0)
                continue
            if job is not None:
                self._finish(job)

    def _finish(self, job: Score) -> None:
        """Bring one job to an end, whatever happens to it."""
        try:
            self._score(job)
        except SourceError as error:
            log.info("score %s: %s", job.id, error)
            self._fail(job, sentence(str(error)))
        except Exception:  # one job must never end the worker
            log.exception("score %s failed", job.id)
            self._fail(job, FAILED)

    def _fail(self, job: Score, message: str) -> None:
        with suppress_and_log(f"score {job.id} cannot be marked as failed"):
            self._store.update(job.id, status=Status.FAILED, error=message)
            self._store.remove_video(job.id)

    def _score(self, job: Score) -> None:
        upload, clip = self._store.path(job.id, UPLOAD), self._store.path(job.id, CLIP)
        with self._open_video(upload) as video:
            session = ScoringSession(
                self._scheduler.open_stream(Priority.UPLOAD),
                self._classifier,
                threshold=job.threshold,
                clip=clip,
                pose_model=self._scheduler.name,
            )
            try:
                for count, frame in enumerate(video):
                    self._wait_for_the_kiosk()
                    if self._stopping.is_set():
                        session.discard()
                        # Not its fault: this attempt does not count.
                        self._store.update(
                            job.id, status=Status.QUEUED, attempts=job.attempts - 1
                        )  # fmt: skip
                        return
                    session.push(frame)
                    self._store.set_progress(job.id, progress(frame.time, count, video.duration))
                assessment = session.finish()
            except BaseException:
                session.discard()
                raise
        save_track(session.track, self._store.path(job.id, TRACK), session.others)
        replay = Replay.PENDING if clip.is_file() else Replay.NONE
        self._store.update(
            job.id, status=Status.DONE, assessment=assessment.to_dict(), replay=replay
        )
        # The clean clip is all that is needed from now on; the file may name place and owner.
        upload.unlink(missing_ok=True)
        self._want_replay(job.id, job.source)

    def _wait_for_the_kiosk(self) -> None:
        while self._give_way() and not self._stopping.is_set():
            self._stopping.wait(GIVE_WAY)

    def _render_all(self) -> None:
        # On Linux this lowers only this thread and those that it starts (the encoder's).
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stopping.is_set():
            _, _, key = self._replays.get()
            self._wait_for_the_kiosk()
            with suppress_and_log(f"the replay of score {key} cannot be rendered"):
                self._render_one(key)

    def _render_one(self, key: str) -> None:
        score = self._store.get(key)
        if score is None or score.replay is not Replay.PENDING:
            return
        result = Replay.FAILED
        try:
            tracks = self._store.path(key, TRACK)
            self._render(
                self._store.path(key, CLIP),
                load_track(tracks),
                self._store.path(key, REPLAY),
                load_others(tracks),
            )
            result = Replay.READY
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


def progress(time: float, count: int, duration: float | None) -> float:
    """Return how far a video is, 0 to 1, by its time in seconds or else by counting frames."""
    if duration:
        return min(time / duration, 0.99)
    return 0.99 * (1 - math.exp(-count / TYPICAL_FRAMES))


def sentence(text: str) -> str:
    """Return an error's message as a sentence for a page."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def save_track(track: PoseTrack, path: Path, others: Sequence[PoseTrack] = ()) -> None:
    """Write a track as a NumPy archive; somebody waits meanwhile, and it is small.

    :param others: everybody else who was seen, whose faces are nobody's to take home.
    """
    people = [track, *others]
    np.savez(
        path,
        lengths=np.array([len(one) for one in people]),
        times=np.concatenate([one.times for one in people]),
        joints=np.concatenate([one.joints for one in people]),
        confidence=np.concatenate([one.confidence for one in people]),
    )


def load_track(path: Path) -> PoseTrack:
    """Read the subject's track from what :func:`save_track` wrote.

    :raises OSError: the file is missing.
    """
    return _load(path)[0]


def load_others(path: Path) -> list[PoseTrack]:
    """Read the tracks of everybody else from what :func:`save_track` wrote.

    :raises OSError: the file is missing.
    """
    return _load(path)[1:]


def _load(path: Path) -> list[PoseTrack]:
    with np.load(path, allow_pickle=False) as arrays:
        times, joints, confidence = (arrays[name] for name in ("times", "joints", "confidence"))
        # Older files hold the subject alone.
        lengths = arrays["lengths"] if "lengths" in arrays else np.array([len(times)])
    parts = [np.split(array, np.cumsum(lengths)[:-1]) for array in (times, joints, confidence)]
    return [PoseTrack(*part) for part in zip(*parts, strict=True)]
