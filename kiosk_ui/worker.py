"""The scoring of videos: those that wait, one after another, and what belongs to it."""

from __future__ import annotations

import logging
import math
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Any, Final

from edge.assessment import Assessment
from edge.errors import DecoderKilledError, NetworkError, SourceError
from edge.frames import Frame, FrameSource
from edge.frames.sandbox import SandboxedVideo
from edge.frames.spare import SpareKeeper
from edge.judging import Judge
from edge.pose.scheduler import PoseScheduler, Priority
from edge.pulse import Pulse
from edge.replay import render_replay
from edge.session import UPLOAD_LOOKS, ScoringSession
from kiosk_ui.disk import is_full, write_patiently
from kiosk_ui.metrics import Metrics
from kiosk_ui.replays import Renderer, ReplayMaker, save_track, suppress_and_log
from kiosk_ui.scores import Replay, Score, Source, Status
from kiosk_ui.store import CLIP, MIRRORED, TRACK, ScoreStore
from kiosk_ui.uploads.live import LiveScorer, open_pieces
from kiosk_ui.uploads.partial import PartialUploads
from kiosk_ui.uploads.pieces import Partial

log = logging.getLogger(__name__)

FAILED: Final = "Something went wrong on our side. Please try again."
"""What a gym-goer is told where the kiosk itself failed."""

MOST_ATTEMPTS: Final = 3
"""A job that was running when the kiosk ended three times may be what ended it."""

TYPICAL_FRAMES: Final = 400.0
"""Frames of a usual clip, for the progress of one that does not say how long it is."""

CHANGE_OVER: Final = 2.0
"""Seconds in which the kiosk goes back to other networks where those on trial have failed."""

HANGS_AFTER: Final = 180.0
"""Seconds without a turn after which the thread hangs: a decoder may be silent for 30, a set at the
kiosk takes 30, and a long clip's end some more."""

GIVE_WAY: Final = 0.1
"""Seconds between two looks whether the kiosk still records."""


class ScoringWorker:
    """Scores queued videos in one thread, recordings that still arrive in another, and has replays
    rendered in a third.

        worker = ScoringWorker(store, scheduler, lambda: classifier, uploads=uploads)
        worker.start()

    :param store: where jobs come from and results go.
    :param scheduler: the door to the pose model; the camera goes before uploads there.
    :param judge: gives who judges the repetitions of the next video.
    :param uploads: where recordings arrive while they are being made; None: nowhere.
    :param give_way: whether somebody records at the kiosk just now. Whatever can wait does so then:
        on a small processor it would take every second picture's time. A phone's recording that is
        going on as well cannot wait; it only lets the camera's pictures pass first.
    :param metrics: counts what is judged; None: nobody counts.
    :param open_video: opens a stranger's file as frames; None: in a decoder of its own.
    :param render: draws a replay.
    """

    def __init__(
        self,
        store: ScoreStore,
        scheduler: PoseScheduler,
        judge: Callable[[], Judge],
        *,
        uploads: PartialUploads | None = None,
        give_way: Callable[[], bool] = lambda: False,
        metrics: Metrics | None = None,
        open_video: Callable[[Path], FrameSource] | None = None,
        render: Renderer = render_replay,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._judge = judge
        self._give_way = give_way
        self._metrics = metrics or Metrics()
        self._spares = SpareKeeper()
        self._open_video = open_video or partial(SandboxedVideo, spares=self._spares)
        self._stopping = threading.Event()
        self.pulse = Pulse("worker", HANGS_AFTER)
        self._thread = threading.Thread(target=self._score_all, name="scoring", daemon=True)
        self._replays = ReplayMaker(store, wait=self._wait_for_the_kiosk, render=render)
        self._live = (
            LiveScorer(
                uploads,
                self._open_live,
                self._keep_live,
                waiting=store.waiting,
                told=store.set_progress,
                scratch=store.incoming,
                open_video=partial(open_pieces, spares=self._spares),
            )
            if uploads
            else None
        )

    def start(self) -> None:
        """Resume what an earlier run left, and start the threads."""
        for key in self._store.resume(MOST_ATTEMPTS, FAILED):
            self._replays.want(key, Source.UPLOAD)
        self._replays.start()
        self._thread.start()
        if self._live:
            self._live.start()

    def close(self, timeout: float = 5.0) -> None:
        """End the threads; a job that is not finished is resumed at the next start."""
        self._stopping.set()
        self._store.wake()
        if self._live:
            self._live.close(timeout)
        self._replays.close(timeout)
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._spares.close()

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
            lambda path: save_track(session.track, path),
        )
        self._metrics.judged(Source.KIOSK, session, assessment)
        _tell(key, Source.KIOSK, assessment)
        self._replays.want(key, Source.KIOSK)
        return key

    def _score_all(self) -> None:
        while not self._stopping.is_set():
            self.pulse.beat()
            try:
                job = self._store.take(timeout=1.0)
            except Exception as error:  # the table may be busy or the disk full for a while
                log.error("the queue cannot be read: %s", error, exc_info=not is_full(error))
                self._stopping.wait(5.0)
                continue
            if job is not None:
                self._finish(job)
            elif not (self._stopping.is_set() or self._give_way()):
                with suppress_and_log("no decoder can be made ready"):
                    self._spares.prepare()

    def _finish(self, job: Score) -> None:
        """Bring one job to an end, whatever happens to it."""
        try:
            self._score(job)
        except DecoderKilledError as error:
            log.error("score %s: something ended the decoder", job.id, extra={"score": job.id})
            if job.attempts < MOST_ATTEMPTS:
                self._note(job, status=Status.QUEUED)
            else:
                self._fail(job, sentence(str(error)))
        except SourceError as error:
            log.info("score %s: %s", job.id, error, extra={"score": job.id})
            self._fail(job, sentence(str(error)))
        except NetworkError as error:
            log.error("score %s: %s", job.id, error, extra={"score": job.id})
            self._again(job)
        except Exception as error:  # one job must never end the worker
            if is_full(error):  # not its fault: this attempt does not count
                log.error("score %s waits: %s", job.id, error, extra={"score": job.id})
                self._note(job, status=Status.QUEUED, attempts=job.attempts - 1)
                return
            if self._stopping.is_set():  # no thread can be started any more, for instance
                self._note(job, status=Status.QUEUED, attempts=job.attempts - 1)
                return
            log.exception("score %s failed", job.id, extra={"score": job.id})
            self._fail(job, FAILED)

    def _again(self, job: Score) -> None:
        """Score a video once more, whose networks have failed: better ones may be live by then."""
        if job.attempts >= MOST_ATTEMPTS:
            self._fail(job, FAILED)
            return
        self._stopping.wait(CHANGE_OVER)
        self._note(job, status=Status.QUEUED)

    def _fail(self, job: Score, message: str) -> None:
        self._metrics.failed(Source.UPLOAD)
        if self._note(job, status=Status.FAILED, error=message):
            self._store.remove_video(job.id)

    def _note(self, job: Score, **values: Any) -> bool:
        """Write into the table what comes of a job, as soon as there is room; tell whether it is
        there. Otherwise the job is resumed at the next start."""
        with suppress_and_log(f"what comes of score {job.id} cannot be written"):
            return write_patiently(
                lambda: self._store.update(job.id, **values),
                self._stopping,
                beat=self.pulse.beat,
            )
        return False

    def _score(self, job: Score) -> None:
        upload, clip = self._store.upload(job.id), self._store.path(job.id, CLIP)
        began, waited = monotonic(), 0.0
        with self._open_video(upload) as video:
            self._store.line.join(job.id, seconds=video.duration)
            session = self._open_session(Priority.UPLOAD, job.id, job.threshold, clip)

            def frames() -> Iterator[Frame]:
                nonlocal waited
                for count, frame in enumerate(video):
                    self.pulse.beat()
                    waited += self._wait_for_the_kiosk()
                    if self._stopping.is_set():
                        return
                    yield frame.flipped() if upload.name == MIRRORED else frame
                    self._store.set_progress(job.id, progress(frame.time, count, video.duration))

            try:
                session.push_all(frames())
                if self._stopping.is_set():
                    session.discard()
                    # Not its fault: this attempt does not count.
                    self._store.update(
                        job.id, status=Status.QUEUED, attempts=job.attempts - 1
                    )  # fmt: skip
                    return
                assessment = session.finish()
            except BaseException:
                session.discard()
                raise
        self._store.line.measured(assessment.duration, monotonic() - began - waited)
        self._keep(job.id, session, assessment)

    def _open_session(
        self, priority: Priority, key: str, threshold: float, clip: Path
    ) -> ScoringSession:
        return ScoringSession(
            self._scheduler.open_stream(priority),
            self._judge(),
            threshold=threshold,
            clip=clip,
            replay=self._store.incoming / f"replay-{key}.mp4",
            pose_model=self._scheduler.name,
            looks=UPLOAD_LOOKS,
        )

    def _keep(self, key: str, session: ScoringSession, assessment: Assessment) -> None:
        """Keep the result of a video, and not the video."""
        with ExitStack() as undo:
            if session.replay:
                undo.callback(session.replay.discard)
            self._keep_result(key, session, assessment)
            undo.pop_all()
        self._replays.want(key, Source.UPLOAD, session.replay)

    def _keep_result(self, key: str, session: ScoringSession, assessment: Assessment) -> None:
        save_track(session.track, self._store.path(key, TRACK))
        replay = Replay.PENDING if self._store.path(key, CLIP).is_file() else Replay.NONE
        self._store.update(key, status=Status.DONE, assessment=assessment.to_dict(), replay=replay)
        # The clean clip is all that is needed from now on; the file may name place and owner.
        self._store.upload(key).unlink(missing_ok=True)
        came = self._store.get(key)
        wait = None if came is None else time() - came.created.timestamp()
        self._metrics.judged(Source.UPLOAD, session, assessment, wait)
        _tell(key, Source.UPLOAD, assessment, wait)

    def _open_live(self, partial: Partial, clip: Path) -> ScoringSession:
        return self._open_session(Priority.ARRIVING, partial.key, partial.threshold, clip)

    def _keep_live(self, key: str, session: ScoringSession, clip: Path) -> None:
        assessment = session.finish()
        if clip.is_file():
            shutil.move(clip, self._store.path(key, CLIP))
        self._keep(key, session, assessment)

    def _wait_for_the_kiosk(self) -> float:
        """Return once nobody records at the kiosk, and how many seconds that took."""
        began = monotonic()
        while self._give_way() and not self._stopping.is_set():
            self._stopping.wait(GIVE_WAY)
        return monotonic() - began


def _tell(
    key: str, source: Source, assessment: Assessment, wait: float | None = None
) -> None:  # fmt: skip
    """Write one line about a result into the log: what came of it, and nothing about the person."""
    took = "" if wait is None else f", {1000 * wait:.0f} ms after it came"
    log.info("score %s: %s, from %s%s", key, assessment.verdict.value, source.value, took,
             extra={"score": key})  # fmt: skip


def progress(time: float, count: int, duration: float | None) -> float:
    """Return how far a video is, 0 to 1, by its time in seconds or else by counting frames."""
    if duration:
        return min(time / duration, 0.99)
    return 0.99 * (1 - math.exp(-count / TYPICAL_FRAMES))


def sentence(text: str) -> str:
    """Return an error's message as a sentence for a page."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
