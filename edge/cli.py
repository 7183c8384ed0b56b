"""The command line: ``python -m edge score INPUT...``."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av.error
import click
from pydantic import ValidationError
from tqdm import tqdm

from edge import __version__
from edge.assessment import Assessment, Verdict
from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.classifier import Classifier
from edge.errors import KioskError, ReplayError, SourceError
from edge.exercise import Exercise
from edge.exercises import DEFAULT, load
from edge.exercises import names as exercise_names
from edge.frames import Frame, FrameSource
from edge.frames.sandbox import SandboxedVideo
from edge.judging import RuleJudge
from edge.openpose_json import read_openpose_folder
from edge.pose import PoseEstimator
from edge.pose.blazepose import BlazePose
from edge.pose.opening import BACKENDS, Backend, backend_of, open_pose
from edge.replay import render_replay
from edge.session import UPLOAD_LOOKS, ScoringSession
from edge.settings import Settings
from edge.track import PoseTrack

UNREADABLE = 1
"""Exit code: at least one input could not be read. (2 is click's for a wrong command line.)"""

NOT_READY = 3
"""Exit code: the exercise's folder, its bundle or the pose networks are missing or damaged."""


class FiniteRange(click.FloatRange):
    """A range of numbers without "nan", which compares as neither too small nor too large."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; a wrong command line where it is none."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Score squats and other exercises from the command line."""


@main.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--threshold", type=FiniteRange(0, 1), default=None,
              help="Score from which a squat is good [default: the bundle's, 0.5].")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object per input and line.")
@click.option("--replay", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="Write the clip with the skeleton drawn into it (one video only).")  # fmt: skip
@click.option("--fps", type=FiniteRange(min=1, max=1000), default=None,
              help="Frames per second, for folders of OpenPose files.")  # fmt: skip
@click.option("--exercise", type=click.Choice(exercise_names()), default=DEFAULT,
              show_default=True, help="What is done in the videos.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="Model bundle to use instead of the shipped one or the rules.")  # fmt: skip
@click.option("--pose", type=click.Choice(BACKENDS), default=None,
              help="What finds the joints (docs/openpose.md) [default: blazepose].")  # fmt: skip
@click.option("--pose-bundle", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="Folder with its networks [default: what is flashed here].")  # fmt: skip
def score(  # noqa: PLR0917 - click gives the options by name
    inputs: tuple[Path, ...],
    threshold: float | None,
    as_json: bool,
    replay: Path | None,
    fps: float | None,
    exercise: str,
    bundle: Path | None,
    pose: Backend | None,
    pose_bundle: Path | None,
) -> None:
    """Say of each INPUT whether the repetitions in it were good or bad, and why.

    An INPUT is a video, or a folder of files that OpenPose wrote with --write_json (BODY_25);
    a folder needs --fps.

    Exit codes: 0 every input was read (also where a clip could not be judged), 1 at least one
    could not be read or the replay not be written, 2 the command line is wrong, 3 the models are
    missing or damaged.
    """
    check_replay(inputs, replay)
    # So that leaving early takes the scratch folder along: it holds a person's clip.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        scorer = Scorer(
            load(exercise), bundle, threshold, chosen_pose(pose, pose_bundle),
            show_progress=sys.stderr.isatty(),
        )  # fmt: skip
        if pose or pose_bundle:  # it may not be there, and then no input need be read
            scorer.pose()
    except KioskError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(NOT_READY)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.ClickException(
            f"KIOSK_{str(first['loc'][0]).upper()}: {first['msg']}"
        ) from error
    failed = False
    for path in inputs:
        try:
            with tempfile.TemporaryDirectory() as scratch:
                clip = Path(scratch, "clip.mp4") if replay else None
                assessment, track = (
                    scorer.folder(path, fps) if is_folder(path) else scorer.video(path, clip)
                )
                report(path, assessment, as_json=as_json)
                if clip and replay:
                    write_replay(clip, track, replay)
        except ReplayError as error:  # the result itself was printed
            failed = True
            click.echo(f"{printable(path)}: {error}", err=True)
        except SourceError as error:
            failed = True
            click.echo(f"{printable(path)}: {error}", err=True)
            if as_json:
                click.echo(json.dumps(failure(path, str(error), scorer.judge.label)))
    sys.exit(UNREADABLE if failed else 0)


def chosen_pose(pose: Backend | None, folder: Path | None) -> Callable[[], PoseEstimator]:
    """Return what loads the pose model.

    :param pose: its backend; None: the bundle's, and without one BlazePose.
    :param folder: its bundle; None: OpenPose's is the one that is live on this device.
    :raises BundleError: the bundle cannot be used.
    """
    if pose is None and folder is None:
        return BlazePose
    settings = Settings()
    if pose == "openpose" and folder is None:
        live = settings.data_dir / "engines" / pose / "live" / "bundle"
        folder = settings.pose_bundle or (live if live.is_dir() else None)
    bundle = Bundle.open(folder, settings.trust()) if folder else None
    backend = pose or backend_of(bundle)
    return lambda: open_pose(backend, bundle=bundle, model_folder=settings.openpose_models)


def check_replay(inputs: tuple[Path, ...], replay: Path | None) -> None:
    """Refuse a replay that cannot be written, or that would replace the video itself."""
    if replay is None:
        return
    if len(inputs) != 1 or is_folder(inputs[0]):
        raise click.UsageError("--replay takes exactly one video")
    folder = replay.absolute().parent
    if not folder.is_dir():
        raise click.UsageError(f"--replay: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"--replay: nothing can be written into {folder}")
    if replay.exists() and inputs[0].exists() and replay.samefile(inputs[0]):
        raise click.UsageError("--replay would overwrite the video itself; name another file")


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; one that cannot be looked at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def report(path: Path, assessment: Assessment, *, as_json: bool) -> None:
    """Print one result."""
    if as_json:
        click.echo(json.dumps({"input": str(path), **assessment.to_dict(), "error": None}))
    else:
        click.echo(describe(path, assessment))


def write_replay(clip: Path, track: PoseTrack, replay: Path) -> None:
    """Render the replay; :raises ReplayError: it cannot be written."""
    try:
        render_replay(clip, track, replay)
    except (OSError, av.error.FFmpegError) as error:
        raise ReplayError(f"the replay cannot be written: {error.strerror or error}") from error


class Scorer:
    """Scores inputs one after another with models that are loaded once.

    :param exercise: what is done in them.
    :param bundle: the model to use; None: the exercise's own, or its rules where it has none.
    :param open_estimator: loads the pose model for the first video.
    :raises BundleError: the bundle cannot be used.
    """

    def __init__(
        self,
        exercise: Exercise,
        bundle: Path | None,
        threshold: float | None,
        open_estimator: Callable[[], PoseEstimator] = BlazePose,
        *,
        show_progress: bool,
    ) -> None:
        self._exercise = exercise
        if bundle is None and exercise.bundle:
            bundle = DEFAULT_BUNDLE.parent / exercise.bundle
        self.judge = Classifier.load(bundle, exercise.name) if bundle else RuleJudge(exercise)
        self._threshold = self.judge.threshold if threshold is None else threshold
        self._show_progress = show_progress
        self._open_estimator = open_estimator
        self._estimator: PoseEstimator | None = None

    def video(self, path: Path, clip: Path | None) -> tuple[Assessment, PoseTrack]:
        """Score one video and write its clean clip; :raises SourceError: it cannot be read."""
        with SandboxedVideo(path) as video:
            estimator = self.pose()
            session = ScoringSession(
                estimator.open_stream(),
                self.judge,
                exercise=self._exercise,
                threshold=self._threshold,
                clip=clip,
                pose_model=estimator.name,
                looks=UPLOAD_LOOKS,
            )
            with self._progress(path, video.duration) as bar:
                try:
                    session.push_all(_shown(video, bar))
                except SourceError:
                    session.discard()
                    raise
            return session.finish(), session.track

    def folder(self, path: Path, fps: float | None) -> tuple[Assessment, PoseTrack]:
        """Score a folder of OpenPose files; :raises SourceError: it cannot be read."""
        if fps is None:
            raise SourceError("a folder of OpenPose files needs --fps")
        session = ScoringSession(
            None,
            self.judge,
            exercise=self._exercise,
            threshold=self._threshold,
            pose_model="openpose-json",
        )
        for time, people in read_openpose_folder(path, fps):
            session.push_poses(time, people)
        return session.finish(), session.track

    def pose(self) -> PoseEstimator:
        """Return the pose model; :raises PoseError: something of it is missing."""
        if self._estimator is None:
            with silent_stderr():
                self._estimator = self._open_estimator()
        return self._estimator

    def _progress(self, path: Path, duration: float | None) -> tqdm[Any]:
        return tqdm(
            total=duration,
            desc=printable(Path(path.name)),
            unit="s",
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total:.1f} s"
            if duration
            else "{desc}: {n:.1f} s",
            leave=False,
            disable=not self._show_progress,
        )


def _shown(video: FrameSource, bar: tqdm[Any]) -> Iterator[Frame]:
    """Pass frames on and show how far they are."""
    for frame in video:
        yield frame
        bar.update(max(0.0, frame.time - bar.n))


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep a native library's greeting off the terminal (LiteRT has no switch for it)."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def failure(path: Path, error: str, model: str) -> dict[str, Any]:
    """Return the JSON object of an input that could not be read."""
    return {
        "input": str(path), "verdict": None, "score": None, "reason": None, "repetitions": [],
        "faults": [], "model": model, "error": error,
    }  # fmt: skip


def printable(path: Path) -> str:
    """Return a path fit for one line of a terminal, whatever its name holds."""
    return "".join(c if c.isprintable() else "?" for c in str(path))


def describe(path: Path, assessment: Assessment) -> str:
    """Return the result as text for people."""
    if assessment.reason:
        return f"{printable(path)}: not judged. {assessment.cue.en}"
    count = len(assessment.repetitions)
    word = "GOOD" if assessment.verdict is Verdict.GOOD else "BAD"
    lines = [
        f"{printable(path)}: {word}, score {assessment.score:.2f} "
        f"(good from {assessment.threshold:.2f}), {count} repetition{'s' if count > 1 else ''}",
        f"  {assessment.cue.en}",
    ]
    for number, repetition in enumerate(assessment.repetitions, start=1):
        score = "not judged" if repetition.score is None else f"{repetition.score:.2f}"
        lines.append(f"  {number}. {repetition.start:.1f}-{repetition.end:.1f} s: {score}")
    return "\n".join(lines)
