"""Judging by rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.errors import FeatureError
from edge.exercise import Measurement
from edge.exercises import load
from edge.judging import RuleJudge, rule_probability
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from tests.edge.people import depth_at, track_of

SQUAT = load("squat")
TIMES = np.arange(0, 4, 1 / 30)
SHALLOW = next(fault for fault in SQUAT.faults if fault.name == "too_shallow")


def judged(track: PoseTrack) -> float:
    (repetition,) = find_repetitions(track, SQUAT)
    return RuleJudge(SQUAT).judge(with_margin(track, repetition), repetition).score


def test_a_shallow_squat_scores_below_a_deep_one() -> None:
    assert judged(track_of(TIMES, 0.6 * depth_at(TIMES))) < 0.1
    assert judged(track_of(TIMES, 1.1 * depth_at(TIMES))) > 0.5


def test_the_score_is_one_minus_the_likeliest_fault() -> None:
    track = track_of(TIMES, 0.6 * depth_at(TIMES))
    (repetition,) = find_repetitions(track, SQUAT)
    found = RuleJudge(SQUAT).judge(with_margin(track, repetition), repetition)
    assert found.score == 1 - max(found.parts.values())
    assert max(found.parts, key=lambda name: found.parts[name]) == "too_shallow"
    assert "head_down" in found.parts


@pytest.mark.parametrize(
    ("tolerances", "probability"), [(0.0, 0.5), (1.0, 0.731), (3.0, 0.953), (-3.0, 0.047)]
)
def test_the_probability_grows_with_the_excess(tolerances: float, probability: float) -> None:
    value = SHALLOW.limit - tolerances * SQUAT.quantity("depth").tolerance
    found = rule_probability(SQUAT, SHALLOW, {"depth": Measurement(value, 1.0)})
    assert found == pytest.approx(probability, abs=1e-3)


def test_what_cannot_be_seen_is_not_judged() -> None:
    assert rule_probability(SQUAT, SHALLOW, {"depth": None}) is None
    track = track_of(TIMES, depth_at(TIMES))
    (repetition,) = find_repetitions(track, SQUAT)
    nothing = replace(track, confidence=np.zeros_like(track.confidence))
    with pytest.raises(FeatureError, match="can be seen"):
        RuleJudge(SQUAT).judge(nothing, repetition)
