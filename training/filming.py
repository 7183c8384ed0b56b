"""From a movement to what the kiosk would see of it, and on to the network's inputs.

A take is "filmed": mirrored, stretched in time, put before a camera, sampled at a camera's rate,
and given the pose model's measured errors. The features then come from :mod:`edge`, so that
training and use cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from edge.exercises import load
from edge.joints import BODY_25, INDEX, SWAP, TEN
from edge.preprocessing import RATE, differences, head, positions, prepare
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from training.synthetic.camera import Camera, project
from training.synthetic.clips import sample_camera
from training.synthetic.pose_errors import ErrorBank
from training.synthetic.timing import Repetition
from training.takes import Take

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

INPUTS: Final = {"differences": 2 * len(TEN), "positions": 2 * len(TEN), "head": 5}
"""Every input that a network may have, and its numbers per frame."""

ANKLE_HEIGHT: Final = 0.08
"""Metres from the floor to the middle of an adult's ankle joint."""

MOST_CUT: Final = 0.6
"""Share of the way down, or up, that a clip lacks at most: people start the recording late."""

FRAME_RATES: Final = ((15, 24), (24, 31), (31, 60))
"""Frames per second of slow, usual and fast cameras."""

SQUAT: Final = load("squat")


@dataclass(frozen=True, slots=True)
class Shot:
    """How a take is filmed; the default is a still, exact camera straight in front.

        track = film(take, Shot.random(rng), rng)

    :param camera: where the camera stands; only takes in three dimensions use it.
    :param rate: frames per second.
    :param jitter: standard deviation of a frame's time, as a share of the time between frames.
    :param tempo: how many times slower than recorded the person moves.
    :param mirror: whether left and right are swapped.
    :param errors: whether the pose model's measured errors are added.
    :param neck: how far above the recorded neck this estimator puts it, in torso lengths.
    :param headless: whether the source knows only the ten joints.
    :param cut: shares of the way down and of the way up that the clip lacks; 0: nothing, and the
        margin is there.
    """

    camera: Camera = field(default_factory=Camera)
    rate: float = RATE
    jitter: float = 0.0
    tempo: float = 1.0
    mirror: bool = False
    errors: bool = False
    neck: float = 0.0
    headless: bool = False
    cut: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def random(cls, rng: np.random.Generator) -> Shot:
        """Return a shot as varied as gyms, cameras and pose estimators are."""
        band = FRAME_RATES[int(rng.choice(3, p=[0.2, 0.6, 0.2]))]
        before, after = rng.uniform(0, MOST_CUT, 2) * (rng.random(2) < 0.2)
        return cls(
            camera=sample_camera(rng),
            rate=rng.uniform(*band),
            jitter=rng.uniform(0, 0.1),
            tempo=float(np.exp(rng.uniform(np.log(0.75), np.log(1.35)))),
            mirror=bool(rng.random() < 0.5),
            errors=True,
            neck=rng.uniform(-0.1, 0.1),
            headless=bool(rng.random() < 0.4),
            cut=(float(before), float(after)),
        )


def film(take: Take, shot: Shot, rng: np.random.Generator, bank: ErrorBank | None) -> PoseTrack:
    """Return the track that a pose estimator would make of the take, in BODY_25 order.

    :param bank: the pose model's errors; needed where the shot asks for them.
    """
    times = (take.times - take.times[0]) * shot.tempo
    at = _frame_times(float(times[-1]), shot, rng)
    joints = np.full((len(at), len(BODY_25), take.joints.shape[2]), np.nan)
    joints[:, list(take.which)] = CubicSpline(times, take.joints)(at)
    if shot.mirror:
        joints = joints[:, list(SWAP)] * np.array([-1.0, *[1.0] * (joints.shape[2] - 1)])
    if joints.shape[2] == 3:
        ankles = joints[:, [INDEX["LAnkle"], INDEX["RAnkle"]]].reshape(-1, 3)
        joints = joints - [*np.median(ankles, axis=0)[:2], ankles[:, 2].min() - ANKLE_HEIGHT]
        joints = project(joints, shot.camera)
    neck, hips = INDEX["Neck"], INDEX["MidHip"]
    joints[:, neck] += shot.neck * (joints[:, neck] - joints[:, hips])
    confidence = np.isfinite(joints).all(axis=2).astype(np.float64)
    if shot.errors and bank is not None:
        start, bottom, end = (float(moment) * shot.tempo for moment in take.moments)
        repetition = Repetition(start, bottom, bottom, end)
        joints, seen = bank.add(joints, at, repetition, shot.camera, rng)
        confidence *= seen
    if shot.headless:
        keep = np.isin(np.arange(len(BODY_25)), TEN)
        joints, confidence = np.where(keep[:, None], joints, np.nan), confidence * keep
    return PoseTrack(at, joints, confidence)


def _frame_times(duration: float, shot: Shot, rng: np.random.Generator) -> FloatArray:
    """Return when the camera takes its frames, from 0 to at most ``duration`` seconds."""
    count = int(duration * shot.rate + 1e-6) + 1
    times = np.arange(count) / shot.rate
    times += np.clip(rng.normal(0, shot.jitter, count), -0.3, 0.3) / shot.rate
    times -= times[0]
    return times[times <= duration + 1e-9]


def judged_part(track: PoseTrack, cut: tuple[float, float] = (0.0, 0.0)) -> PoseTrack:
    """Return the part of a one-repetition track that the model judges.

    It is the deepest repetition with its margin; where none is deep enough to be found, the clip
    is taken to be cut to one repetition already.

    :param cut: shares of the way down and of the way up to leave out; 0: nothing at all.
    """
    found = find_repetitions(track, SQUAT)
    if not found:
        return track
    deepest = max(found, key=lambda one: one.travel)
    part = with_margin(track, deepest)
    first, last = part.times[[0, -1]]
    if cut[0] > 0:
        first = deepest.start + cut[0] * (deepest.turn - deepest.start)
    if cut[1] > 0:
        last = deepest.end - cut[1] * (deepest.end - deepest.turn)
    return part.between(first, last)


def features(track: PoseTrack) -> Features:
    """Return all inputs that a network may have side by side: [T, 20 + 20 + 5] float32.

    :raises FeatureError: the track is too short.
    """
    prepared = prepare(track)
    return np.concatenate([differences(prepared), positions(prepared), head(prepared)], axis=1)
