"""What a coach measures in a push-up that is filmed from the side, on the side that is nearer."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge.exercise import Measurement, Quantity, Repetition
from edge.measuring import around, at_rest, inside, near_side, place, tempo, worst
from edge.track import FloatArray, PoseTrack

NOSE_IN_LINE: Final = 12.0
FACE_IN_LINE: Final = 102.0
"""Degrees from the trunk's line when the head goes on in it as in upright standing: of the way from
the shoulder to the nose, and from the ear to the nose (measured on synthetic people).
"""


def depth(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how far the shoulders sank, in % of their height above the hands at rest.

    Not the angle in the elbow: in a side view that depends on how far the elbows point outwards.
    """
    side = near_side(track)
    above = place(track, side + "Wrist")[:, 1] - place(track, side + "Shoulder")[:, 1]
    rest = float(np.median(above[at_rest(track, repetition)]))
    lowest = float(np.median(above[around(track, repetition.turn)]))
    return Measurement(100 * (rest - lowest) / rest, repetition.turn) if rest > 0 else None


def line(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how far the body is bent at the hips where it is most, in degrees.

    0 is a straight line from shoulder to ankle, positive hips that sag, negative hips that are
    too high.
    """
    side = near_side(track)
    ankle, hip, shoulder = (place(track, side + name) for name in ("Ankle", "Hip", "Shoulder"))
    # Going from the feet to the head, hips that sag turn the way upwards.
    bends = -dipping(hip - ankle, shoulder - hip)
    most = worst(track, np.abs(bends), inside(track, repetition))
    if most is None:
        return None
    return Measurement(float(np.interp(most.moment, track.times, bends)), most.moment)


def head(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """Return how far the head hangs from the trunk's line over the repetition, in degrees.

    Two readings together are surer than either: where the nose is from the shoulder, and where it
    is from the ear. Good push-ups have about -10: the eyes look a little ahead of the hands.
    """
    side = near_side(track)
    hip, shoulder, ear = (place(track, side + name) for name in ("Hip", "Shoulder", "Ear"))
    nose, trunk = place(track, "Nose"), shoulder - hip
    # A face that hangs looks back to the feet: the turn goes on beyond half a circle.
    face = (dipping(trunk, nose - ear) + 90) % 360 - 90
    drops = (dipping(trunk, nose - shoulder) - NOSE_IN_LINE + face - FACE_IN_LINE) / 2
    frames = inside(track, repetition)
    most = worst(track, drops, frames)
    return most and Measurement(float(np.nanmedian(drops[frames])), most.moment)


def dipping(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return [T] by how many degrees a way turns down in the picture, -180 to 180.

    :param one: the direction [T, 2] that it has first, y down.
    :param other: the direction it has then.
    """
    turn = np.arctan2(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], (one * other).sum(axis=1))
    # Towards the right a turn clockwise goes down, towards the left it goes up.
    return np.asarray(np.degrees(turn) * np.sign(one[:, 0]))


QUANTITIES: Final = (
    Quantity(
        "depth", "%",
        "The Cooper Institute, FitnessGram: elbows at 90 degrees; arms of 0.186 and 0.146 of the "
        "stature (Drillis and Contini 1966) then reach 29 % less far than straight ones",
        ("LShoulder", "LWrist"), depth, tolerance=2.5,
    ),
    Quantity(
        "line", "°", "ours", ("LShoulder", "LHip", "LAnkle"), line, tolerance=2.0,
    ),
    Quantity("head", "°", "ours", ("LHip", "LShoulder", "LEar", "Nose"), head, tolerance=2.5),
    Quantity("tempo", "s", "ours", (), tempo, tolerance=0.2, max_turn=90.0, digits=1),
)  # fmt: skip
