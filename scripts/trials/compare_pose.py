"""Our BlazePose beside the official one, on the same frames; started by ``compare_pose``.

Both follow the person from frame to frame; the official one with its smoothing over time switched
off, since ours has none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@click.group()
def main() -> None:
    """Run one side of the comparison."""


@main.command()
@click.argument("clip", type=click.Path(path_type=Path, exists=True))
@click.argument("output", type=click.Path(path_type=Path))
def official(clip: Path, output: Path) -> None:
    """Write the official landmarks, [T, 33, 2] pixels; run where mediapipe is installed."""
    import mediapipe  # type: ignore[import-not-found] # noqa: PLC0415 - only in its own environment

    from edge.frames.video import VideoFile  # noqa: PLC0415

    pose = mediapipe.solutions.pose.Pose(model_complexity=1, smooth_landmarks=False)
    rows = []
    with VideoFile(clip) as video:
        for frame in video:
            height, width = frame.picture.shape[:2]
            found = pose.process(np.ascontiguousarray(frame.picture[..., ::-1])).pose_landmarks
            rows.append(
                [[mark.x * width, mark.y * height] for mark in found.landmark]
                if found
                else np.full((33, 2), np.nan)
            )
    np.savez(output, landmarks=np.array(rows))


@main.command()
@click.argument("clip", type=click.Path(path_type=Path, exists=True))
@click.argument("reference", type=click.Path(path_type=Path, exists=True))
def compare(clip: Path, reference: Path) -> None:
    """Print how far our joints lie from the official ones, and both from known joints."""
    from edge.joints import INDEX, MID_HIP, NECK, TEN  # noqa: PLC0415
    from edge.pose.blazepose import LANDMARK_OF  # noqa: PLC0415

    ours = our_joints(clip)
    with np.load(reference) as data:
        landmarks = data["landmarks"]
    theirs = np.full_like(ours, np.nan)
    for name, landmark in LANDMARK_OF.items():
        theirs[:, INDEX[name]] = landmarks[:, landmark]
    for middle, sides in ((NECK, ("RShoulder", "LShoulder")), (MID_HIP, ("RHip", "LHip"))):
        theirs[:, middle] = theirs[:, [INDEX[side] for side in sides]].mean(axis=1)
    ten = list(TEN)
    height = np.nanmax(theirs[..., 1], axis=1) - np.nanmin(theirs[..., 1], axis=1)
    stands = float(np.nanmax(height))
    apart = np.hypot(*np.moveaxis(ours[:, ten] - theirs[:, ten], -1, 0))
    click.echo(
        f"{clip.name}: ours to the official one, ten joints, "
        f"{np.isfinite(apart).all(axis=1).sum()} of {len(ours)} frames: "
        f"median {100 * np.nanmedian(apart) / stands:.2f} % of body height "
        f"({np.nanmedian(apart):.1f} px), 95th percentile "
        f"{100 * np.nanpercentile(apart, 95) / stands:.2f} %"
    )
    known = known_joints(clip)
    if known is None:
        return
    torso = np.median(np.hypot(*(known[:, NECK] - known[:, MID_HIP]).T))
    for name, joints in (("ours", ours), ("official", theirs)):
        error = np.hypot(*np.moveaxis(joints[:, ten] - known[:, ten], -1, 0))
        click.echo(
            f"  {name} to the known joints: median {np.nanmedian(error):.1f} px, "
            f"{np.nanmedian(error) / torso:.3f} torso lengths; 95th percentile "
            f"{np.nanpercentile(error, 95):.1f} px; by joint "
            + json.dumps(dict(zip(
                [name for name, i in sorted(INDEX.items(), key=lambda item: item[1]) if i in ten],
                np.round(np.nanmedian(error, axis=0), 1).tolist(), strict=True,
            )))
        )  # fmt: skip


def our_joints(clip: Path) -> np.ndarray:
    """Return [T, 25, 2] pixels of the first person in each frame; NaN where there is none."""
    from edge.frames.video import VideoFile  # noqa: PLC0415
    from edge.pose.blazepose import BlazePose  # noqa: PLC0415

    stream = BlazePose().open_stream()
    rows: list[Any] = []
    with VideoFile(clip) as video:
        for frame in video:
            people = stream.estimate(frame)
            rows.append(people[0].joints if people else np.full((25, 2), np.nan))
    return np.array(rows)


def known_joints(clip: Path) -> np.ndarray | None:
    """Return the known joints of one of our rendered clips, [T, 25, 2], or None."""
    from tests.clips import CLIPS, DEMO, KnownClip  # noqa: PLC0415

    folder = clip.resolve().parent
    if folder not in (CLIPS, DEMO):
        return None
    known = KnownClip.load(clip.stem if folder == CLIPS else f"demo_{clip.stem}")
    return known.joints[:, known.subject]


if __name__ == "__main__":
    main()
