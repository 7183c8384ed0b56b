"""Squats of synthetic people: from style and faults to postures over time.

People face -y (see :mod:`training.synthetic.body` for the axes) and stand around the origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from training.synthetic.balance import Legs
from training.synthetic.rig import SIDES, Posture, Rig, unit
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, sway

ARMS = ("forward", "clasped", "side", "overhead", "bar")

# What a severity of 1 adds: knees turn in about the line from hip to ankle, hips stay higher
# above the knees (thigh lengths), trunk leans further, and so on (radians, metres).
KNEE_IN = np.deg2rad(32)
SHALLOW = 0.75
FORWARD_LEAN = np.deg2rad(32)
SIDE_LEAN = np.deg2rad(18)
HIP_SHIFT = 0.10
NECK_DROP = np.deg2rad(55)
NARROW, WIDE = 0.8, 1.1


@dataclass(frozen=True)
class Faults:
    """How wrong a squat is; 0 is faultless and 1 as bad as one sees.

    :param left_knee: left knee falls inwards.
    :param right_knee: right knee falls inwards.
    :param shallow: hips stay too high.
    :param forward_lean: trunk leans too far forwards.
    :param side_lean: trunk leans to the person's left (positive) or right, -1 to 1.
    :param hip_shift: hips drift to the person's left (positive) or right, -1 to 1.
    :param stance: feet too narrow (negative) or too wide (positive), -1 to 1.
    :param neck: head drops.
    """

    left_knee: float = 0.0
    right_knee: float = 0.0
    shallow: float = 0.0
    forward_lean: float = 0.0
    side_lean: float = 0.0
    hip_shift: float = 0.0
    stance: float = 0.0
    neck: float = 0.0


@dataclass(frozen=True)
class Style:
    """How a person squats when nothing is wrong.

    :param stance: distance of the ankles in widths between the shoulder joints.
    :param toe_out: how far each foot turns outwards in radians.
    :param knee_out: how far the knees point outside the toes in radians.
    :param rise: hip pivots above the knees' at the bottom in thigh lengths; 0 is parallel.  The
        joints that a pose model finds read about 0.06 higher.
    :param lean: trunk from the vertical at the bottom in radians.
    :param arms: one of :data:`ARMS`.
    :param sway: strength of swaying, 1 is usual.
    :param variation: how much repetitions differ, 1 is usual.
    """

    stance: float = 1.25
    toe_out: float = 0.3
    knee_out: float = 0.03
    rise: float = 0.0
    lean: float = 0.65
    arms: str = "forward"
    sway: float = 1.0
    variation: float = 1.0


@dataclass
class Profile:
    """Strengths over time [T] that a posture is made of."""

    depth: FloatArray
    lean: FloatArray
    push: FloatArray
    wobble: dict[str, FloatArray] = field(default_factory=dict)


def _turn(axis: str, angle: FloatArray) -> FloatArray:
    return np.asarray(Rotation.from_euler(axis, angle).as_matrix())


def _feet(rig: Rig, style: Style, faults: Faults) -> tuple[FloatArray, FloatArray]:
    wrong = faults.stance * (WIDE if faults.stance > 0 else NARROW)
    half = (style.stance + wrong) * rig.shoulder_width / 2
    # Feet nearer than this would stand in each other.
    half = max(half, 0.055)
    ankles = np.array([[sign * half, 0.0, rig.ankle_height] for _, sign in SIDES])
    turns = np.stack(
        [_turn("z", np.array(sign * (style.toe_out - rig.toe_out))) for _, sign in SIDES]
    )
    return ankles, turns


def _arms(
    rig: Rig, style: Style, profile: Profile, chest_turn: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return wrists from the shoulders and directions of the elbows, each [T, 2, 3]."""
    count = len(profile.depth)
    length = rig.upper_arm + rig.forearm
    up = profile.depth**0.85 if style.arms == "forward" else 0.18 * profile.depth
    wrists, ways = np.empty((count, 2, 3)), np.empty((count, 2, 3))
    for i, (_, sign) in enumerate(SIDES):
        if style.arms == "clasped":
            # Palms together a hand's breadth before the breastbone.
            half = rig.shoulder_width / 2
            hands = np.array([-sign * (half - 0.04), -0.42 * length, -0.30 * length])
            wrists[:, i] = chest_turn @ hands
            ways[:, i] = chest_turn @ np.array([0.55 * sign, 0.15, -1.0])
            continue
        if style.arms == "bar":
            # As if holding a bar across the back: hands beside and a little behind the shoulders.
            wrists[:, i] = chest_turn @ np.array([0.34 * sign, 0.02, 0.12]) * length
            ways[:, i] = chest_turn @ np.array([0.5 * sign, 0.45, -1.0])
            continue
        if style.arms == "overhead":
            # Straight up with the trunk, a little apart.
            wrists[:, i] = chest_turn @ np.array([0.12 * sign, 0.04, 0.96]) * length
            ways[:, i] = chest_turn @ np.array([1.0 * sign, 0.2, 0.0])
            continue
        elevation = np.deg2rad(10) + up * np.deg2rad(78)
        aside = np.deg2rad(13) - up * np.deg2rad(11 if style.arms == "forward" else -25)
        # Hanging arms bend a little more lower down, or hands would touch the floor.
        reach = length * (0.955 + (0.02 * up if style.arms == "forward" else -0.6 * up))
        wrists[:, i, 0] = sign * np.sin(aside)
        wrists[:, i, 1] = -np.sin(elevation) * np.cos(aside)
        wrists[:, i, 2] = -np.cos(elevation) * np.cos(aside)
        wrists[:, i] *= np.broadcast_to(reach, count)[:, None]
        ways[:, i] = np.stack(
            [0.45 * sign + 0.3 * sign * up, 1.0 - 0.9 * up, -0.1 - 0.9 * up], axis=-1
        )
    jitter = np.stack([profile.wobble["hand_x"], profile.wobble["hand_y"]], -1)
    wrists[:, :, :2] += jitter[:, None]
    return wrists, unit(ways)


def _posture(rig: Rig, style: Style, faults: Faults, profile: Profile) -> Posture:
    count = len(profile.depth)
    depth, lean, wobble = profile.depth, profile.lean, profile.wobble
    side = faults.side_lean * SIDE_LEAN * depth + wobble["roll"]
    shift = faults.hip_shift * depth
    pelvis_turn = _turn(
        "zyx", np.stack([wobble["yaw"], 0.2 * side - 0.10 * shift, 0.85 * lean], -1)
    )
    chest_turn = _turn("zyx", np.stack([wobble["yaw"], side, 1.12 * lean], -1))
    nod = 0.25 * lean + faults.neck * NECK_DROP * (0.25 + 0.75 * depth) + wobble["nod"]
    head_turn = _turn("zyx", np.stack([wobble["look"], 0.4 * side, nod], -1))
    ankles, foot_turn = _feet(rig, style, faults)
    # A knee gives way with depth, and most when the push upwards begins.
    giving = np.clip(0.85 * depth + 0.3 * profile.push, 0, 1.1)
    ways = np.empty((count, 2, 3))
    for i, ((_, sign), knee) in enumerate(
        zip(SIDES, (faults.left_knee, faults.right_knee), strict=True)
    ):
        out = style.toe_out + style.knee_out * depth - knee * KNEE_IN * giving
        ways[:, i] = np.stack([sign * np.sin(out), -np.cos(out), np.zeros(count)], -1)
    wrists, elbow_way = _arms(rig, style, profile, chest_turn)
    # Praying hands point up and away; others go on where the forearms point.
    hand_way = None
    if style.arms == "clasped":
        fingers = np.array([[-0.12, -0.75, 0.65], [0.12, -0.75, 0.65]])
        hand_way = np.einsum("tij,kj->tki", chest_turn, fingers)
    raised = {"forward": depth, "overhead": np.full(count, 3.0)}.get(style.arms, np.zeros(count))
    pelvis = np.zeros((count, 3))
    pelvis[:, 0] = faults.hip_shift * HIP_SHIFT * depth + wobble["side"]
    pelvis[:, 2] = rig.thigh + rig.shin
    return Posture(
        pelvis=pelvis,
        pelvis_turn=pelvis_turn,
        chest_turn=chest_turn,
        head_turn=head_turn,
        ankles=np.broadcast_to(ankles, (count, 2, 3)).copy(),
        foot_turn=np.broadcast_to(foot_turn, (count, 2, 3, 3)).copy(),
        knee_way=ways,
        wrists=wrists,
        elbow_way=elbow_way,
        hand_way=hand_way,
        shrug=np.repeat(np.deg2rad(7) * raised[:, None], 2, axis=1),
    )


# Standard deviations of swaying (metres, radians): quiet standing moves a few millimetres and
# about a degree (Winter 1995); hands and head move more.
_WOBBLE = {
    "side": 0.0035, "ahead": 0.003, "roll": 0.006, "pitch": 0.006, "yaw": 0.008, "nod": 0.02,
    "look": 0.03, "hand_x": 0.004, "hand_y": 0.006,
}  # fmt: skip


def squat(  # noqa: PLR0917
    rig: Rig,
    style: Style,
    faults: Faults,
    repetitions: Sequence[Repetition],
    times: FloatArray,
    rng: np.random.Generator,
) -> Posture:
    """Return the posture of a person who squats, and stands where no repetition is.

    The first and the last moment are the same posture if no repetition touches them.

    :param rig: the poser of the body.
    :param style: how the person squats.
    :param faults: what is wrong with it.
    :param repetitions: when; none gives a person who only stands.
    :param times: moments [T] in seconds.
    :param rng: source of swaying and of the differences between repetitions.
    """
    count = max(1, len(repetitions))
    wide = rng.normal(0, 1, (2, count)) * style.variation
    rises = style.rise + faults.shallow * SHALLOW + 0.03 * wide[0]
    leans = style.lean + faults.forward_lean * FORWARD_LEAN + 0.03 * wide[1]
    single = [rep.depth(times) for rep in repetitions] or [np.zeros(len(times))]
    pushes = [rep.push(times) * rep.depth(times) for rep in repetitions] or single
    wobble = {name: style.sway * sway(rng, times, amplitude) for name, amplitude in _WOBBLE.items()}
    profile = Profile(
        depth=np.sum(single, axis=0),
        lean=np.tensordot(leans, np.stack(single), 1) + wobble["pitch"],
        push=np.sum(pushes, axis=0),
        wobble=wobble,
    )

    # How low the pelvis gets is solved for still postures: standing, and each bottom.
    still = Profile(
        depth=np.concatenate([[0.0], np.ones(count)]),
        lean=np.concatenate([[0.0], leans]),
        push=np.zeros(count + 1),
        wobble={name: np.zeros(count + 1) for name in _WOBBLE},
    )
    posture = _posture(rig, style, faults, still)
    legs = Legs(rig, posture)
    middle = -rig.mid_foot * np.cos(style.toe_out)
    start = posture.pelvis * np.array([1, 1, 0.6])
    rises_wanted = np.concatenate([[0.9], rises])
    settled = legs.settled(rises_wanted, np.full(count + 1, middle), start)
    standing = _standing_height(rig, posture, legs, middle)

    posture = _posture(rig, style, faults, profile)
    drops = standing - settled[1:, 2]
    posture.pelvis[:, 2] = standing - np.tensordot(drops, np.stack(single), 1)
    legs = Legs(rig, posture)
    return replace(posture, pelvis=legs.balanced(posture.pelvis, middle + wobble["ahead"]))


def _standing_height(rig: Rig, posture: Posture, legs: Legs, middle: float) -> float:
    """Return the height of the hips in metres when the first posture stands nearly straight."""
    pelvis = posture.pelvis.copy()
    # Nobody stands on fully locked knees: this share leaves about 10 degrees of flexion.
    length = 0.9962 * (rig.thigh + rig.shin)
    for _ in range(4):
        pelvis = legs.balanced(pelvis, np.full(len(pelvis), middle))
        hip = pelvis[0] + legs.hips[0][0]
        ankle = posture.ankles[0, 0]
        across = np.linalg.norm((hip - ankle)[:2])
        pelvis[:, 2] = ankle[2] + np.sqrt(length**2 - across**2) - legs.hips[0][0][2]
    return float(pelvis[0, 2])
