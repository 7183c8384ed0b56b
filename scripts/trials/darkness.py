"""Measures how dark a clip may become before people are lost in it, and what is said of it then.

    .venv/bin/python scripts/trials/darkness.py edge/demo/good.mp4 edge/demo/bad.mp4

Each clip is darkened step by step, with a sensor's noise on each step, and scored. The table is
that of docs/cameras.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import numpy as np

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from edge.classifier import Classifier  # noqa: E402
from edge.frames import Frame, Picture  # noqa: E402
from edge.frames.picture import PictureWatch, sample  # noqa: E402
from edge.frames.video import VideoFile  # noqa: E402
from edge.pose.blazepose import BlazePose  # noqa: E402
from edge.session import ScoringSession  # noqa: E402

STEPS: Final = (1.0, 0.35, 0.2, 0.14, 0.1, 0.07, 0.05, 0.035)
NOISE: Final = 2.0


def darkened(frames: list[Frame], share: float) -> Iterator[Frame]:
    """Give the frames with a share of their light, and noise."""
    rng = np.random.default_rng(0)
    for frame in frames:
        picture: Picture = frame.picture
        if share < 1:
            noisy = share * picture + rng.normal(0, NOISE, picture.shape)
            picture = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
        yield Frame(picture, frame.time)


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--seconds", default=9.0, show_default=True, help="Of each clip.")
def main(clips: tuple[Path, ...], seconds: float) -> None:
    """Print a row for each clip and step."""
    model, judge = BlazePose(), Classifier.load()
    click.echo("| clip | light | brightness | seen | verdict | score | said |")
    click.echo("|---|---|---|---|---|---|---|")
    for clip in clips:
        with VideoFile(clip) as video:
            every = [frame for frame in video if frame.time < seconds]
        frames = every[::2] if len(every) > 20 * seconds else every
        for share in STEPS:
            session, watch = ScoringSession(model.open_stream(), judge), PictureWatch()
            bright, seen, said = [], 0, "ok"
            for frame in darkened(frames, share):
                bright.append(np.percentile(sample(frame.picture)[..., 1], 95))
                seen += session.push(frame).subject is not None
                said = watch.push(frame)
            found = session.finish()
            score = "-" if found.score is None else f"{found.score:.2f}"
            verdict = found.reason.value if found.reason else found.verdict.value
            click.echo(
                f"| {clip.stem} | {share:g} | {np.median(bright):.0f} | "
                f"{100 * seen / len(frames):.0f} % | {verdict} | {score} | {said} |"
            )


if __name__ == "__main__":
    main()
