"""One table of what this machine does with a clip: medians, and ratios to the clip's length."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from edge.assessment import Assessment  # noqa: E402
from edge.classifier import Classifier  # noqa: E402
from edge.exercises import load  # noqa: E402
from edge.faults import find_faults  # noqa: E402
from edge.frames.camera import DEMO_CLIPS  # noqa: E402
from edge.frames.camera_demo import DemoCamera  # noqa: E402
from edge.frames.sandbox import SandboxedVideo  # noqa: E402
from edge.frames.video import VideoFile  # noqa: E402
from edge.live import LiveCamera  # noqa: E402
from edge.measuring import measure as measure_quantities  # noqa: E402
from edge.pose.blazepose import BlazePose  # noqa: E402
from edge.pose.scheduler import PoseScheduler, Priority  # noqa: E402
from edge.preprocessing import prepare  # noqa: E402
from edge.repetitions import find_repetitions, with_margin  # noqa: E402
from edge.replay import render_replay  # noqa: E402
from edge.session import ScoringSession  # noqa: E402
from edge.track import PoseTrack  # noqa: E402

Row = tuple[str, str]


class Bench:
    """The models, loaded once, and the measurements."""

    def __init__(self) -> None:
        began = perf_counter()
        self.model = BlazePose()
        self.scheduler = PoseScheduler(self.model)
        self.classifier = Classifier.load()
        self.loading = perf_counter() - began

    def pose(self, clip: Path) -> list[float]:
        """Return milliseconds per frame of the pose model alone, detector included."""
        stream = self.model.open_stream()
        took = []
        with VideoFile(clip) as video:
            for frame in video:
                began = perf_counter()
                stream.estimate(frame)
                took.append(1000 * (perf_counter() - began))
        return took

    def upload(self, clip: Path) -> tuple[Assessment, ScoringSession, dict[str, float]]:
        """Score a file as the server does; return seconds until the verdict and the replay."""
        with tempfile.TemporaryDirectory() as scratch:
            clean, replay = Path(scratch, "clip.mp4"), Path(scratch, "replay.mp4")
            began = perf_counter()
            session = ScoringSession(
                self.scheduler.open_stream(Priority.UPLOAD), self.classifier, clip=clean
            )
            with SandboxedVideo(clip) as video:
                session.push_all(video)
            pushed = perf_counter()
            assessment = session.finish()
            judged = perf_counter()
            render_replay(clean, session.track, replay)
            rendered = perf_counter()
        return assessment, session, {
            "verdict": judged - began, "finish": judged - pushed, "replay": rendered - judged,
        }  # fmt: skip

    def live(self, clip: Path, seconds: float) -> tuple[Assessment, int]:
        """Score the clip as it comes from a camera; return also the frames that were dropped."""
        camera = LiveCamera(lambda: DemoCamera(clip))
        with tempfile.TemporaryDirectory() as scratch:
            session = ScoringSession(
                self.scheduler.open_stream(Priority.CAMERA), self.classifier,
                clip=Path(scratch, "clip.mp4"),
            )  # fmt: skip
            with camera.tap() as frames:
                camera.start()
                first = frame = frames.get(10.0)
                while frame.time - first.time < seconds:
                    session.push(frame)
                    frame = frames.get(10.0)
                session.dropped = frames.dropped
            camera.stop()
            assessment = session.finish()
        return assessment, session.dropped

    def steps(self, session: ScoringSession, times: int = 100) -> dict[str, float]:
        """Return the median milliseconds of processor time of each step after the pose model.

        The clip is cut to its first repetition.
        """
        exercise, classifier = load(), self.classifier
        clip = with_margin(session.track, find_repetitions(session.track)[0])
        inputs = classifier.inputs(prepare(clip)[None])
        took = []
        for _ in range(times):
            track = PoseTrack(clip.times, clip.joints, clip.confidence)  # remembers nothing yet
            ticks = [process_time()]
            (repetition, *_) = find_repetitions(track)
            part = with_margin(track, repetition)
            ticks.append(process_time())
            judgement = classifier.judge(part, repetition)
            ticks.append(process_time())
            turned = abs(judgement.view.yaw) if judgement.view else None
            measured = measure_quantities(exercise, part, repetition, turned)
            find_faults(exercise, measured, judgement)
            ticks.append(process_time())
            classifier.explain(part, repetition, judgement)
            ticks.append(process_time())
            classifier.run(inputs)
            ticks.append(process_time())
            took.append(np.diff(ticks))
        names = ("repetitions", "judging", "quantities and faults", "explanation", "network alone")
        return dict(zip(names, 1000 * np.median(took, axis=0), strict=True))


def memory() -> tuple[float, float]:
    """Return the peak resident memory, in MB, of this process and of its largest child."""
    own, child = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own, child


def keras_rows() -> list[Row]:
    """Compare ONNX Runtime with Keras, where the training environment exists."""
    python = ROOT / ".venv-training" / "bin" / "python"
    command = [str(python), "-m", "training.benchmark_classifier", "--json"]
    if not python.exists():
        return [("Keras beside ONNX Runtime", "not measured: there is no .venv-training")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if run.returncode != 0:
        return [("Keras beside ONNX Runtime", f"not measured: {run.stderr.splitlines()[-1:]}")]
    found = json.loads(run.stdout.splitlines()[-1])
    return [
        (
            "one clip of 120 frames: ONNX Runtime / Keras predict",
            f"{found['onnx_ms']:.2f} / {found['keras_ms']:.1f} ms "
            f"({found['keras_ms'] / found['onnx_ms']:.0f} times)",
        ),
        ("largest difference of their outputs", f"{found['largest_difference']:.1e}"),
    ]


def measure(bench: Bench, clip: Path) -> list[Row]:
    """Return the rows of one clip."""
    pose = bench.pose(clip)
    assessment, session, took = bench.upload(clip)
    length = assessment.duration or np.nan
    rows = [
        ("clip", f"{clip.name}, {length:.1f} s, {assessment.frames.pushed} frames"),
        (
            "pose per frame, median / p95",
            f"{np.median(pose):.1f} / {np.percentile(pose, 95):.1f} ms",
        ),
        ("upload to verdict", ratio(took["verdict"], length)),
        ("upload to verdict and replay",
         ratio(took["verdict"] + took["replay"], length)),
        ("last frame to verdict", f"{1000 * took['finish']:.0f} ms"),
    ]  # fmt: skip
    if assessment.repetitions:
        steps = bench.steps(session)
        alone = steps.pop("network alone")
        rows += [
            ("one repetition after the pose model, one core", f"{sum(steps.values()):.1f} ms"),
            *((f"of it {name}", f"{took:.2f} ms") for name, took in steps.items()),
            ("the network with all its outputs alone", f"{alone:.2f} ms"),
        ]
    live, dropped = bench.live(clip, length)
    rows.append(("score uploaded / live at camera pace", f"{show(assessment)} / {show(live)}"))
    if assessment.score is not None and live.score is not None:
        rows.append(("their difference", f"{abs(assessment.score - live.score):.4f}"))
    rows.append(("frames live: scored / dropped", f"{live.frames.pushed} / {dropped}"))
    return rows


def ratio(seconds: float, length: float) -> str:
    """Return seconds, and what share they are of the clip's length."""
    return f"{seconds:.2f} s, {seconds / length:.2f} of the clip"


def show(assessment: Assessment) -> str:
    """Return the score, or why there is none."""
    return assessment.reason.value if assessment.reason else f"{assessment.score:.4f}"


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(clips: tuple[Path, ...]) -> None:
    """Measure CLIPS, or the demo clips, and print one table in Markdown."""
    bench = Bench()
    rows: list[Row] = [
        ("machine", f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores"),
        ("loading the models", f"{bench.loading:.2f} s"),
    ]
    for clip in clips or (DEMO_CLIPS / "good.mp4", DEMO_CLIPS / "bad.mp4"):
        rows += measure(bench, clip)
    own, child = memory()
    rows.append(("peak memory: process / decoding child", f"{own:.0f} / {child:.0f} MB"))
    rows += keras_rows()
    click.echo("| what | measured |\n|---|---|")
    for name, value in rows:
        click.echo(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
