"""Walking of synthetic people along a path, footprint by footprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from training.synthetic.rig import SIDES, Posture, Rig, unit
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import minimum_jerk

# Usual walking (Winter 1991): a step is about 0.41 of the stature and 0.53 s long.
STEP = 0.38
STEP_SECONDS = 0.53
# A foot swings for four fifths of a step's time.
SWING = 0.8
TOE_OUT = 0.1  # radians


@dataclass(frozen=True)
class _Print:
    """A foot on the floor: when it lands and leaves (seconds), where and how it is turned."""

    land: float
    leave: float
    x: float
    y: float
    yaw: float


def _route(path: FloatArray, step: float) -> tuple[FloatArray, FloatArray]:
    """Return points a step apart along a path [N, 2] and the headings there [N]."""
    legs = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(legs)])
    count = max(2, round(float(along[-1]) / step) + 1)
    at = np.linspace(0, along[-1], count)
    points = np.stack([np.interp(at, along, path[:, i]) for i in range(2)], axis=-1)
    ahead = np.gradient(points, axis=0)
    # Yaw 0 faces -y, positive turns to the person's left (+x).
    return points, np.unwrap(np.arctan2(ahead[:, 0], -ahead[:, 1]))


def _prints(
    rig: Rig, path: FloatArray, leave: float, stand: Posture | None, yaw_end: float | None
) -> tuple[list[list[_Print]], float]:
    """Return the footprints of the left and right foot, and when the walk is over."""
    points, headings = _route(path, STEP * rig.body.phenotype.stature)
    if yaw_end is not None:
        turn = (yaw_end - headings[-1] + np.pi) % (2 * np.pi) - np.pi
        # At most 60 degrees in each step on the spot.
        extra = max(2, int(np.ceil(abs(turn) / np.deg2rad(60))) + 1)
        points = np.concatenate([points, np.repeat(points[-1:], extra, axis=0)])
        shares = minimum_jerk(np.arange(1, extra + 1) / (extra - 1))
        headings = np.concatenate([headings, headings[-1] + turn * shares])
    half = 0.055
    marks: list[list[tuple[float, float, float, float]]] = [[], []]
    for number, (point, yaw) in enumerate(zip(points, headings, strict=True)):
        side = number % 2
        sign = SIDES[side][1]
        aside = sign * half * np.array([np.cos(yaw), np.sin(yaw)])
        land = leave + number * STEP_SECONDS
        marks[side].append((land, *(point + aside), yaw))
        if number == 0:
            other = -sign * half * np.array([np.cos(yaw), np.sin(yaw)])
            marks[1].append((land, *(point + other), yaw))
    over = leave + len(points) * STEP_SECONDS
    if stand is not None and yaw_end is not None:
        for side, (_, sign) in enumerate(SIDES):
            x, y = stand.ankles[-1, side, :2]
            # The feet may turn out more in standing than in walking.
            angle = Rotation.from_matrix(stand.foot_turn[-1, side]).as_euler("ZYX")[0]
            outwards = (angle - yaw_end + np.pi) % (2 * np.pi) - np.pi
            outwards -= sign * (TOE_OUT - rig.toe_out)
            marks[side][-1] = (marks[side][-1][0], float(x), float(y), headings[-1] + outwards)
    answer: list[list[_Print]] = []
    for foot in marks:
        row = []
        for k, (land, x, y, yaw) in enumerate(foot):
            until = foot[k + 1][0] - SWING * STEP_SECONDS if k + 1 < len(foot) else np.inf
            row.append(_Print(-np.inf if k == 0 else land, until, x, y, yaw))
        answer.append(row)
    return answer, over


# Pitch of the foot (degrees, toes down positive) over one swing from lift to landing.
_PITCH = PchipInterpolator([0, 0.12, 0.4, 0.75, 1.0], [22, 42, 18, -12, -14])
_ROLL_OFF = 0.24  # seconds before lift in which the heel rises
_ROLL_ON = 0.12  # seconds after landing in which the foot goes flat


def _foot(
    rig: Rig, prints: Sequence[_Print], times: FloatArray, sign: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ankles [T, 3], turns [T, 3, 3] and yaws [T] of one foot."""
    count = len(times)
    base, yaw, pitch, lift = np.zeros((count, 2)), np.zeros(count), np.zeros(count), np.zeros(count)
    for here, there in zip(prints, [*prints[1:], None], strict=True):
        down = (times >= here.land) & (times <= here.leave)
        base[down], yaw[down] = (here.x, here.y), here.yaw
        if np.isfinite(here.leave):
            rise = np.clip((times[down] - here.leave + _ROLL_OFF) / _ROLL_OFF, 0, 1)
            pitch[down] += 22 * rise**2
        if np.isfinite(here.land):
            pitch[down] -= 14 * np.clip(1 - (times[down] - here.land) / _ROLL_ON, 0, 1)
        if there is None:
            break
        air = (times > here.leave) & (times < there.land)
        share = (times[air] - here.leave) / (there.land - here.leave)
        moved = minimum_jerk(share)[:, None]
        base[air] = (1 - moved) * (here.x, here.y) + moved * (there.x, there.y)
        yaw[air] = here.yaw + (there.yaw - here.yaw) * moved[:, 0]
        far = np.hypot(there.x - here.x, there.y - here.y)
        strength = float(np.clip(far / 0.5, 0.25, 1))
        pitch[air] = _PITCH(share) * strength
        lift[air] = 0.05 * strength * np.sin(np.pi * share) ** 2
    pitch = np.deg2rad(ndimage.gaussian_filter1d(pitch, 1.0))
    outwards = sign * (TOE_OUT - rig.toe_out)
    turns = Rotation.from_euler("ZX", np.stack([yaw, pitch], -1)).as_matrix()
    turns = turns @ Rotation.from_euler("z", outwards).as_matrix()
    # The foot rolls over its ball when the toes point down, over the heel when they point up.
    ball = np.array([0.0, -1.5 * rig.mid_foot, -rig.ankle_height])
    heel = np.array([0.0, 0.045, -rig.ankle_height])
    pivot = np.where(pitch[:, None] > 0, ball, heel)
    level = Rotation.from_euler("z", yaw[:, None])
    tilt = Rotation.from_euler("x", pitch[:, None])
    shift = level.apply(pivot - tilt.apply(pivot))
    ankles = np.concatenate([base, np.full((count, 1), rig.ankle_height)], axis=1) + shift
    ankles[:, 2] += lift
    return ankles, np.asarray(turns), yaw


def walk(
    rig: Rig,
    path: Sequence[tuple[float, float]],
    times: FloatArray,
    *,
    leave: float = 0.0,
    stand: Posture | None = None,
    yaw_end: float | None = None,
) -> tuple[Posture, float]:
    """Return the posture of a person who walks along a path, and when the walk is over.

    :param rig: the poser of the body.
    :param path: corners of the floor (x, y) in metres.
    :param times: moments [T] in seconds.
    :param leave: when the first step begins, in seconds.
    :param stand: how the person stands afterwards; the last footprints are its feet.
    :param yaw_end: which way the person faces afterwards, in radians to the person's left of -y.
    """
    prints, over = _prints(rig, np.asarray(path, float), leave, stand, yaw_end)
    count = len(times)
    feet = [_foot(rig, prints[i], times, sign) for i, (_, sign) in enumerate(SIDES)]
    rate = 1 / float(times[1] - times[0])
    sigma = 0.17 * rate
    centre = (feet[0][0] + feet[1][0]) / 2
    pelvis = ndimage.gaussian_filter1d(centre, sigma, axis=0, mode="nearest")
    yaw = ndimage.gaussian_filter1d((feet[0][2] + feet[1][2]) / 2, sigma, mode="nearest")
    ahead = np.stack([np.sin(yaw), -np.cos(yaw)], -1)
    pelvis[:, :2] += 0.03 * ahead
    pelvis[:, 2] = _height(rig, pelvis, [foot[0] for foot in feet], rate)

    # Arms swing against the legs: how far each foot is ahead of the other drives them.
    stride = ((feet[0][0] - feet[1][0])[:, :2] * ahead).sum(1)
    stride = ndimage.gaussian_filter1d(stride, 0.06 * rate)
    twist = 0.12 * stride
    level = Rotation.from_euler("z", yaw[:, None])
    lean = np.full(count, 0.05)

    def turned(extra: FloatArray, pitch: FloatArray) -> FloatArray:
        turn = Rotation.from_euler("ZX", np.stack([yaw + extra, pitch], -1))
        return np.asarray(turn.as_matrix())

    length = rig.upper_arm + rig.forearm
    wrists, elbows = np.empty((count, 2, 3)), np.empty((count, 2, 3))
    for i, (_, sign) in enumerate(SIDES):
        swing = np.deg2rad(2) - sign * 0.5 * stride
        reach = length * (0.95 - 0.05 * np.clip(swing, 0, 1))
        aside = np.sin(np.deg2rad(10))
        aim = np.stack([np.full(count, sign * aside), -np.sin(swing), -np.cos(swing)], -1)
        wrists[:, i] = level.apply(unit(aim) * reach[:, None])
        elbows[:, i] = level.apply(np.array([0.3 * sign, 1.0, -0.1]))
    knees = np.stack([np.stack([np.sin(f[2]), -np.cos(f[2]), np.zeros(count)], -1) for f in feet])
    posture = Posture(
        pelvis=pelvis,
        pelvis_turn=turned(-twist, 0.6 * lean),
        chest_turn=turned(twist, lean),
        head_turn=turned(np.zeros(count), 0.3 * lean),
        ankles=np.stack([foot[0] for foot in feet], axis=1),
        foot_turn=np.stack([foot[1] for foot in feet], axis=1),
        knee_way=np.moveaxis(knees, 0, 1),
        wrists=wrists,
        elbow_way=unit(elbows),
        shrug=np.zeros((count, 2)),
    )
    return posture, over


def _height(rig: Rig, pelvis: FloatArray, ankles: list[FloatArray], rate: float) -> FloatArray:
    """Return the height of the hips [T] at which both legs reach their feet."""
    length = 0.992 * (rig.thigh + rig.shin)
    lowest = np.full(len(pelvis), np.inf)
    drop = rig.hip_centre[2] - rig.body.head("thigh.L")[2]
    for ankle in ankles:
        across = np.maximum(np.linalg.norm((pelvis - ankle)[:, :2], axis=1) - 0.04, 0)
        up = ankle[:, 2] + np.sqrt(np.maximum(length**2 - across**2, 0.01)) + drop
        lowest = np.minimum(lowest, up)
    calm = ndimage.minimum_filter1d(lowest, max(3, round(0.1 * rate)), mode="nearest")
    return np.asarray(ndimage.gaussian_filter1d(calm, 0.07 * rate, mode="nearest"))
