"""Repetitions of synthetic people, as one more data set: no pictures, joints only.

    clips = synthetic_clips(people=80, each=12, seed=1)

A faultless squat is correct; one with a fault that a coach would stop is incorrect. The ranges
are ours, wide enough for high-bar, low-bar and bodyweight squats alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from edge.joints import TEN
from training.datasets import Clip
from training.synthetic.body import sample_body
from training.synthetic.movement import ARMS, Faults, Style, squat
from training.synthetic.rig import Rig
from training.synthetic.timing import repetitions

SOURCE: Final = "synthetic"
LICENCE: Final = "made by this project with anny 0.6 (Apache-2.0, body data CC0)"

RATE: Final = 50.0
"""Frames per second of the movement, well above any camera's."""

KINDS: Final = {
    "knees": 3, "one knee": 2, "shallow": 3, "forward lean": 3, "side lean": 1, "hip shift": 1,
    "stance": 1,
}  # fmt: skip
"""Faults that show in how the ten joints move, and how often each is drawn."""

SLIGHT: Final = 0.15
"""Faults up to this severity remain in a correct squat: nobody is perfect."""

PLAIN: Final = (0.45, 1.0)
"""Severities of a fault that makes a squat incorrect."""


def sample_style(rng: np.random.Generator) -> Style:
    """Return how somebody squats who does it well."""
    return Style(
        stance=rng.uniform(1.0, 1.6),
        toe_out=rng.uniform(0.1, 0.6),
        knee_out=rng.uniform(0.0, 0.15),
        rise=rng.uniform(-0.4, 0.0),
        lean=rng.uniform(0.4, 0.8),
        arms=str(rng.choice(ARMS)),
        sway=rng.uniform(0.6, 1.5),
    )


def sample_fault(kind: str, rng: np.random.Generator) -> Faults:
    """Return one plain fault of a kind of :data:`KINDS`."""
    much = rng.uniform(*PLAIN)
    signed = much * rng.choice([-1.0, 1.0])
    return {
        "knees": Faults(left_knee=much, right_knee=rng.uniform(*PLAIN)),
        "one knee": Faults(left_knee=max(signed, 0), right_knee=max(-signed, 0)),
        "shallow": Faults(shallow=much),
        "forward lean": Faults(forward_lean=much),
        "side lean": Faults(side_lean=signed),
        "hip shift": Faults(hip_shift=signed),
        "stance": Faults(stance=signed),
    }[kind]


def slight_faults(rng: np.random.Generator) -> Faults:
    """Return faults too small to matter."""
    return Faults(
        left_knee=rng.uniform(0, SLIGHT),
        right_knee=rng.uniform(0, SLIGHT),
        shallow=rng.uniform(0, SLIGHT / 3),
        forward_lean=rng.uniform(0, SLIGHT),
        side_lean=rng.uniform(-SLIGHT, SLIGHT),
        hip_shift=rng.uniform(-SLIGHT, SLIGHT),
        stance=rng.uniform(-SLIGHT, SLIGHT),
    )


def _both(slight: Faults, plain: Faults) -> Faults:
    """Return the plain faults, and the slight ones where there is no plain one."""
    return replace(
        plain, **{name: value for name, value in vars(slight).items() if not getattr(plain, name)}
    )


def synthetic_clips(people: int, each: int, seed: int) -> list[Clip]:
    """Return repetitions of made-up people, half of them correct.

    :param people: how many bodies.
    :param each: how many repetitions of each.
    :param seed: of bodies, styles, faults and swaying.
    """
    rng = np.random.default_rng(seed)
    names, weights = list(KINDS), np.array(list(KINDS.values()), dtype=float)
    clips = []
    for number in range(people):
        rig = Rig(sample_body(rng))
        style = sample_style(rng)
        for index in range(each):
            correct = index % 2 == 0
            faults, kind = slight_faults(rng), "none"
            if not correct:
                kind = str(rng.choice(names, p=weights / weights.sum()))
                faults = _both(faults, sample_fault(kind, rng))
            (repetition,) = repetitions(
                rng,
                1,
                first=rng.uniform(0.1, 0.8),
                descent=rng.uniform(0.7, 1.6),
                pause=rng.choice([0.02, rng.uniform(0.02, 0.7)]),
                ascent=rng.uniform(0.6, 1.4),
            )
            times = np.arange(0, repetition.end + rng.uniform(0.1, 0.8), 1 / RATE)
            joints = rig.joints(rig.solve(squat(rig, style, faults, [repetition], times, rng)))[
                :, list(TEN)
            ]
            # Theirs: x left, y back, z up. Ours: x left, y up, z forward.
            turned = np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], axis=-1)
            clips.append(
                Clip(SOURCE, f"synthetic-{seed}-{number:03d}", correct, kind, times, turned)
            )
    return clips
