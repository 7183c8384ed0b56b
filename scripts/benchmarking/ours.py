"""This software's own two ways: an uploaded file, and the live camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from benchmarking.runs import Run, Timed, processor_time
from edge.classifier import Classifier
from edge.frames.camera import Camera
from edge.frames.camera_demo import DemoCamera
from edge.frames.sandbox import SandboxedVideo
from edge.frames.spare import SpareKeeper
from edge.live import LiveCamera
from edge.pose import PoseEstimator
from edge.pose.scheduler import PoseScheduler, Priority
from edge.replay import render_replay
from edge.session import UPLOAD_LOOKS, ScoringSession

START_SECONDS: Final = 2.0
"""A decoder is surely ready after these, while nothing else is at work."""


@dataclass(frozen=True, slots=True)
class LiveSet:
    """One recording at the kiosk.

    :param judged: frames whose joints were looked for.
    :param skipped: frames that were left out by rule.
    :param dropped: frames that were lost by accident.
    :param verdict_ms: milliseconds from the end of the recording to the verdict.
    :param pose_ms: milliseconds of each frame's pose.
    :param score: 0 to 1; None where it was not judged.
    """

    judged: int
    skipped: int
    dropped: int
    verdict_ms: float
    pose_ms: list[float]
    score: float | None


class Ours:
    """The kiosk's scoring, its networks loaded.

        ours = Ours(classifier)
        run = ours.run(clip, folder)
        sets = ours.live(clip, folder, sets=20, seconds=6.0)

    :param classifier: who judges.
    :param estimator: what finds the joints.
    """

    def __init__(self, classifier: Classifier, estimator: PoseEstimator) -> None:
        self._classifier = classifier
        self._scheduler = PoseScheduler(estimator)
        self._spares = SpareKeeper()

    def run(self, clip: Path, folder: Path) -> Run:
        """Score a file as the server does, with its clip and replay in ``folder``."""
        clean, replay = folder / "clip.mp4", folder / "replay.mp4"
        self._spares.prepare()
        sleep(START_SECONDS)  # in an idle server a decoder is ready
        began, before = perf_counter(), processor_time()
        stream = Timed(self._scheduler.open_stream(Priority.UPLOAD))
        along = folder / "along.mp4"
        session = ScoringSession(
            stream, self._classifier, clip=clean, replay=along, looks=UPLOAD_LOOKS
        )
        with SandboxedVideo(clip, spares=self._spares) as video:
            session.push_all(video)
        found = session.finish()
        judged = perf_counter()
        if not (session.replay and session.replay.take(replay)):
            render_replay(clean, session.track, replay)
        rendered = perf_counter()
        return Run(
            clip.name, found.duration, found.frames.pushed, stream.took,
            judged - began, rendered - began, processor_time() - before, found.score,
            {"verdict": judged - began, "replay": rendered - judged},
        )  # fmt: skip

    def live(
        self,
        clip: Path,
        folder: Path,
        *,
        sets: int,
        seconds: float,
        open_camera: Callable[[Path], Camera] = DemoCamera,
    ) -> list[LiveSet]:
        """Score sets of the clip played as a camera, one after another as at the kiosk."""
        camera = LiveCamera(lambda: open_camera(clip))
        camera.start()
        try:
            return [self._set(camera, folder / "live.mp4", seconds) for _ in range(sets)]
        finally:
            camera.stop()

    def _set(self, camera: LiveCamera, clean: Path, seconds: float) -> LiveSet:
        stream = Timed(self._scheduler.open_stream(Priority.CAMERA))
        session = ScoringSession(stream, self._classifier, clip=clean, live_words=True)
        with camera.tap() as frames:
            frame = frames.get(10.0)
            end = perf_counter() + seconds
            while perf_counter() < end:
                session.push(frame)
                frame = frames.get(10.0)
            ended = perf_counter()
            session.push(frames.newest() or frame)
            session.skipped, session.dropped = frames.skipped, frames.dropped
        found = session.finish()
        took = 1000 * (perf_counter() - ended)
        counts = found.frames
        return LiveSet(
            counts.pushed, counts.skipped, counts.dropped, took, stream.took, found.score
        )  # fmt: skip
