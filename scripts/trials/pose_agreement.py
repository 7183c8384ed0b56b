"""How far another pose backend is from the default one: joints, scores, verdicts, time.

    .venv/bin/python scripts/trials/pose_agreement.py --pose openpose --pose-bundle FOLDER [CLIP...]

Without clips: the demo clips, those of the tests, and the real ones in ``clips/`` beside the
checkout where they are. Each clip goes through a whole scoring session on both backends. For clips
whose joints are known, both are compared with the truth as well. What a backend saw is kept in
build/pose_agreement/, so that a run that was broken off goes on, and scoring anew takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from edge.assessment import Assessment  # noqa: E402
from edge.bundle import Bundle  # noqa: E402
from edge.classifier import Classifier  # noqa: E402
from edge.exercises import load  # noqa: E402
from edge.frames.video import VideoFile  # noqa: E402
from edge.joints import BODY_25, MID_HIP, NECK, TEN  # noqa: E402
from edge.judging import RuleJudge  # noqa: E402
from edge.pose import PoseEstimator  # noqa: E402
from edge.pose.opening import BACKENDS, Backend, open_pose  # noqa: E402
from edge.preprocessing import MIN_CONFIDENCE  # noqa: E402
from edge.session import ScoringSession  # noqa: E402
from edge.track import FloatArray, Pose, PoseTrack  # noqa: E402
from tests.clips import CLIPS, DEMO, KnownClip  # noqa: E402

KEPT = ROOT / "build" / "pose_agreement"
REAL = ROOT.parent / "shared" / "clips"
EXERCISES = {"press": "shoulder_press", "push": "push_up"}
"""What is done in a clip whose name begins so; elsewhere it is squats."""


@dataclass(frozen=True)
class Seen:
    """What a backend saw in a clip, and what came of it.

    :param times: [F] of all frames.
    :param track: the subject.
    :param milliseconds: per frame, of the pose model alone.
    """

    times: FloatArray
    track: PoseTrack
    assessment: Assessment
    milliseconds: float


def look(clip: Path, name: str, estimator: Callable[[], PoseEstimator]) -> Seen:
    """Return what a backend sees, from what was kept or by looking now."""
    kept = KEPT / f"{clip.stem}-{name}.npz"
    if not kept.is_file():
        _look_now(clip, estimator(), kept)
    with np.load(kept) as data:
        times, joints, sure, took = (data[key] for key in ("times", "joints", "sure", "took"))
    exercise = load(EXERCISES.get(clip.stem.split("_")[0], "squat"))
    judge = Classifier.load() if exercise.name == "squat" else RuleJudge(exercise)
    session = ScoringSession(None, judge, exercise=exercise)
    for time, people, confidences in zip(times, joints, sure, strict=True):
        present = np.flatnonzero(confidences.any(axis=1))
        session.push_poses(float(time), [Pose(people[i], confidences[i]) for i in present])
    assessment = session.finish()
    return Seen(times, session.track, assessment, 1000 * float(np.median(took)))


def _look_now(clip: Path, estimator: PoseEstimator, kept: Path) -> None:
    stream, times, seen, took = estimator.open_stream(), [], [], []
    with VideoFile(clip) as video:
        for frame in video:
            began = perf_counter()
            seen.append(stream.estimate(frame))
            took.append(perf_counter() - began)
            times.append(frame.time)
    most = max(1, *map(len, seen))
    joints = np.full((len(times), most, len(BODY_25), 2), np.nan)
    sure = np.zeros((len(times), most, len(BODY_25)))
    for number, people in enumerate(seen):
        for place, pose in enumerate(people):
            joints[number, place], sure[number, place] = pose.joints, pose.confidence
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(kept, times=times, joints=joints, sure=sure, took=took)


def on_frames(seen: Seen) -> FloatArray:
    """Return the subject's joints in every frame, [F, 25, 2]; NaN where not seen well."""
    joints = np.full((len(seen.times), len(BODY_25), 2), np.nan)
    start = seen.times[0] if len(seen.times) else 0.0
    rows = np.searchsorted(seen.times - start, seen.track.times - 1e-6)
    good = seen.track.confidence >= MIN_CONFIDENCE
    joints[rows] = np.where(good[..., None], seen.track.joints, np.nan)
    return joints


def distances(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return [F, 25] distances in torso lengths of ``other``, as it is when the person stands."""
    torso = np.hypot(*np.moveaxis(other[:, NECK] - other[:, MID_HIP], -1, 0))
    length = np.nanpercentile(torso, 90) if np.isfinite(torso).any() else np.nan
    return np.asarray(np.hypot(*np.moveaxis(one - other, -1, 0)) / length)


def spread(values: FloatArray) -> str:
    """Return median and 95th percentile as text."""
    if not np.isfinite(values).any():
        return "–"
    return f"{np.nanmedian(values):.3f} / {np.nanpercentile(values, 95):.3f}"


def outcome(assessment: Assessment) -> str:
    """Return verdict, score and repetitions as text."""
    if assessment.score is None:
        reason = assessment.reason.value if assessment.reason else ""
        return f"{reason} ({len(assessment.repetitions)})"
    return f"{assessment.verdict.value} {assessment.score:.2f} ({len(assessment.repetitions)})"


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table for Markdown."""
    names = list(heads)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def state(pose: str, bundle: Bundle | None) -> str:
    """Return what tells a backend from how it was before."""
    paths = sorted((ROOT / "edge" / "pose").glob(f"{pose}*.py"))
    content = b"".join(path.read_bytes() for path in paths)
    return hashlib.sha256(content + (bundle.digest.encode() if bundle else b"")).hexdigest()[:8]


def known(clip: Path, seen: Seen) -> FloatArray | None:
    """Return the known joints of one of our rendered clips, [F, 25, 2], or None."""
    folder = clip.resolve().parent
    if folder not in (CLIPS, DEMO):
        return None
    truth = KnownClip.load(clip.stem if folder == CLIPS else f"demo_{clip.stem}")
    return truth.joints[: len(seen.times), truth.subject] if truth.subject >= 0 else None


def every_clip() -> list[Path]:
    """Return the clips that are compared where none is named."""
    return sorted(DEMO.glob("*.mp4")) + sorted(CLIPS.glob("*.mp4")) + sorted(REAL.glob("*.*"))


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--pose", type=click.Choice(BACKENDS), default="openpose", show_default=True)
@click.option("--pose-bundle", type=click.Path(path_type=Path, exists=True), default=None)
@click.option("--threads", type=click.IntRange(1, 16), default=2, show_default=True)
def main(clips: tuple[Path, ...], pose: Backend, pose_bundle: Path | None, threads: int) -> None:
    """Compare a pose backend with the default one."""
    bundle = Bundle.open(pose_bundle) if pose_bundle else None
    makers = {
        "default": lambda: open_pose("blazepose", threads=threads),
        pose: lambda: open_pose(pose, bundle=bundle, threads=threads),
    }
    states = {"default": state("blazepose", None), pose: state(pose, bundle)}
    clip_rows, joint_rows = [], []
    apart: list[FloatArray] = []
    errors: dict[str, list[FloatArray]] = {name: [] for name in makers}
    for clip in clips or every_clip():
        default, other = (look(clip, f"{name}-{states[name]}", makers[name]) for name in makers)
        one, two = on_frames(default), on_frames(other)
        between = distances(two, one)
        apart.append(between)
        truth = known(clip, default)
        wrong = ["–", "–"]
        if truth is not None and np.isfinite(truth).any():
            both = [distances(joints, truth) for joints in (one, two)]
            for name, error in zip(makers, both, strict=True):
                errors[name].append(error)
            wrong = [spread(error[:, list(TEN)]) for error in both]
        ten = list(TEN)
        whole = [np.isfinite(joints[:, ten]).all(axis=(1, 2)).mean() for joints in (one, two)]
        clip_rows.append([
            clip.stem, len(default.times), f"{whole[0]:.2f}", f"{whole[1]:.2f}",
            spread(between[:, ten]), *wrong, outcome(default.assessment), outcome(other.assessment),
            f"{default.milliseconds:.0f}", f"{other.milliseconds:.0f}",
        ])  # fmt: skip
        click.echo(json.dumps(clip_rows[-1]), err=True)
    for joint, name in enumerate(BODY_25):
        columns = [np.concatenate([rows[:, joint] for rows in apart])]
        columns += [
            np.concatenate([rows[:, joint] for rows in errors[key]] or [np.zeros(0)])
            for key in makers
        ]
        joint_rows.append([name, *map(spread, columns)])
    click.echo(table(
        ["clip", "frames", "seen default", f"seen {pose}", "apart", "error default",
         f"error {pose}", "default", pose, "ms default", f"ms {pose}"], clip_rows,
    ))  # fmt: skip
    click.echo("\n" + table(["joint", "apart", "error default", f"error {pose}"], joint_rows))


if __name__ == "__main__":
    main()
