"""Stick people with known joints, as smooth functions of time, for tests of the geometry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25, INDEX
from edge.track import Pose, PoseTrack

FloatArray = npt.NDArray[np.float64]

# One torso is 1, the middle of the feet (0, 0), y down; the person faces the camera.
STANDING: dict[str, tuple[float, float]] = {
    "Nose": (0.0, -3.2), "Neck": (0.0, -2.75), "MidHip": (0.0, -1.75),
    "RShoulder": (-0.35, -2.75), "LShoulder": (0.35, -2.75),
    "RElbow": (-0.45, -2.2), "LElbow": (0.45, -2.2),
    "RWrist": (-0.45, -1.7), "LWrist": (0.45, -1.7),
    "RHip": (-0.18, -1.75), "LHip": (0.18, -1.75),
    "RKnee": (-0.22, -0.9), "LKnee": (0.22, -0.9),
    "RAnkle": (-0.25, 0.0), "LAnkle": (0.25, 0.0),
}  # fmt: skip

SQUAT: dict[str, tuple[float, float]] = {
    "Nose": (0.0, 0.95), "Neck": (0.0, 0.9), "MidHip": (0.0, 0.8),
    "RShoulder": (0.0, 0.9), "LShoulder": (0.0, 0.9),
    "RElbow": (0.0, 0.6), "LElbow": (0.0, 0.6), "RWrist": (0.05, 0.3), "LWrist": (-0.05, 0.3),
    "RHip": (0.0, 0.8), "LHip": (0.0, 0.8), "RKnee": (-0.2, 0.15), "LKnee": (0.2, 0.15),
}  # fmt: skip
"""How far each joint moves to the bottom of a full squat."""


def depth_at(times: FloatArray, *, begin: float = 0.5, length: float = 2.0) -> FloatArray:
    """Return 0 (standing) to 1 (bottom) for one squat of ``length`` seconds from ``begin`` on."""
    phase = np.clip((times - begin) / length, 0.0, 1.0)
    return np.asarray(np.sin(np.pi * phase) ** 2)


def joints_at(depth: FloatArray) -> FloatArray:
    """Return [T, 25, 2] joints in torso lengths for [T] depths; NaN for joints it lacks."""
    joints = np.full((len(depth), len(BODY_25), 2), np.nan)
    for name, place in STANDING.items():
        joints[:, INDEX[name]] = place + depth[:, None] * np.array(SQUAT.get(name, (0.0, 0.0)))
    return joints


def track_of(
    times: FloatArray, depth: FloatArray, *, scale: float = 100.0,
    offset: tuple[float, float] = (320.0, 400.0),
) -> PoseTrack:  # fmt: skip
    """Return a track with these depths at these times, ``scale`` pixels to the torso."""
    joints = joints_at(depth) * scale + np.array(offset)
    return PoseTrack(times, joints, np.isfinite(joints).all(axis=2).astype(np.float64))


def squat_track(times: FloatArray, *, begin: float = 0.5, length: float = 2.0) -> PoseTrack:
    """Return one squat sampled at ``times``."""
    return track_of(times, depth_at(times, begin=begin, length=length))


def with_ears(track: PoseTrack) -> PoseTrack:
    """Return the track with ears, which the stick people lack: their middle a little to the left.

    The track must be 100 pixels to the torso.
    """
    joints = track.joints.copy()
    for name, aside in (("REar", -8.0), ("LEar", 12.0)):
        joints[:, INDEX[name]] = joints[:, INDEX["Nose"]] + [aside, -4.0]
    return PoseTrack(track.times, joints, np.isfinite(joints).all(axis=2).astype(np.float64))


def poses_of(track: PoseTrack) -> list[tuple[float, Pose]]:
    """Return the track as times and poses."""
    return [
        (float(time), Pose(joints, confidence))
        for time, joints, confidence in zip(
            track.times, track.joints, track.confidence, strict=True
        )
    ]


def visitor(squats: int, *, speed: float, lens: float) -> PoseTrack:
    """Return somebody who walks up to the camera from 5 m, squats at 2.6 m and walks away again.

    :param speed: metres per second.
    :param lens: metres of the camera above the floor.
    """
    far, near = 5.0, 2.6
    walk = (far - near) / speed
    length = 2 * walk + 2 + 3 * squats
    times = np.arange(0, length, 1 / 30)
    depth = np.zeros(len(times))
    for number in range(squats):
        depth += depth_at(times, begin=walk + 1 + 3 * number)
    away = np.interp(times, [0, walk, length - walk, length], [far, near, near, far])[:, None]
    walking = (times < walk) | (times > length - walk)
    joints = joints_at(depth) * 0.5  # a torso of half a metre
    joints[..., 1] += (0.02 * np.sin(2 * np.pi * 1.8 * times) * walking)[:, None]
    pixels = 500 * np.stack([joints[..., 0] / away, (joints[..., 1] + lens) / away], axis=-1)
    pixels += np.random.default_rng(0).normal(0, 1, pixels.shape)
    return PoseTrack(times, pixels + 300, np.isfinite(pixels).all(axis=2).astype(np.float64))


def raised(track: PoseTrack, begin: float, end: float, sides: str = "R") -> PoseTrack:
    """Return the track with arms straight up between two moments (seconds).

    :param sides: ``R``, ``L`` or ``RL``.
    """
    joints = track.joints.copy()
    up = (track.times >= begin) & (track.times <= end)
    torso = joints[up, INDEX["MidHip"], 1] - joints[up, INDEX["Neck"], 1]
    for side in sides:
        shoulder = joints[up, INDEX[f"{side}Shoulder"]]
        for name, height in (("Elbow", 0.5), ("Wrist", 1.0)):
            joints[up, INDEX[side + name]] = shoulder
            joints[up, INDEX[side + name], 1] -= height * torso
    return PoseTrack(track.times, joints, track.confidence)
