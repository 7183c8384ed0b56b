"""People out of maps with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.pose.openpose_decoding import Limits, Maps, find_peaks, find_people
from edge.pose.openpose_layouts import BODY_25_LAYOUT, COCO_18, Layout
from edge.track import FloatArray
from tests.edge.openpose_maps import draw, standing

LAYOUTS = pytest.mark.parametrize("layout", [COCO_18, BODY_25_LAYOUT], ids=["coco", "body_25"])
NEAR = 0.15
"""Cells, a bit more than a pixel of the network's input."""


def errors(found: FloatArray, joints: FloatArray, layout: Layout) -> FloatArray:
    return np.asarray(np.hypot(*(found - joints[layout.joint_of]).T))


def matched(maps: Maps, layout: Layout, people: list[FloatArray]) -> list[FloatArray]:
    """Return the errors of each person, who must all be found, and nobody else."""
    found = [places for places, _ in find_people(maps, layout)]
    assert len(found) == len(people)
    far = [[np.nanmedian(errors(one, person, layout)) for one in found] for person in people]
    best = [int(np.argmin(row)) for row in far]
    assert sorted(best) == list(range(len(people)))
    return [errors(found[i], person, layout) for i, person in zip(best, people, strict=True)]


@LAYOUTS
def test_one_person_is_found_with_all_joints_in_place(layout: Layout) -> None:
    joints = standing(30.3, 12.7, 9.0)
    (error,) = matched(draw(layout, [joints]), layout, [joints])
    assert error.max() < NEAR
    ((_, confidence),) = find_people(draw(layout, [joints]), layout)
    # Smoothing finds the peaks, but the confidence is the map's own, less what lies between cells.
    assert ((confidence > 0.65) & (confidence < 0.82)).all()


@LAYOUTS
def test_two_people_side_by_side_are_two(layout: Layout) -> None:
    people = [standing(18.2, 10.0, 9.0), standing(42.9, 12.4, 10.0)]
    for error in matched(draw(layout, people), layout, people):
        assert error.max() < NEAR


@LAYOUTS
def test_two_people_who_cross_keep_their_own_joints(layout: Layout) -> None:
    people = [standing(28.0, 10.0, 9.0), standing(34.5, 13.3, 9.4)]  # shoulders overlap
    for error in matched(draw(layout, people), layout, people):
        # A part on which somebody else's lies is moved a little; none is the other one's.
        assert np.nanmax(error) < 1.0
        assert np.isfinite(error).mean() > 0.9


@LAYOUTS
def test_crossed_arms_of_two_people_stay_with_them(layout: Layout) -> None:
    left, right = standing(22.0, 12.0, 9.0), standing(38.0, 12.0, 9.0)
    # The left person's left hand reaches beyond the right person's right hand, and back.
    left[7], right[4] = (33.0, 18.0), (27.0, 21.0)
    left[6], right[3] = (28.0, 20.0), (32.5, 15.0)
    for error in matched(draw(layout, [left, right]), layout, [left, right]):
        assert np.nanmax(error) < 1.0


@LAYOUTS
def test_who_is_half_outside_is_found_as_far_as_there_is(layout: Layout) -> None:
    joints = standing(61.0, 12.0, 9.0)  # the neck on the last column: one side is outside
    outside = joints[:, 0] > 61.5
    joints[outside] = np.nan
    (error,) = matched(draw(layout, [joints]), layout, [joints])
    inside = ~outside[layout.joint_of]
    assert np.isnan(error[~inside]).all()
    assert np.isfinite(error[inside]).all()
    assert error[inside].max() < 0.6


@LAYOUTS
def test_missing_limbs_are_missing_and_nothing_else_is(layout: Layout) -> None:
    joints = standing(30.0, 10.0, 10.0)
    gone = [3, 4, 13, 14]  # the right arm below the shoulder, the left leg below the hip
    joints[gone] = np.nan
    joints[19:22] = np.nan  # the left foot
    (error,) = matched(draw(layout, [joints]), layout, [joints])
    assert (np.isnan(error) == np.isnan(joints[layout.joint_of, 0])).all()
    assert np.nanmax(error) < NEAR


@LAYOUTS
def test_a_hidden_neck_does_not_cut_somebody_up(layout: Layout) -> None:
    joints = standing(30.0, 10.0, 10.0)
    joints[1] = np.nan
    people = find_people(draw(layout, [joints]), layout, Limits(parts=4))
    # Both shoulders hang at the head by the ears; the hips have lost their link to them.
    seen = [
        {layout.parts[i] for i in np.flatnonzero(np.isfinite(places[:, 0]))} for places, _ in people
    ]
    assert any({"Nose", "RShoulder", "LShoulder", "RWrist", "LWrist"} <= names for names in seen)


@LAYOUTS
def test_nobody_is_found_where_nobody_is(layout: Layout) -> None:
    assert find_people(draw(layout, []), layout) == []
    assert find_people(np.zeros((layout.channels, 8, 8), np.float32), layout) == []


@LAYOUTS
def test_noise_is_nobody_and_hides_nobody(layout: Layout) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.05, (layout.channels, 46, 62)).astype(np.float32)
    assert find_people(noise, layout) == []
    joints = standing(30.0, 10.0, 10.0)
    (error,) = matched(draw(layout, [joints]) + noise, layout, [joints])
    assert np.nanmedian(error) < 2 * NEAR
    assert np.nanmax(error) < 1.0


@LAYOUTS
def test_a_field_that_points_the_other_way_joins_nothing(layout: Layout) -> None:
    maps = draw(layout, [standing(30.0, 10.0, 10.0)])
    maps[len(layout.parts) + 1 :] *= -1
    assert find_people(maps, layout) == []


def test_a_wild_map_takes_no_time_and_gives_no_nonsense() -> None:
    rng = np.random.default_rng(2)
    maps = rng.uniform(-1, 1, (COCO_18.channels, 46, 82)).astype(np.float32)
    for places, confidence in find_people(maps, COCO_18, Limits(along=0.0, score=0.0)):
        seen = confidence > 0
        assert np.isfinite(places[seen]).all()
        assert np.isnan(places[~seen]).all()
        assert (confidence <= 1).all()


def test_limits_leave_out_who_is_too_little_or_too_unsure() -> None:
    joints = standing(30.0, 10.0, 10.0)
    maps = draw(COCO_18, [joints])
    faint = draw(COCO_18, [joints], height=0.15)
    assert len(find_people(maps, COCO_18)) == 1
    assert find_people(faint, COCO_18) == []
    assert len(find_people(faint, COCO_18, replace(Limits(), score=0.2))) == 1
    assert find_people(maps, COCO_18, replace(Limits(), parts=19)) == []


@pytest.mark.parametrize("spread", [0.7, 0.9, 1.2])
def test_peaks_are_found_to_a_fraction_of_a_cell(spread: float) -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:20, 0:26]
    for place in rng.uniform(2, 17, (20, 2)):
        peak = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
        found = find_peaks(peak[None].astype(np.float32), 0.1)
        best = int(np.argmax(found.height))
        assert np.hypot(*(found.place[best] - place)) < 0.1
        assert 0.7 < found.height[best] < 1.05


def test_a_flat_top_is_one_peak() -> None:
    flat = np.zeros((1, 12, 12), np.float32)
    flat[0, 4:8, 4:8] = 0.5
    found = find_peaks(flat, 0.2)
    assert 1 <= len(found.part) <= 4  # never one for each of its 64 points
