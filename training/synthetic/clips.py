"""Squats as bare skeletons, thousands of them, for training.

No picture is drawn: a movement is made once in 3-D and may then be seen by many cameras::

    rng = np.random.default_rng(7)
    bodies = sample_bodies(rng, 40)
    movement = sample_movement(rng, bodies)
    for _ in range(8):
        pixels = project(movement.joints, sample_camera(rng))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from training.synthetic.body import Body, sample_body
from training.synthetic.camera import Camera, project
from training.synthetic.movement import ARMS, Faults, Style, squat
from training.synthetic.rig import Rig
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, repetitions

__all__ = [
    "FAULTS",
    "Movement",
    "project",
    "sample_bodies",
    "sample_camera",
    "sample_faults",
    "sample_movement",
    "sample_style",
]

# The six body parts that Park's thesis (Seoul National University, 2020) labels, and what makes
# each of them wrong here.
FAULTS: dict[str, tuple[str, ...]] = {
    "base_of_support": ("stance",),
    "left_knee": ("left_knee",),
    "right_knee": ("right_knee",),
    "torso": ("forward_lean", "side_lean"),
    "hip_joint": ("shallow", "hip_shift"),
    "neck": ("neck",),
}
# Faults that go both ways, from -1 to 1.
SIGNED = ("side_lean", "hip_shift", "stance")
# Below this a fault is no more than the scatter of good squats; above, a coach would name it.
# Between the two nothing is drawn, so that a label never hangs on a hair.
TOLERATED, VISIBLE = 0.1, 0.35


@dataclass(frozen=True)
class Movement:
    """One squat, or several in a row, of one person.

    :param times: moments [T] in seconds.
    :param joints: BODY_25 joints [T, 25, 3] in metres; the person faces -y, x is to the left.
    :param repetitions: when the squats are.
    :param style: how the person squats.
    :param faults: severities of what is wrong.
    :param correct: whether nothing is wrong.
    :param wrong: the thesis's six body parts, each with its severity from 0 to 1.
    :param body: index of the body among those it was drawn from; people must not be split
        between training and test.
    """

    times: FloatArray
    joints: FloatArray
    repetitions: list[Repetition]
    style: Style
    faults: Faults
    correct: bool
    wrong: dict[str, float]
    body: int


def sample_bodies(rng: np.random.Generator, count: int) -> list[Rig]:
    """Return random people, ready to be posed; about 0.1 s each.

    :param rng: source of randomness.
    :param count: how many.
    """
    return [_warm(sample_body(rng)) for _ in range(count)]


def _warm(body: Body) -> Rig:
    # Makes the joint map now, not with the first movement.
    _ = body.joint_map
    return Rig(body)


def sample_style(rng: np.random.Generator) -> Style:
    """Return a way to squat that a coach would accept."""
    return Style(
        stance=float(rng.uniform(1.0, 1.55)),
        toe_out=float(np.deg2rad(rng.uniform(8, 27))),
        knee_out=float(np.deg2rad(rng.uniform(-2, 5))),
        rise=float(rng.uniform(-0.18, -0.01)),
        lean=float(np.deg2rad(rng.uniform(29, 43))),
        arms=ARMS[int(rng.integers(len(ARMS)))],
        sway=float(rng.uniform(0.5, 1.8)),
        variation=float(rng.uniform(0.5, 1.3)),
    )


def sample_faults(rng: np.random.Generator, *, correct: bool) -> Faults:
    """Return severities; wrong squats have one to three visible faults, each equally often.

    :param rng: source of randomness.
    :param correct: keep everything within the scatter of good squats.
    """
    names = [item.name for item in fields(Faults)]
    values = dict(zip(names, rng.uniform(0, TOLERATED, len(names)), strict=True))
    if not correct:
        # Parts, not severities, are drawn, so that each of the six labels is as frequent.
        count = int(rng.choice([1, 2, 3], p=[0.5, 0.33, 0.17]))
        for part in rng.choice(list(FAULTS), size=count, replace=False):
            options = FAULTS[str(part)]
            values[options[int(rng.integers(len(options)))]] = rng.uniform(VISIBLE, 1)
    for name in SIGNED:
        values[name] *= rng.choice([-1, 1])
    return Faults(**{name: float(value) for name, value in values.items()})


def parts(faults: Faults) -> dict[str, float]:
    """Return how wrong each of the thesis's six body parts is, 0 to 1."""
    return {
        part: max(abs(float(getattr(faults, name))) for name in names)
        for part, names in FAULTS.items()
    }


def sample_movement(
    rng: np.random.Generator,
    bodies: Sequence[Rig],
    *,
    correct: bool | None = None,
    faults: Faults | None = None,
    count: int = 1,
    rate: float = 30.0,
) -> Movement:
    """Return a random squat of a random person.

    :param rng: source of randomness; the same state gives the same movement.
    :param bodies: the people to choose from.
    :param correct: whether it is good; by default a coin decides.
    :param faults: use these severities instead of drawing them.
    :param count: how many repetitions in a row.
    :param rate: moments per second.
    """
    index = int(rng.integers(len(bodies)))
    if correct is None:
        correct = bool(rng.random() < 0.5)
    if faults is None:
        faults = sample_faults(rng, correct=correct)
    style = sample_style(rng)
    reps = repetitions(
        rng,
        count,
        first=float(rng.uniform(0.4, 1.0)),
        descent=float(rng.uniform(0.7, 2.0)),
        pause=float(rng.uniform(0.02, 0.7)),
        ascent=float(rng.uniform(0.6, 1.6)),
        rest=float(rng.uniform(0.3, 1.0)),
    )
    seconds = reps[-1].end + float(rng.uniform(0.4, 1.0))
    times = np.arange(round(seconds * rate)) / rate
    rig = bodies[index]
    posture = squat(rig, style, faults, repetitions=reps, times=times, rng=rng)
    wrong = parts(faults)
    return Movement(
        times=times,
        joints=rig.joints(rig.solve(posture)),
        repetitions=reps,
        style=style,
        faults=faults,
        correct=max(wrong.values()) < VISIBLE,
        wrong=wrong,
        body=index,
    )


def sample_camera(rng: np.random.Generator) -> Camera:
    """Return a camera as people put them up: about 1.3 m high and in front, never exactly."""
    height = float(rng.uniform(0.7, 1.9))
    distance = float(rng.uniform(2.3, 4.5))
    # Aimed near the middle of the body, 0.9 m above the floor.
    aim = float(np.arctan2(0.9 - height, distance))
    return Camera(
        height=height,
        distance=distance,
        yaw=float(np.deg2rad(rng.normal(0, 9))),
        pitch=aim + float(np.deg2rad(rng.normal(0, 2.5))),
        roll=float(np.deg2rad(rng.normal(0, 1.5))),
        pan=float(np.deg2rad(rng.normal(0, 3))),
        fov=float(np.deg2rad(rng.uniform(45, 62))),
    )
