"""A good repetition in the proportions of this person: what theirs can be compared with."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edge.errors import FeatureError
from edge.exercise import Repetition
from edge.explanation import Typical, fitted
from edge.joints import BODY_25, INDEX, L_ANKLE, MID_HIP, NECK, R_ANKLE
from edge.judging import View
from edge.preprocessing import SMOOTHING_SIGMA, evenly, origin_of, reference_frame
from edge.repetitions import with_margin
from edge.track import FloatArray, PoseTrack

CARRIED: Final = {
    **{f"{side}{name}": f"{side}Shoulder" for side in "RL" for name in ("Elbow", "Wrist")},
    **{f"{side}{name}": f"{side}Ankle" for side in "RL" for name in ("BigToe", "Heel")},
}
"""Joints whose way nobody judges, and the joint they go along with."""

LEGS: Final = tuple(
    (INDEX[f"{side}Hip"], INDEX[f"{side}Knee"], INDEX[f"{side}Ankle"]) for side in "RL"
)


def good_repetition(
    track: PoseTrack, repetition: Repetition, typical: Typical, view: View | None = None
) -> PoseTrack | None:
    """Return how a good repetition of this person would look, at this one's pace, in pixels.

        good = good_repetition(track, repetition, Typical.load(path), View(yaw=5.0, height=1.3))

    The movement is the typical correct one, seen from the same side; trunk, head, shoulders and
    hips are the person's own, and no bone of the legs looks longer than it does standing. The feet
    stay where a good stance has them on this floor; the arms hang as the person holds them.

    :param view: from where the person was seen, if that is known.
    :return: 30 Hz, with its times in the clip; None where too little was seen to tell.
    """
    part = with_margin(track, repetition)
    try:
        origin = origin_of(part)
        joints = evenly(part).joints
        reference = joints[reference_frame(joints)]
    except FeatureError:
        return None
    torso = float(np.hypot(*(reference[NECK] - reference[MID_HIP])))
    if not torso > 0:
        return None
    times = evenly(part).times
    own = (joints - reference[MID_HIP]) / torso
    own = np.asarray(gaussian_filter1d(own, SMOOTHING_SIGMA, axis=0, mode="nearest"))
    moments = [repetition.start, repetition.turn, repetition.end]
    phase = np.interp(times, moments, [0.0, 0.5, 1.0])
    good = fitted(typical.at(phase, view), own, phase)
    good[:, [R_ANKLE, L_ANKLE]] = np.median(good[:, [R_ANKLE, L_ANKLE]], axis=0)  # they stand
    _carry(good, own)
    for leg in LEGS:
        _bend(good, own[0], leg)
    pixels = good * torso + reference[MID_HIP] + origin
    return PoseTrack(times, pixels, np.isfinite(pixels).all(axis=2).astype(np.float64))


def _carry(good: FloatArray, own: FloatArray) -> None:
    """Let arms and toes go along with shoulders and ankles, as far from them as they are."""
    for name, carrier in CARRIED.items():
        apart = own[:, INDEX[name]] - own[:, INDEX[carrier]]
        if carrier.endswith("Ankle"):
            apart = np.median(apart, axis=0)  # the floor is still, a pose model trembles
        good[:, INDEX[name]] = good[:, INDEX[carrier]] + apart
    for index, name in enumerate(BODY_25):
        if name.endswith(("Eye", "SmallToe")):
            good[:, index] = np.nan  # no bone leads there


def _bend(good: FloatArray, standing: FloatArray, leg: tuple[int, int, int]) -> None:
    """Bring a knee so close to hip and ankle that neither bone looks longer than it is.

    :param standing: [25, 2] the person at rest, whose legs show their full length.
    :param leg: hip, knee and ankle.
    """
    hip, knee, ankle = leg
    for _ in range(4):  # what one end demands may stretch the other: it settles quickly
        for end in (hip, ankle):
            longest = float(np.hypot(*(standing[knee] - standing[end])))
            way = good[:, knee] - good[:, end]
            length = np.hypot(*way.T)
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.minimum(1.0, longest / length)[:, None]
            good[:, knee] = good[:, end] + way * share
