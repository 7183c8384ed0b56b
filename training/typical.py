"""Typical correct squats from several sides: what an explanation compares with.

typical = typical_repetitions(takes, seed=1)
np.savez_compressed(path, **typical)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import interp1d

from edge.explanation import NEEDED, PHASES
from edge.joints import BODY_25
from edge.preprocessing import prepare
from edge.repetitions import find_repetitions, with_margin
from training.filming import SQUAT, Shot, film
from training.synthetic.camera import Camera
from training.takes import Take

YAWS: Final = (-40, -20, 0, 20, 40)
HEIGHTS: Final = (0.7, 1.0, 1.3, 1.6, 1.9)
PER_VIEW: Final = 120
DISTANCE: Final = 2.8
AIM: Final = 0.9


def camera_at(yaw: float, height: float) -> Camera:
    """Return a camera at a yaw (degrees) and a height (metres), aimed at the body's middle."""
    pitch = float(np.arctan2(AIM - height, DISTANCE))
    return Camera(height=height, distance=DISTANCE, yaw=float(np.deg2rad(yaw)), pitch=pitch)


def typical_repetitions(takes: Sequence[Take], seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return the mean movement of correct takes in each view, as the bundle keeps it.

    :param takes: synthetic ones.
    :return: ``joints`` [V, 33, 25, 2] and ``views`` [V, 2].
    """
    rng = np.random.default_rng(seed)
    correct = [take for take in takes if take.correct]
    views = [(yaw, height) for yaw in YAWS for height in HEIGHTS]
    joints = np.full((len(views), PHASES, len(BODY_25), 2), np.nan, dtype=np.float32)
    for number, (yaw, height) in enumerate(views):
        shot = replace(Shot(), camera=camera_at(yaw, height))
        chosen = rng.choice(len(correct), PER_VIEW, replace=False)
        phased = [_phased(correct[index], shot, rng) for index in chosen]
        mean = np.median([one for one in phased if one is not None], axis=0)
        joints[number][:, list(NEEDED)] = mean[:, list(NEEDED)]
    return {"joints": joints, "views": np.array(views, dtype=np.float32)}


def _phased(take: Take, shot: Shot, rng: np.random.Generator) -> npt.NDArray[np.float64] | None:
    """Return [33, 25, 2] the repetition of a take at even phases; None where none is found."""
    track = film(take, shot, rng, None)
    found = find_repetitions(track, SQUAT)
    if len(found) != 1:
        return None
    part = with_margin(track, found[0])
    prepared = prepare(part)
    times = part.times[0] + np.arange(len(prepared)) / 30
    moments = [found[0].start, found[0].turn, found[0].end]
    wanted = np.interp(np.linspace(0, 1, PHASES), [0, 0.5, 1], moments)
    return np.asarray(interp1d(times, prepared, axis=0, fill_value="extrapolate")(wanted))
