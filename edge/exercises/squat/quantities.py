"""What a coach measures in a squat that is filmed from the front.

Everything is a ratio or an angle, so that it does not depend on the camera's distance or lens, and
all sides are the person's own. "The stance" is the distance between the ankles, "the leg" the
height of the standing hips above the ankles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.exercise import Measure, Measurement, Quantity, Repetition
from edge.measuring import (
    around,
    at_rest,
    before_and_after,
    distance,
    during,
    median,
    place,
    worst,
)
from edge.repetitions import with_margin
from edge.track import BoolArray, FloatArray, PoseTrack, once_per_track

LOADED: Final = 0.5
"""Knees, hips and torso are looked at in the deeper half of the way, where they carry the load."""

BY_A_TURN: Final = 0.18
"""Halves of the stance by which a turn of 15 degrees moves both knees to one side (measured)."""

SHOULDERS_OVER_HIPS: Final = 1.6
"""Shoulders over hips in width (BlazePose, people with their arms down)."""

SHOULDERS_DRAWN_IN: Final = 1.3
"""Below this ratio the arms are overhead and draw the shoulders together."""


def depth(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How far the hips sank, in % of the leg."""
    standing = _standing(track, repetition)
    lowest = median(_hips_above_ankles(track)[around(track, repetition.turn)])
    return Measurement(100 * (standing - lowest) / standing, repetition.turn)


def sinking(track: PoseTrack, repetitions: Sequence[Repetition]) -> FloatArray:
    """How far the hips are down at every moment, in % of the leg: at its turn, the depth."""
    levels = [_standing(with_margin(track, r), r) for r in repetitions]
    standing = np.interp(track.times, [r.turn for r in repetitions], levels)
    return np.asarray(100 * (standing - _hips_above_ankles(track)) / standing)


def knee_in(side: str) -> Measure:
    """Return what measures how far a knee is inside its foot, in % of half the stance."""

    def measure(track: PoseTrack, repetition: Repetition) -> Measurement | None:
        left, right = _knees_out(track)
        both, half_apart = (left + right) / 2, (left - right) / 2
        # Beyond that, it is not the turn of the body that makes one knee look further in.
        uneven = np.sign(half_apart) * np.maximum(np.abs(half_apart) - BY_A_TURN, 0.0)
        inside = 100 * (1 - both - (uneven if side == "L" else -uneven))
        return worst(track, inside, _loaded(track, repetition))

    return measure


def asymmetry(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How differently far out both knees are, in % of half the stance."""
    left, right = _knees_out(track)
    return worst(track, 100 * np.abs(right - left), _loaded(track, repetition))


def stance(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How far the ankles are apart while standing, in % of the width of the shoulders."""
    rest = at_rest(track, repetition)
    shoulders = median(_width(track, "Shoulder")[rest])
    hips = median(_width(track, "Hip")[rest])
    if shoulders < SHOULDERS_DRAWN_IN * hips:
        shoulders = SHOULDERS_OVER_HIPS * hips
    ankles = median(_width(track, "Ankle")[rest])
    return Measurement(100 * ankles / shoulders, repetition.start)


def lean_forward(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How far the torso leans to the camera, in degrees, by how much shorter it looks."""
    torso = distance(place(track, "Neck"), place(track, "MidHip"))
    standing = median(torso[at_rest(track, repetition)])
    lean = np.degrees(np.arccos(np.clip(torso / standing, 0.0, 1.0)))
    return worst(track, lean, around(track, repetition.turn))


def lean_left(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How far the torso leans to the person's left, in degrees, more than it does standing."""
    up = place(track, "Neck") - place(track, "MidHip")
    lean = np.degrees(np.arctan2(up[:, 0], -up[:, 1]))
    return _furthest(track, repetition, lean)


def hip_shift(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How far the hips go to the person's left of the feet, in % of the standing torso."""
    torso = distance(place(track, "Neck"), place(track, "MidHip"))
    standing = median(torso[at_rest(track, repetition)])
    shift = place(track, "MidHip")[:, 0] - place(track, "RAnkle", "LAnkle")[:, 0]
    return _furthest(track, repetition, 100 * shift / standing)


def head(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How high the nose is above the neck at the bottom, in % of what it is standing."""
    above = place(track, "Neck")[:, 1] - place(track, "Nose")[:, 1]
    standing = median(above[at_rest(track, repetition)])
    if standing <= 0:
        return None
    return Measurement(
        100 * median(above[around(track, repetition.turn)]) / standing, repetition.turn
    )


def descent(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How long the way down took, in seconds."""
    return Measurement(repetition.turn - repetition.start, repetition.start)


def ascent(track: PoseTrack, repetition: Repetition) -> Measurement | None:
    """How long the way up took, in seconds."""
    return Measurement(repetition.end - repetition.turn, repetition.turn)


def _standing(track: PoseTrack, repetition: Repetition) -> float:
    """Return how high the hips are above the ankles before or after a repetition."""
    above = _hips_above_ankles(track)
    # Who is filmed too late stands only afterwards, and who walks off at once only before.
    return max(median(above[end]) for end in before_and_after(track, repetition))


def _hips_above_ankles(track: PoseTrack) -> FloatArray:
    return np.asarray(place(track, "RAnkle", "LAnkle")[:, 1] - place(track, "MidHip")[:, 1])


@once_per_track
def _loaded(track: PoseTrack, repetition: Repetition) -> BoolArray:
    """Return [T] the frames in the deeper half of the way."""
    return during(track, repetition, place(track, "MidHip")[:, 1], LOADED)


def _width(track: PoseTrack, pair: str) -> FloatArray:
    """Return [T] how far a left and a right joint are apart across the picture."""
    return np.asarray(np.abs(place(track, f"L{pair}")[:, 0] - place(track, f"R{pair}")[:, 0]))


@once_per_track
def _knees_out(track: PoseTrack) -> tuple[FloatArray, FloatArray]:
    """Return [T] how far out both knees are from the middle of the feet, in halves of the stance.

    The left knee is the first. Of a stance narrower than the hips, half the hips' width is taken:
    next to nothing is no unit.
    """
    middle = place(track, "RAnkle", "LAnkle")[:, 0]
    half = np.maximum(median(_width(track, "Ankle")), median(_width(track, "Hip"))) / 2
    left, right = (place(track, name)[:, 0] - middle for name in ("LKnee", "RKnee"))
    return left / half, -right / half


def _furthest(track: PoseTrack, repetition: Repetition, values: FloatArray) -> Measurement | None:
    """Return the value furthest to either side from where it is while standing."""
    moved = values - median(values[at_rest(track, repetition)])
    found = worst(track, np.abs(moved), _loaded(track, repetition))
    if found is None:
        return None
    at = int(np.argmin(np.abs(track.times - found.moment)))
    return Measurement(float(moved[at]), found.moment)


KNEES: Final = ("RHip", "LHip", "RKnee", "LKnee", "RAnkle", "LAnkle")
HIPS: Final = ("MidHip", "RAnkle", "LAnkle")
TORSO: Final = ("Neck", "MidHip")
NOT_TURNED: Final = 25.0
"""Degrees; further round, the way forwards of knees and torso shows as one to the side."""

KNEES_SOURCE: Final = (
    "knee over foot separation: after Noyes et al. 2005, Bell, Padua and Clark 2008; by side: ours"
)
TURN_SOURCE: Final = "Schoenfeld 2010, Myer et al. 2014; as seen from the front: ours"

QUANTITIES: Final = (
    Quantity(
        "depth", "%", "parallel thighs: Schoenfeld 2010; over the leg: ours", HIPS, depth,
        tolerance=4.0, max_turn=90.0, course=sinking,
    ),
    Quantity(
        "left_knee_in", "%", KNEES_SOURCE, KNEES, knee_in("L"), tolerance=6.0, max_turn=NOT_TURNED
    ),
    Quantity(
        "right_knee_in", "%", KNEES_SOURCE, KNEES, knee_in("R"), tolerance=6.0, max_turn=NOT_TURNED
    ),
    Quantity(
        "asymmetry", "%", "ours", KNEES, asymmetry, tolerance=15.0, max_turn=NOT_TURNED
    ),
    Quantity(
        "stance", "%", "Lorenzetti et al. 2018, Escamilla et al. 2001",
        ("RShoulder", "LShoulder", "RHip", "LHip", "RAnkle", "LAnkle"), stance, tolerance=8.0,
    ),
    Quantity("lean_forward", "°", TURN_SOURCE, TORSO, lean_forward, tolerance=4.0),
    Quantity(
        "lean_left", "°", TURN_SOURCE, TORSO, lean_left, tolerance=3.0, max_turn=NOT_TURNED
    ),
    Quantity(
        "hip_shift", "%", "Myer et al. 2014; over the torso: ours", ("Neck", *HIPS), hip_shift,
        tolerance=3.0, max_turn=NOT_TURNED,
    ),
    Quantity(
        "head", "%", "neutral neck: Schoenfeld 2010, Myer et al. 2014; measure: ours",
        ("Nose", "Neck"), head, tolerance=8.0,
    ),
    Quantity("descent", "s", "ours", ("MidHip",), descent, 0.1, max_turn=180.0, digits=1),
    Quantity("ascent", "s", "ours", ("MidHip",), ascent, 0.1, max_turn=180.0, digits=1),
)  # fmt: skip
