"""Measure the pose model's errors on rendered clips, and keep them for training.

python -m training.synthetic.measure_pose_errors training/runs/rendered/errors --write
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from edge.joints import BODY_25, MID_HIP, TEN
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import FloatArray
from training.rendered_clips import RenderedClip, load_clips
from training.synthetic.pose_errors import (
    AFTER,
    BEFORE,
    DURING,
    FOUND,
    PATH,
    PHASES,
    UNKNOWN,
    ErrorBank,
    phase_of,
    standing_torso,
    view_of,
)

SMOOTH_SECONDS: Final = 0.13
"""Standard deviation of the Gaussian over time that parts the bias from the tremble: two frames
of the measured clips.  What is left is white: neighbouring frames do not know of each other."""

LEAST_SEEN: Final = 0.5
"""Share of the frames in which the subject must have been seen for a clip to be kept."""

BOTTOM: Final = 0.15
"""Frames of which the phase is this close to 0.5 are the bottom."""

YAWS: Final = ((0, 15), (15, 30), (30, 45))
HEIGHTS: Final = ((0.6, 1.0), (1.0, 1.6), (1.6, 2.0))


def bank_of(clips: Sequence[RenderedClip]) -> ErrorBank:
    """Return the errors of rendered clips of one repetition each.

    Left out are clips in which the body reaches out of the picture, whose dropped joints say
    nothing of other views, and clips whose subject was hardly seen.

    :raises ValueError: no clip is left.
    """
    kept = [clip for clip in clips if usable(clip)]
    if not kept:
        raise ValueError("no clip shows a whole body that was tracked")
    parts = [_errors(clip) for clip in kept]
    bias, tremble, confidence = (np.stack(part) for part in zip(*parts, strict=True))
    return ErrorBank(
        bias,
        tremble,
        confidence,
        np.stack([view_of(clip.camera) for clip in kept]),
        np.array([clip.person for clip in kept]),
    )


def usable(clip: RenderedClip) -> bool:
    """Tell whether a clip shows the pose model's errors and nothing else."""
    size = (clip.camera.width, clip.camera.height_px)
    inside = ((clip.known > 0) & (clip.known < size)).all()
    seen = _seen(clip)
    phase = phase_of(clip.times, clip.repetitions[0])
    moments = [seen[phase <= 0], seen[(phase > 0) & (phase < 1)], seen[phase >= 1]]
    return bool(inside) and all(len(part) and part.mean() >= LEAST_SEEN for part in moments)


def _seen(clip: RenderedClip) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(clip.tracked[:, MID_HIP]).all(axis=1))


def _errors(clip: RenderedClip) -> tuple[npt.NDArray[np.float32], ...]:
    """Return bias, tremble and confidence of one clip, as the bank has them."""
    phase = phase_of(clip.times, clip.repetitions[0])
    seen = _seen(clip)
    apart = errors_of(clip)[:, FOUND]
    flat = apart.reshape(len(apart), -1)
    flat = np.stack([np.interp(clip.times, clip.times[seen], row[seen]) for row in flat.T], axis=1)
    apart = flat.reshape(apart.shape)
    rate = (len(clip.times) - 1) / (clip.times[-1] - clip.times[0])
    smooth = gaussian_filter1d(apart, SMOOTH_SECONDS * rate, axis=0, mode="nearest")
    grid = np.linspace(0, 1, PHASES)
    low, high = phase <= 0, phase >= 1
    middle = ~low & ~high
    inner = _between(grid[1:-1], phase[middle], smooth[middle])
    bias = np.concatenate([smooth[low].mean(0)[None], inner, smooth[high].mean(0)[None]])
    confidence = clip.confidence[:, FOUND]
    sure = np.concatenate(
        [
            confidence[low].mean(0)[None],
            _between(grid[1:-1], phase[middle], confidence[middle]),
            confidence[high].mean(0)[None],
        ]
    )
    # White noise loses a little to the smooth part; it is given back.
    impulse = np.eye(1, 61, 30)[0]
    kept_share = np.linalg.norm(impulse - gaussian_filter1d(impulse, SMOOTH_SECONDS * rate))
    rest = (apart - smooth)[seen] / kept_share
    kept = [
        _spread(rest[part[seen]], count)
        for part, count in ((low, BEFORE), (middle, DURING), (high, AFTER))
    ]
    return bias.astype(np.float32), np.concatenate(kept).astype(np.float32), sure.astype(np.float32)


def _between(wanted: FloatArray, phase: FloatArray, values: FloatArray) -> FloatArray:
    """Return values [T, ...] of increasing phases at the wanted phases, by interpolation."""
    after = np.clip(np.searchsorted(phase, wanted), 1, max(len(phase) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(phase) - 1)
    share = (wanted - phase[before]) / np.maximum(phase[after] - phase[before], 1e-9)
    share = np.clip(share, 0, 1).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[before] * (1 - share) + values[after] * share)


def _spread(values: FloatArray, count: int) -> FloatArray:
    """Return so many of the values [T, ...], evenly spread; some twice if there are too few."""
    return np.asarray(values[np.linspace(0, len(values) - 1, count).round().astype(int)])


def errors_of(clip: RenderedClip) -> FloatArray:
    """Return how far each joint is off [T, 25, 2], in torso lengths of the standing person."""
    phase = phase_of(clip.times, clip.repetitions[0])
    return (clip.tracked - clip.known) / standing_torso(clip.known, phase)


def moments(clip: RenderedClip) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the frames [T] that are standing, and those at the bottom."""
    phase = phase_of(clip.times, clip.repetitions[0])
    return {"standing": (phase <= 0) | (phase >= 1), "bottom": np.abs(phase - 0.5) <= BOTTOM}


def lost(clip: RenderedClip) -> FloatArray:
    """Return which joints [T, 25] the kiosk would count as missing."""
    return np.asarray(clip.confidence < MIN_CONFIDENCE)


def joint_table(clips: Sequence[RenderedClip]) -> str:
    """Return bias, median and 95th percentile of each joint as a Markdown table."""
    lines = [
        "| joint | standing: bias x, y | median | p95 | bottom: bias x, y | median | p95 | lost |",
        "|---|---|---|---|---|---|---|---|",
    ]
    at = {
        name: np.concatenate([errors_of(clip)[moments(clip)[name]] for clip in clips])
        for name in ("standing", "bottom")
    }
    gone = np.concatenate([lost(clip) for clip in clips]).mean(axis=0)
    for joint, name in enumerate(BODY_25):
        if joint in UNKNOWN:
            continue
        cells = [name]
        for errors in at.values():
            x, y = np.nanmedian(errors[:, joint], axis=0)
            middle, high = np.nanpercentile(np.hypot(*errors[:, joint].T), [50, 95])
            cells += [f"{x:+.3f}, {y:+.3f}", f"{middle:.3f}", f"{high:.3f}"]
        lines.append(f"| {' | '.join(cells)} | {gone[joint]:.2%} |")
    return "\n".join(lines)


def view_table(clips: Sequence[RenderedClip], joints: Sequence[int]) -> str:
    """Return the error of some joints by where the camera stands, as a Markdown table."""
    lines = ["| view | clips | median | p95 | lost joints |", "|---|---|---|---|---|"]

    chosen = {
        f"{low}-{high} degrees aside": [
            clip for clip in clips if low <= abs(np.rad2deg(clip.camera.yaw)) < high
        ]
        for low, high in YAWS
    } | {
        f"camera {low}-{high} m high": [clip for clip in clips if low <= clip.camera.height < high]
        for low, high in HEIGHTS
    }
    for name, some in chosen.items():
        if some:
            apart = np.concatenate([np.hypot(*errors_of(c)[:, joints].T).ravel() for c in some])
            middle, high = np.nanpercentile(apart, [50, 95])
            gone = np.concatenate([lost(c)[:, joints].ravel() for c in some]).mean()
            lines.append(f"| {name} | {len(some)} | {middle:.3f} | {high:.3f} | {gone:.2%} |")
    return "\n".join(lines)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help=f"Write the bank to {PATH.name} as well.")
def main(folder: Path, write: bool) -> None:
    """Show the pose model's errors on the rendered clips of FOLDER."""
    everything = load_clips(folder)
    clips = [clip for clip in everything if usable(clip)]
    one = sum(clip.choice == "one" for clip in everything)
    unseen = np.concatenate([~np.isfinite(clip.tracked[:, 0, 0]) for clip in everything]).mean()
    print(f"{len(everything)} clips: {one} with one subject, {len(clips)} with the whole body in")
    print(f"the picture; the subject is missing in {unseen:.2%} of all frames")
    print(joint_table(clips))

    print(view_table(clips, TEN))
    if write:
        bank_of(everything).save(PATH)
        print(f"{PATH.name}: {PATH.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
