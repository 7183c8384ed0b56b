"""What the packs share for measuring."""

from __future__ import annotations

import numpy as np
import pytest

from edge.exercise import Measurement, Repetition
from edge.exercises import load
from edge.joints import INDEX
from edge.measuring import (
    angle,
    around,
    at_rest,
    can_show,
    course_of,
    during,
    measure,
    median,
    near_side,
    worst,
)
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from tests.edge.people import depth_at, squat_track, track_of

SQUAT = load("squat")
TIMES = np.arange(0, 4, 1 / 30)
TRACK = squat_track(TIMES)
(REPETITION,) = find_repetitions(TRACK, SQUAT)
PART = with_margin(TRACK, REPETITION)


def unseen(track: PoseTrack, joint: str, where: slice = slice(None)) -> PoseTrack:
    confidence = track.confidence.copy()
    confidence[where, INDEX[joint]] = 0.1
    return PoseTrack(track.times, track.joints, confidence)


@pytest.mark.parametrize("rate", [15.0, 24.0, 60.0])
@pytest.mark.parametrize("scale", [40.0, 300.0])
def test_measurements_do_not_depend_on_rate_and_size(rate: float, scale: float) -> None:
    times = np.arange(0, 4, 1 / rate)
    track = track_of(times, depth_at(times), scale=scale, offset=(50.0, 90.0))
    (repetition,) = find_repetitions(track, SQUAT)
    found = measure(SQUAT, with_margin(track, repetition), repetition, 0.0)
    expected = measure(SQUAT, PART, REPETITION, 0.0)
    for quantity in SQUAT.quantities:
        one, other = found[quantity.name], expected[quantity.name]
        assert one and other
        assert one.value == pytest.approx(other.value, abs=0.5 * quantity.tolerance)
        assert repetition.start <= one.moment <= repetition.end


def test_a_joint_that_is_rarely_seen_cannot_be_measured() -> None:
    found = measure(SQUAT, unseen(PART, "LKnee"), REPETITION, 0.0)
    assert found["left_knee_in"] is None
    assert found["depth"] is not None
    assert measure(SQUAT, unseen(PART, "LKnee", slice(10)), REPETITION, 0.0)["left_knee_in"]


def test_somebody_turned_shows_depth_but_not_knees() -> None:
    found = measure(SQUAT, PART, REPETITION, 40.0)
    assert found["left_knee_in"] is None and found["stance"] is None
    assert found["depth"] is not None and found["ascent"] is not None
    assert measure(SQUAT, PART, REPETITION, None)["left_knee_in"] is not None


def test_nobody_to_measure() -> None:
    nothing = PoseTrack(PART.times, PART.joints, np.zeros_like(PART.confidence))
    assert set(measure(SQUAT, nothing, REPETITION, 0.0).values()) == {None}
    assert set(measure(SQUAT, PoseTrack.empty(), REPETITION, 0.0).values()) == {None}


def test_from_the_side_either_side_of_the_body_is_enough() -> None:
    push_up = load("push_up")
    quantity = next(q for q in push_up.quantities if any(n[0] in "RL" for n in q.joints))
    name = next(n for n in quantity.joints if n[0] in "RL")
    other = {"R": "L", "L": "R"}[name[0]] + name[1:]
    joints = np.zeros((10, 25, 2))
    track = PoseTrack(np.arange(10.0), joints, np.ones((10, 25)))
    assert can_show(push_up, quantity, unseen(track, name), None)
    assert not can_show(push_up, quantity, unseen(unseen(track, name), other), None)
    assert near_side(unseen(unseen(track, "LKnee"), "LHip")) == "R"


def test_rest_turn_and_what_lies_between() -> None:
    rest, turn = at_rest(PART, REPETITION), around(PART, REPETITION.turn)
    assert rest.any() and turn.any() and not (rest & turn).any()
    down = PART.joints[:, INDEX["MidHip"], 1]
    deep, half = during(PART, REPETITION, down, 0.9), during(PART, REPETITION, down, 0.5)
    assert deep.sum() < half.sum() < len(PART)
    cut = PART.between(REPETITION.start + 0.3, REPETITION.end - 0.3)
    assert at_rest(cut, REPETITION)[[0, -1]].all()  # no rest in it: its ends must do
    assert around(PART, 99.0).sum() == 1


def test_the_worst_is_no_slip_of_the_pose_model() -> None:
    values = np.zeros(len(TRACK))
    values[40:42] = 100.0
    values[60:70] = 5.0
    everywhere = np.ones(len(TRACK), bool)
    assert worst(TRACK, values, everywhere) == Measurement(5.0, float(TIMES[60]))
    assert worst(TRACK, values, ~everywhere) is None


@pytest.mark.parametrize("values", [[3.0], [4.0, 1.0], [5.0, 1.0, 2.0], [1.0, np.nan, 2.0]])
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == pytest.approx(float(np.median(values)), nan_ok=True)


def test_angles() -> None:
    one, corner = np.array([[1.0, 0.0]] * 3), np.zeros((3, 2))
    other = np.array([[0.0, 2.0], [-1.0, 0.0], [1.0, 1.0]])
    assert angle(one, corner, other) == pytest.approx([90.0, 180.0, 45.0])


def test_a_repetition_without_margin_is_measured_too() -> None:
    cut = TRACK.between(1.0, 2.0)
    repetition = Repetition(1.0, 1.5, 2.0, 0.5)
    assert measure(SQUAT, cut, repetition, 0.0)["depth"] is not None


def test_a_course_is_the_quantity_at_every_moment() -> None:
    depth = SQUAT.quantity("depth")
    found = course_of(depth, TRACK, [REPETITION])
    assert found
    times, values = found
    measured = measure(SQUAT, PART, REPETITION, 0.0)["depth"]
    assert measured
    assert np.interp(REPETITION.turn, times, values) == pytest.approx(measured.value, abs=1.0)
    assert values[times < REPETITION.start - 0.1] == pytest.approx(0.0, abs=3.0)
    assert values.argmax() == pytest.approx(np.abs(times - REPETITION.turn).argmin(), abs=2)


def test_there_is_no_course_without_something_to_compare_with() -> None:
    assert course_of(SQUAT.quantity("depth"), TRACK, []) is None
    assert course_of(SQUAT.quantity("stance"), TRACK, [REPETITION]) is None
    hidden = unseen(TRACK, "RAnkle")
    assert course_of(SQUAT.quantity("depth"), hidden, [REPETITION]) is None
