"""Somebody who raises an arm to start the kiosk, and then squats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.synthetic.movement import Faults, Style, squat
from training.synthetic.rig import Posture, Rig
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, minimum_jerk

UP, DOWN, WAY = 1.2, 3.4, 0.7
"""Seconds at which the arm begins to rise and to sink, and how long either takes."""

HIGHEST = float(np.deg2rad(168))
RIGHT = 1


def arm_signal(  # noqa: PLR0917
    rig: Rig,
    style: Style,
    faults: Faults,
    repetitions: Sequence[Repetition],
    times: FloatArray,
    rng: np.random.Generator,
) -> Posture:
    """Return the posture of a person who raises the right arm, lowers it, and squats later.

    Parameters as for :func:`training.synthetic.movement.squat`.
    """
    posture = squat(rig, style, faults, repetitions, times, rng)
    share = minimum_jerk((times - UP) / WAY) - minimum_jerk((times - DOWN) / WAY)
    angle = share * HIGHEST
    length = 0.97 * (rig.upper_arm + rig.forearm)
    # Sideways and up, as one waves to somebody: x is the person's left.
    arc = length * np.stack([-np.sin(angle), np.full(len(times), -0.12), -np.cos(angle)], axis=-1)
    mixed = np.minimum(1.0, 6.0 * share)[:, None]
    wrists, ways = posture.wrists.copy(), posture.elbow_way.copy()
    wrists[:, RIGHT] = (1 - mixed) * wrists[:, RIGHT] + mixed * arc
    way = (1 - mixed) * ways[:, RIGHT] + mixed * np.array([-0.3, 1.0, -0.2])
    ways[:, RIGHT] = way / np.linalg.norm(way, axis=-1, keepdims=True)
    return replace(posture, wrists=wrists, elbow_way=ways)
