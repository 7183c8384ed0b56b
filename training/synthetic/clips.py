"""Squats as bare skeletons, thousands of them, for training.

No picture is drawn: a movement is made once in 3-D and may then be seen by many cameras::

    rng = np.random.default_rng(7)
    bodies = sample_bodies(rng, 40)
    movement = sample_movement(rng, bodies)
    for _ in range(8):
        pixels = project(movement.joints, sample_camera(rng))

A draw first decides what is to be wrong and how much (:func:`sample_intent`); the label comes
from what is then measured on the joints (:mod:`training.synthetic.limits`).  Every quantity is
drawn from a density without a gap at its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.datasets import PARTS
from training.synthetic.body import sample_body
from training.synthetic.camera import Camera, project
from training.synthetic.limits import LIMITS, mean_of, measured, severities
from training.synthetic.movement import (
    ARMS,
    HIP_SHIFT,
    KNEE_IN,
    NECK_DROP,
    SIDE_LEAN,
    Faults,
    Style,
    squat,
)
from training.synthetic.rig import Posture, Rig
from training.synthetic.skeleton import JOINT, FloatArray
from training.synthetic.timing import Repetition, repetitions

__all__ = [
    "KINDS",
    "Movement",
    "project",
    "sample_bodies",
    "sample_camera",
    "sample_intent",
    "sample_movement",
    "sample_timing",
]

KINDS: dict[str, dict[str, float]] = {
    "base_of_support": {"narrow": 0.5, "wide": 0.5},
    "left_knee": {"left knee in": 1.0},
    "right_knee": {"right knee in": 1.0},
    "torso": {"forward lean": 0.65, "side lean": 0.35},
    "hip_joint": {"shallow": 0.55, "hip shift": 0.25, "too deep": 0.2},
    "neck": {"head drop": 1.0},
}
"""What can be wrong with each body part, and how often each is drawn when the part is."""

ROUGH = 8.0
"""Moments per second of a movement that is only measured."""

BOTH_KNEES = 0.5
"""How often the other knee falls in as well: knees mostly cave together."""


@dataclass(frozen=True)
class Movement:
    """One squat, or several in a row, of one person.

    :param times: moments [T] in seconds.
    :param joints: BODY_25 joints [T, 25, 3] in metres; the person faces -y, x is to the left.
    :param repetitions: when the squats are.
    :param style: how the person squats.
    :param faults: what is added to the style.
    :param intent: what was drawn to be wrong, by the names of :data:`KINDS`, and how much.
    :param measured: the quantities of :data:`training.synthetic.limits.LIMITS`, mean over the
        repetitions.
    :param wrong: severity of each body part and of too much depth; above 0 is wrong.
    :param correct: whether no part is wrong.
    :param body: index of the body among those it was drawn from; people must not be split
        between training and test.
    :param posture: what the joints were made from, to draw it.
    """

    times: FloatArray
    joints: FloatArray
    repetitions: list[Repetition]
    style: Style
    faults: Faults
    intent: dict[str, float]
    measured: dict[str, float]
    wrong: dict[str, float]
    correct: bool
    body: int
    posture: Posture


def sample_bodies(rng: np.random.Generator, count: int) -> list[Rig]:
    """Return random people, ready to be posed; about 0.1 s each.

    :param rng: source of randomness.
    :param count: how many.
    """
    rigs = [Rig(sample_body(rng)) for _ in range(count)]
    for rig in rigs:
        _ = rig.body.joint_map  # made now, not with the first movement
    return rigs


def sample_intent(rng: np.random.Generator, *, correct: bool) -> dict[str, float]:
    """Return what shall be wrong and how much, 0 to 1; each part equally often.

    :param rng: source of randomness.
    :param correct: nothing shall be.
    """
    if correct:
        return {}
    count = int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    wanted = [str(part) for part in rng.choice(PARTS, size=count, replace=False)]
    other = {"left_knee": "right_knee", "right_knee": "left_knee"}
    for part in list(wanted):
        if part in other and other[part] not in wanted and rng.random() < BOTH_KNEES:
            wanted.append(other[part])
    intent = {}
    for part in wanted:
        kinds = KINDS[part]
        intent[str(rng.choice(list(kinds), p=list(kinds.values())))] = float(rng.random())
    return intent


def _inside(
    rng: np.random.Generator, edge: float, best: float, shape: tuple[float, float]
) -> float:
    """Return a correct value: a Beta density from the edge towards (and past) the best."""
    return float(edge + (best - edge) * rng.beta(*shape))


def _targets(rng: np.random.Generator, intent: Mapping[str, float]) -> dict[str, float]:
    """Return the value that each measured quantity shall have.

    Inside the limits the densities follow the correct squats of UI-PRMD; outside they are even
    up to what is seen in people who were asked to squat badly.
    """

    def value(name: str, kind: str, otherwise: float, number: int = 0) -> float:
        if kind not in intent:
            return otherwise
        limit = LIMITS[name][number]
        return limit.edge + intent[kind] * (limit.worst - limit.edge)

    narrowest, widest = (limit.edge for limit in LIMITS["stance"])
    highest, lowest = (limit.edge for limit in LIMITS["rise"])
    knee = LIMITS["left_knee_out"][0].edge
    lean, side, shift, nod = (
        LIMITS[name][0].edge for name in ("forward_lean", "side_lean", "hip_shift", "head_drop")
    )
    out = _inside(rng, knee, 0.47, (1.6, 2.2))
    other = knee + abs(out + rng.normal(0, 0.04) - knee)
    stance = value("stance", "narrow", _inside(rng, narrowest, widest, (2.0, 2.0)))
    rise = value("rise", "shallow", _inside(rng, highest, lowest, (1.7, 2.5)))
    return {
        "stance": value("stance", "wide", stance, 1),
        "left_knee_out": value("left_knee_out", "left knee in", out),
        "right_knee_out": value("right_knee_out", "right knee in", other),
        "forward_lean": value("forward_lean", "forward lean", _inside(rng, lean, 14, (1.8, 1.8))),
        "side_lean": value("side_lean", "side lean", _inside(rng, 0, side, (1.0, 4.0))),
        "rise": value("rise", "too deep", rise, 1),
        "hip_shift": value("hip_shift", "hip shift", _inside(rng, 0, shift, (1.0, 3.0))),
        "head_drop": value("head_drop", "head drop", _inside(rng, 0, nod, (1.2, 3.0))),
    }


def _manner(rng: np.random.Generator) -> dict[str, Any]:
    """Return what no limit is about: toes, arms, swaying, and which side is the worse one."""
    return {
        "toe_out": float(np.deg2rad(rng.uniform(5, 32))),
        "arms": ARMS[int(rng.integers(len(ARMS)))],
        "sway": float(rng.uniform(0.5, 1.8)),
        "variation": float(rng.uniform(0.5, 1.3)),
        "sides": rng.choice([-1.0, 1.0], 2),
    }


def _style_and_faults(
    rig: Rig, manner: Mapping[str, Any], targets: Mapping[str, float]
) -> tuple[Style, Faults]:
    """Return what makes a body squat with about these values."""
    joints = rig.body.joints
    shoulders = np.linalg.norm(joints[JOINT["LShoulder"]] - joints[JOINT["RShoulder"]])
    pelvis = np.linalg.norm(joints[JOINT["LHip"]] - joints[JOINT["RHip"]])
    # A knee's distance from the line between hip and ankle is about this many thigh lengths
    # where the thigh is level, and less above.
    reach = 0.62 + 0.2 * min(0.0, 0.3 - targets["rise"])
    outs = [
        np.arcsin(np.clip(targets[f"{side}_knee_out"] / max(reach, 0.4), -0.8, 0.8))
        for side in ("left", "right")
    ]
    knee_out = float(max(outs) - manner["toe_out"])
    # What is asked of the knees counts at the bottom; the way there is nearly as far out.
    knees = [float((max(outs) - out) / KNEE_IN) for out in outs]
    side, shift = manner["sides"]
    style = Style(
        stance=float(targets["stance"] * shoulders / rig.shoulder_width),
        toe_out=manner["toe_out"],
        knee_out=knee_out,
        rise=targets["rise"] - 0.06,
        lean=float(np.deg2rad(targets["forward_lean"])),
        arms=manner["arms"],
        sway=manner["sway"],
        variation=manner["variation"],
    )
    faults = Faults(
        left_knee=knees[0],
        right_knee=knees[1],
        side_lean=side * float(np.deg2rad(targets["side_lean"]) / SIDE_LEAN),
        hip_shift=shift * float(targets["hip_shift"] * pelvis / HIP_SHIFT),
        neck=float(np.deg2rad(targets["head_drop"]) / NECK_DROP),
    )
    return style, faults


def sample_timing(rng: np.random.Generator, count: int) -> list[Repetition]:
    """Return when the squats of a clip happen: hurried to slow, with and without a pause."""
    return repetitions(
        rng,
        count,
        first=float(rng.uniform(0.3, 1.0)),
        descent=float(np.exp(rng.uniform(np.log(0.5), np.log(2.4)))),
        pause=float(rng.choice([rng.uniform(0.02, 0.3), rng.uniform(0.02, 1.4)])),
        ascent=float(np.exp(rng.uniform(np.log(0.45), np.log(2.0)))),
        rest=float(rng.uniform(0.3, 1.0)),
    )


def sample_movement(
    rng: np.random.Generator,
    bodies: Sequence[Rig],
    *,
    correct: bool | None = None,
    intent: Mapping[str, float] | None = None,
    count: int = 1,
    rate: float = 30.0,
) -> Movement:
    """Return a random squat of a random person.

    :param rng: source of randomness; the same state gives the same movement.
    :param bodies: the people to choose from.
    :param correct: whether it shall be good; by default a coin decides.
    :param intent: what shall be wrong, instead of drawing it.
    :param count: how many repetitions in a row.
    :param rate: moments per second.
    """
    index = int(rng.integers(len(bodies)))
    rig = bodies[index]
    if correct is None:
        correct = bool(rng.random() < 0.5)
    if intent is None:
        intent = sample_intent(rng, correct=correct)
    wanted, manner = _targets(rng, intent), _manner(rng)
    reps = sample_timing(rng, count)
    seconds = round((reps[-1].end + float(rng.uniform(0.3, 0.8))) * rate) / rate
    chance = int(rng.integers(2**62))

    def moved(targets: Mapping[str, float], times: FloatArray) -> tuple[Any, ...]:
        style, faults = _style_and_faults(rig, manner, targets)
        # The same chance each time: the same swaying, seen more or less often.
        posture = squat(rig, style, faults, reps, times, np.random.default_rng(chance))
        joints = rig.joints(rig.solve(posture))
        head_drop = float(np.rad2deg(faults.neck * NECK_DROP))
        found = mean_of([measured(joints, times, rep, head_drop) for rep in reps])
        return style, faults, posture, joints, found

    # Bodies differ, so what is asked for comes out a little different. A rough first movement
    # shows by how much, and the second one allows for it.
    rough = moved(wanted, np.linspace(0, seconds - 1 / rate, max(8, round(seconds * ROUGH))))[-1]
    corrected = {name: value + (value - rough[name]) for name, value in wanted.items()}
    times = np.arange(round(seconds * rate)) / rate
    style, faults, posture, joints, found = moved(corrected, times)
    wrong = severities(found)
    return Movement(
        times=times,
        joints=joints,
        repetitions=reps,
        style=style,
        faults=faults,
        intent=dict(intent),
        measured=found,
        wrong=wrong,
        correct=max(wrong.values()) <= 0,
        body=index,
        posture=posture,
    )


def sample_camera(rng: np.random.Generator, *, rate_of_standard: float = 0.35) -> Camera:
    """Return a camera as people put them up, from nearly straight in front to far aside.

    :param rng: source of randomness.
    :param rate_of_standard: how often it is near the standard view, 1.3 m high and in front.
    """
    if rng.random() < rate_of_standard:
        height, yaw = float(rng.normal(1.3, 0.15)), float(rng.normal(0, 7))
    else:
        height, yaw = float(rng.uniform(0.6, 2.0)), float(rng.uniform(-45, 45))
    distance = float(rng.uniform(1.9, 4.5))
    # Aimed near the middle of the body, 0.9 m above the floor.
    aim = float(np.arctan2(0.9 - height, distance))
    return Camera(
        height=height,
        distance=distance,
        yaw=float(np.deg2rad(yaw)),
        pitch=aim + float(np.deg2rad(rng.normal(0, 4))),
        roll=float(np.deg2rad(rng.normal(0, 1.5))),
        pan=float(np.deg2rad(rng.normal(0, 5))),
        fov=float(np.deg2rad(rng.uniform(42, 68))),
    )
