"""From a recorded repetition to what the kiosk would see of it, and on to the network's input.

A clip is "filmed": stretched in time, mirrored, put before a camera, sampled at a camera's rate,
and given a pose estimator's errors. The features then come from :mod:`edge`, so that training
and use cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from edge.joints import BODY_25, TEN
from edge.preprocessing import RATE, differences
from edge.repetitions import MARGIN, find_repetitions, with_margin
from edge.track import PoseTrack
from training.datasets import ANKLES, TEN_NAMES, Clip
from training.projection import Camera, FloatArray

Features = npt.NDArray[np.float32]

OTHER_SIDE: Final = {"l": "r", "r": "l"}

MIRRORED: Final = [
    TEN_NAMES.index(OTHER_SIDE.get(name[0], name[0]) + name[1:]) for name in TEN_NAMES
]
"""For every joint of the ten, the index of the joint on the other side."""

NECK, MID_HIP = TEN_NAMES.index("neck"), TEN_NAMES.index("midhip")


@dataclass(frozen=True, slots=True)
class Shot:
    """How a clip is filmed; the default is a still, exact camera straight in front.

        track = film(clip, Shot.random(rng), rng)

    :param camera: where the camera stands; only clips in three dimensions use it.
    :param tempo: how many times slower than recorded the person moves.
    :param mirror: whether left and right are swapped.
    :param rate: frames per second of the camera, at most the clip's own.
    :param jitter: standard deviation of a frame's time, as a share of the time between frames.
    :param tremble: standard deviation of each frame's own joint error, in torso lengths.
    :param drift: standard deviation of the slowly changing joint error, in torso lengths.
    :param neck: how far above the recorded neck this estimator puts it, in torso lengths.
    :param lost: how many joints are lost for a moment.
    :param cut: seconds of the margin missing before and after the repetition.
    """

    camera: Camera = field(default_factory=Camera)
    tempo: float = 1.0
    mirror: bool = False
    rate: float = RATE
    jitter: float = 0.0
    tremble: float = 0.0
    drift: float = 0.0
    neck: float = 0.0
    lost: int = 0
    cut: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def random(cls, rng: np.random.Generator) -> Shot:
        """Return a shot as varied as gyms, cameras and pose estimators are."""
        return cls(
            camera=Camera.random(rng),
            tempo=float(np.exp(rng.uniform(np.log(0.7), np.log(1.4)))),
            mirror=bool(rng.random() < 0.5),
            rate=rng.uniform(24, 30),
            jitter=rng.uniform(0, 0.1),
            tremble=rng.uniform(0, 0.012),
            drift=rng.uniform(0, 0.02),
            neck=rng.uniform(-0.1, 0.1),
            lost=int(rng.choice([0, 0, 0, 1, 2])),
            cut=(rng.choice([0, rng.uniform(0, MARGIN)]), rng.choice([0, rng.uniform(0, MARGIN)])),
        )


def film(clip: Clip, shot: Shot, rng: np.random.Generator) -> PoseTrack:
    """Return the track that a pose estimator would make of the clip, in BODY_25 order."""
    joints = clip.joints
    if shot.mirror:
        joints = joints[:, MIRRORED] * np.array([-1.0, *[1.0] * (joints.shape[2] - 1)])
    if joints.shape[2] == 3:
        joints = shot.camera.project(joints, ANKLES)

    times = (clip.times - clip.times[0]) * shot.tempo
    at = _frame_times(float(times[-1]), shot, rng)
    joints = PchipInterpolator(times, joints)(at)

    torso = np.median(np.linalg.norm(joints[:, NECK] - joints[:, MID_HIP], axis=1))
    joints[:, NECK] += shot.neck * (joints[:, NECK] - joints[:, MID_HIP])
    joints += torso * _errors(joints.shape, shot, rng)

    body = np.full((len(at), len(BODY_25), 2), np.nan)
    confidence = np.zeros((len(at), len(BODY_25)))
    body[:, list(TEN)], confidence[:, list(TEN)] = joints, 1.0
    for joint in rng.choice(TEN, shot.lost, replace=False):
        start = rng.uniform(0, at[-1])
        gone = (at >= start) & (at < start + rng.uniform(0.1, 0.4))
        if not gone.all():
            confidence[gone, joint] = 0.0
    return PoseTrack(at, body, confidence)


def _frame_times(duration: float, shot: Shot, rng: np.random.Generator) -> FloatArray:
    """Return when the camera takes its frames, from 0 to at most ``duration`` seconds."""
    count = int(duration * shot.rate + 1e-6) + 1
    times = np.arange(count) / shot.rate
    times += np.clip(rng.normal(0, shot.jitter, count), -0.3, 0.3) / shot.rate
    return np.clip(times - times[0], 0, duration)[: count - (times[-1] - times[0] > duration)]


def _errors(shape: Sequence[int], shot: Shot, rng: np.random.Generator) -> FloatArray:
    """Return an estimator's errors, in torso lengths: a tremble and a slow drift."""
    tremble = rng.normal(0, 1, shape)
    drift = gaussian_filter1d(rng.normal(0, 1, shape), RATE / 5, axis=0, mode="wrap")
    drift /= max(float(drift.std()), 1e-9)
    return shot.tremble * tremble + shot.drift * drift


def judged_part(track: PoseTrack, cut: tuple[float, float] = (0.0, 0.0)) -> PoseTrack:
    """Return the part of a one-repetition track that the classifier judges.

    It is the deepest repetition with its margin; where none is deep enough to be found, the clip
    is taken to be cut to one repetition already.

    :param cut: seconds of the margin to leave out before and after.
    """
    found = find_repetitions(track)
    if not found:
        return track
    part = with_margin(track, max(found, key=lambda repetition: repetition.drop))
    return part.between(part.times[0] + cut[0], part.times[-1] - cut[1])


def features(clip: Clip, shot: Shot, rng: np.random.Generator) -> Features:
    """Film a clip and return the network's input, [T, 20] float32.

    :raises FeatureError: the clip is too short.
    """
    return differences(judged_part(film(clip, shot, rng), shot.cut))
