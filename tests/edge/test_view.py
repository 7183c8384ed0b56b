"""From where somebody is filmed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.exercises import load
from edge.joints import INDEX
from edge.track import PoseTrack
from edge.view import turned_by, well_placed, well_seen
from tests.edge.people import squat_track

TRACK = squat_track(np.arange(0, 3, 1 / 30))


def squeezed(share: float) -> PoseTrack:
    joints = TRACK.joints.copy()
    joints[..., 0] = 320 + (joints[..., 0] - 320) * share
    return PoseTrack(TRACK.times, joints, TRACK.confidence)


@pytest.mark.parametrize("degrees", [40, 60, 80, 120, 150])
def test_a_turn_is_about_what_it_is(degrees: float) -> None:
    # The figure is wider than the narrowest people: up to 30 degrees its turn is not noticed.
    turned = turned_by(squeezed(np.cos(np.deg2rad(degrees))))
    assert turned == pytest.approx(degrees, abs=15)


def test_facing_and_not_facing() -> None:
    squat = load("squat")
    assert turned_by(TRACK) == 0
    assert well_placed(TRACK, squat)
    assert not well_placed(squeezed(0.6), squat)
    assert not well_placed(squeezed(-1.0), squat)
    hidden = replace(TRACK, confidence=np.zeros_like(TRACK.confidence))
    assert turned_by(hidden) is None
    assert well_placed(hidden, squat) is None


def test_from_the_side_the_body_is_narrow() -> None:
    side = replace(load("squat"), view="side")
    assert well_placed(squeezed(0.05), side)
    assert turned_by(TRACK, "side") == pytest.approx(90, abs=10)
    assert not well_placed(TRACK, side)
    lying = squeezed(0.05)
    lying = replace(lying, joints=lying.joints[..., ::-1])
    assert well_placed(lying, side)


def test_from_the_side_the_hidden_half_of_the_body_may_be_missing() -> None:
    squat = load("squat")
    confidence = TRACK.confidence.copy()
    for name in ("LKnee", "LHip", "LAnkle", "LShoulder"):
        confidence[:, INDEX[name]] = 0.1
    track = replace(TRACK, confidence=confidence)
    assert not well_seen(track, squat).any()
    assert not well_seen(track).any()
    assert well_seen(track, replace(squat, view="side")).all()
