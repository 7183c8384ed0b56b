"""What a coach measures in a shoulder press that is filmed from the front."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge.exercise import Measurement, Quantity, Repetition
from edge.joints import INDEX
from edge.measuring import angle, around, distance, inside, place, tempo, worst
from edge.track import FloatArray, PoseTrack

SIDES: Final = ("Shoulder", "Elbow", "Wrist")
"""The joints of an arm."""

_WRISTS: Final = [INDEX["RWrist"], INDEX["LWrist"]]
_SHOULDERS: Final = [INDEX["RShoulder"], INDEX["LShoulder"]]


def hands_up(joints: FloatArray) -> FloatArray:
    """Return [T, 2] how high the right and the left wrist are above the middle of the shoulders.

    :param joints: [T, 25, 2], y down; the answer is in their unit.
    """
    level = joints[:, _SHOULDERS, 1].mean(axis=1, keepdims=True)
    return np.asarray(level - joints[:, _WRISTS, 1])


def lockout(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return the angle inside the straighter elbow at the top, in degrees; 180 is straight.

    The other arm, if it stays behind, is told by :func:`evenness`.
    """
    top = around(track, repetition.turn)
    angles = [angle(*(place(track, side + name) for name in SIDES))[top] for side in "RL"]
    return Measurement(float(max(np.median(one) for one in angles)), repetition.turn)


def evenness(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how much higher one hand is on the way up, where it is most, in % of the trunk.

    Positive: the left arm lags behind; negative: the right one.
    """
    lag = 100 * np.diff(-hands_up(track.joints), axis=1)[:, 0] / _torso(track)
    rising = (track.times >= repetition.start) & (track.times <= repetition.turn)
    most = worst(track, np.abs(lag), rising)
    if most is None:
        return None
    return Measurement(float(np.interp(most.moment, track.times, lag)), most.moment)


def side_lean(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how far the trunk leans to either side where it does most, in degrees."""
    trunk = place(track, "Neck") - place(track, "MidHip")
    leans = np.degrees(np.abs(np.arctan2(trunk[:, 0], -trunk[:, 1])))
    return worst(track, leans, inside(track, repetition))


def rest_height(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how high above the shoulders the hands stay between repetitions, in % of the trunk.

    The higher one of before and after.
    """
    high = 100 * hands_up(track.joints).mean(axis=1) / _torso(track)
    ends = []
    for half in (track.times <= repetition.turn, track.times >= repetition.turn):
        lowest = worst(track, -high, half)
        if lowest is not None:
            ends.append(Measurement(-lowest.value, lowest.moment))
    return max(ends, key=lambda end: end.value, default=None)


def _torso(track: PoseTrack) -> float:
    return float(np.median(distance(place(track, "Neck"), place(track, "MidHip"))))


_ARMS: Final = tuple(side + name for side in "RL" for name in SIDES)
_TRUNK: Final = ("Neck", "MidHip")

QUANTITIES: Final = (
    Quantity("lockout", "°", "ours", _ARMS, lockout, tolerance=5.0),
    Quantity("evenness", "%", "ours", (*_ARMS, *_TRUNK), evenness, tolerance=3.0),
    Quantity("side_lean", "°", "ours", _TRUNK, side_lean, tolerance=1.5),
    Quantity("rest_height", "%", "ours", (*_ARMS, *_TRUNK), rest_height, tolerance=4.0),
    Quantity("tempo", "s", "ours", (), tempo, tolerance=0.2, max_turn=90.0, digits=1),
)
