"""From a track of one repetition to the classifier's input, as the thesis prescribes it.

The steps, with the thesis's where nothing else is said:

1. resample by time to 30 Hz, closing gaps between frames (ours: the thesis is silent on rates);
2. choose a reference frame among the first few: the most upright one;
3. one transform, taken from it, moves MidHip to (0, 0) and makes the torso 1 long;
4. smooth every coordinate over time with a Gaussian of standard deviation 1 frame;
5. take the differences between neighbouring frames: k frames give (k - 1) x 20 numbers.

Source: Park, Seoul National University, 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from edge.errors import FeatureError
from edge.joints import INDEX, L_ANKLE, MID_HIP, NECK, R_ANKLE, TEN
from edge.track import BoolArray, FloatArray, PoseTrack, once_per_track

Features = npt.NDArray[np.float32]

RATE: Final = 30.0
"""Frames per second at which the classifier works (ours; the thesis does not state its own)."""

SMOOTHING_SIGMA: Final = 1.0
"""Standard deviation of the Gaussian filter, in frames (thesis)."""

REFERENCE_FRAMES: Final = 10
"""The reference frame is one of the first so many frames (the thesis says "first few")."""

UPRIGHT: Final = 1.1
"""Whoever becomes taller than so many times the reference frame was not standing in it (ours)."""

HEAD: Final = (INDEX["Nose"], INDEX["REar"], INDEX["LEar"])

HEAD_SEEN: Final = 0.6
"""Share of a repetition's frames in which nose and ears must be seen for the head to count: what
is filled in between rare sights, as of an ear that is turned away, would be taken for a movement.
"""

FARTHEST: Final = 1000.0
"""Torso lengths: nobody's joints are further from their hips. What is, beside a torso of nearly no
length, is an error of the source, and squares of it are no numbers any more."""

MIN_CONFIDENCE: Final = 0.3
"""A joint seen with less confidence than this counts as missing and is interpolated."""

MIN_FRAMES: Final = 9
"""The least number of frames at 30 Hz from which features can be made: nobody squats in 0.3 s."""


def resample(track: PoseTrack, rate: float = RATE) -> PoseTrack:
    """Return the track at a fixed rate, with gaps closed by interpolation over time.

        track_30 = resample(track)

    Each coordinate is interpolated by a shape-preserving cubic (PCHIP) through the samples that
    were seen well enough, and held before the first and after the last of them. A joint that was
    never seen stays NaN. Positions are kept relative to the first MidHip that was seen, so that a
    track moved across the picture gives the very same numbers.

    :param track: any rate, even or not; T frames.
    :param rate: frames per second of the result.
    :raises FeatureError: the track is empty, or nobody's hips were seen in it.
    """
    if rate <= 0:
        raise ValueError(f"the rate must be above 0 Hz, not {rate}")
    seen = _seen(track)
    origin = origin_of(track)
    start, end = track.times[0], track.times[-1]
    # The small tolerance keeps the last frame when rounding puts it a hair before the grid.
    count = int(np.floor((end - start) * rate + 1e-6)) + 1
    times = start + np.arange(count) / rate
    joints = np.full((count, track.joints.shape[1], 2), np.nan)
    confidence = np.zeros((count, track.joints.shape[1]))
    # Joints seen in the same frames share one interpolation: as a rule that is nearly all of them.
    alike: dict[bytes, list[int]] = {}
    for joint in np.flatnonzero(seen.any(axis=0)):
        alike.setdefault(seen[:, joint].tobytes(), []).append(int(joint))
    for members in alike.values():
        good = seen[:, members[0]]
        at = track.times[good]
        values = np.take(track.joints[good], members, axis=1) - origin
        joints[:, members] = (
            PchipInterpolator(at, values)(np.clip(times, at[0], at[-1])) if len(at) > 1 else values
        )
        nearest = np.searchsorted((at[1:] + at[:-1]) / 2, times)
        confidence[:, members] = np.take(track.confidence[good], members, axis=1)[nearest]
    return PoseTrack(times, joints, confidence)


def origin_of(track: PoseTrack) -> FloatArray:
    """Return [2] the place against which :func:`resample` gives all others, in pixels.

    :raises FeatureError: nobody's hips were seen.
    """
    hips = np.flatnonzero(_seen(track)[:, MID_HIP])
    if not len(hips):
        raise FeatureError("the hips were never seen")
    return np.asarray(track.joints[hips[0], MID_HIP])


def _seen(track: PoseTrack) -> BoolArray:
    """Return [T, 25] which joints were seen well enough."""
    known = np.isfinite(track.joints).all(axis=2)
    return np.asarray(known & (track.confidence >= MIN_CONFIDENCE))


@once_per_track
def evenly(track: PoseTrack) -> PoseTrack:
    """Return the track at 30 Hz, as :func:`resample` makes it; made once for each track."""
    return resample(track)


def reference_frame(joints: FloatArray) -> int:
    """Return the index of the most upright of the first few frames.

    Upright is the greatest height of the neck above the ankles, or above the hips where the
    ankles are not seen. A clip that is cut so that it begins in the middle of the movement has
    nobody standing in its first frames: there the most upright of all frames is taken (ours).

    :param joints: [T, 25, 2], y down.
    """
    ankles = joints[:, [R_ANKLE, L_ANKLE], 1].mean(axis=1)
    low = np.where(np.isfinite(ankles), ankles, joints[:, MID_HIP, 1])
    height = low - joints[:, NECK, 1]
    if not np.isfinite(height).any():
        raise FeatureError("the neck was never seen")
    height = np.where(np.isfinite(height), height, -np.inf)
    first, tallest = int(np.argmax(height[:REFERENCE_FRAMES])), int(np.argmax(height))
    return first if height[first] * UPRIGHT >= height[tallest] else tallest


def normalise(joints: FloatArray) -> FloatArray:
    """Move and scale so that the reference frame has MidHip at (0, 0) and a torso of length 1.

    :param joints: [T, 25, 2] in any unit, y down.
    :return: [T, 25, 2] in torso lengths.
    :raises FeatureError: the reference frame has no torso to measure.
    """
    reference = joints[reference_frame(joints)]
    torso = float(np.hypot(*(reference[NECK] - reference[MID_HIP])))
    if not np.isfinite(torso) or torso <= np.finfo(float).tiny:
        raise FeatureError("the torso has no length in the reference frame")
    return np.asarray((joints - reference[MID_HIP]) / torso)


@once_per_track
def prepare(track: PoseTrack) -> FloatArray:
    """Return the joints that every input of a network is made from: steps 1 to 4.

        features = differences(prepare(with_margin(track, repetition)))

    :param track: one repetition, standing to standing, at any frame rate.
    :return: [k, 25, 2] torso lengths at 30 Hz, smoothed; NaN where a joint was never seen, and
        where one of the head was seen in too few frames.
    :raises FeatureError: fewer than :data:`MIN_FRAMES` frames at 30 Hz, or no torso was seen.
    """
    joints = evenly(track).joints
    if len(joints) < MIN_FRAMES:
        raise FeatureError(f"{len(joints)} frames are too few, at least {MIN_FRAMES} are needed")
    places = normalise(joints).clip(-FARTHEST, FARTHEST)
    smooth = gaussian_filter1d(places, SMOOTHING_SIGMA, axis=0, mode="nearest")
    rare = [joint for joint in HEAD if _seen(track)[:, joint].mean() < HEAD_SEEN]
    smooth[:, rare] = np.nan
    return np.asarray(smooth)


def differences(prepared: FloatArray) -> Features:
    """Return the thesis's input: how far each joint moves from frame to frame.

    A joint of the ten that was never seen counts as not moving.

    :param prepared: [..., k, 25, 2] from :func:`prepare`, of one clip or of several.
    :return: [..., k - 1, 20] float32 in torso lengths, joint by joint, x then y, in the order of
        :data:`edge.joints.TEN`; always finite.
    """
    ten = np.take(prepared, TEN, axis=-2)
    return _rows(ten[..., 1:, :, :] - ten[..., :-1, :, :])


def positions(prepared: FloatArray) -> Features:
    """Return where each of the ten joints is, which their movement alone cannot say.

    :return: [..., k - 1, 20] float32 in torso lengths from the hips of the reference frame, in the
        order of :func:`differences` and at the ends of its steps; 0 for a joint never seen.
    """
    return _rows(np.take(prepared[..., 1:, :, :], TEN, axis=-2))


def head(prepared: FloatArray) -> Features:
    """Return where nose and ears are against the neck, and whether they are known at all.

    :return: [..., k - 1, 5] float32: nose x and y, middle of the ears x and y, in torso lengths
        from the neck, and 1; all 0 in a clip where nose or ears were never seen, as in a source
        of ten joints.
    """
    after = prepared[..., 1:, :, :]
    ears = (after[..., INDEX["REar"], :] + after[..., INDEX["LEar"], :]) / 2
    neck = after[..., NECK, :]
    places = np.concatenate([after[..., INDEX["Nose"], :] - neck, ears - neck], axis=-1)
    rows = np.ones((*places.shape[:-1], 5), dtype=np.float32)
    rows[..., :4] = places
    rows[~np.isfinite(places).all(axis=(-2, -1))] = 0.0
    return rows


def _rows(values: FloatArray) -> Features:
    rows = values.reshape(*values.shape[:-2], -1).astype(np.float32)
    rows[np.isnan(rows)] = 0.0
    return rows


Preprocessing = Callable[[FloatArray], Features]
"""Makes an input [..., k - 1, C] of joints [..., k, 25, 2]; several clips are of equal length."""

PREPROCESSINGS: Final[dict[tuple[str, int], Preprocessing]] = {
    ("differences", 1): differences,
    ("positions", 1): positions,
    ("head", 1): head,
}
"""What a bundle's manifest may ask for, by name and version."""
