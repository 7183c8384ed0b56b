"""Clips that are cut so close to a single repetition that neither of its ends is at rest."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge.exercise import Repetition
from edge.track import FloatArray

RESTING: Final = 0.95
"""The share of the way after which the person is at rest again, once the rise is over."""

LONGEST_CUT: Final = 5.0
"""Seconds: a clip that is longer was not cut to a single repetition."""

CUT_SHARE: Final = 0.3
"""In such a clip, the longer way is at least this share of a repetition's least."""

CUT_SHORTEST: Final = 0.03
"""Torso lengths: in such a clip, the shorter way is at least this, more than a tremble."""

CUT_REST_SECONDS: Final = 0.5
"""Seconds: a clip in which somebody rests for longer at an end was not cut close."""

DETOUR: Final = 1.5
"""How much longer than the way itself the path may be, up and down, in such a clip."""


def cut_to_one(times: FloatArray, heights: FloatArray, least: float) -> list[Repetition]:
    """Return the one repetition that a short clip was cut to, if it shows nothing else.

    Such a clip begins on the way there and ends on the way back, so that neither way may be long
    enough to be noticed. It is told from a tremble and from a false start by being nothing but one
    way there and one way back, from its first frame to its last.
    """
    if not np.isfinite(heights).all() or times[-1] - times[0] > LONGEST_CUT:
        return []
    turn = int(np.argmin(heights))
    before, after = heights[: turn + 1], heights[turn:]
    ways = before[0] - before[-1], after[-1] - after[0]
    paths = np.abs(np.diff(before)).sum(), np.abs(np.diff(after)).sum()
    straight = all(path <= DETOUR * way for path, way in zip(paths, ways, strict=True))
    if not straight or min(ways) < CUT_SHORTEST or max(ways) < CUT_SHARE * least:
        return []
    if _rests(before, times) or _rests(after[::-1], times):
        return []
    return [Repetition(float(times[0]), float(times[turn]), float(times[-1]), float(max(ways)))]


def _rests(heights: FloatArray, times: FloatArray) -> bool:
    """Tell whether somebody rests at the first of these heights for a while before moving."""
    way = heights[0] - heights[-1]
    moved = np.abs(heights - heights[0]) > (1 - RESTING) * way
    return bool(times[int(np.argmax(moved))] - times[0] > CUT_REST_SECONDS)
