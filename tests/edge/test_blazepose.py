"""The real pose model on rendered people with known joints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.errors import NetworkError, PoseError
from edge.frames import Frame, Picture
from edge.frames.video import VideoFile
from edge.joints import BODY_25, INDEX, L_ANKLE, MID_HIP, NECK, R_ANKLE, TEN
from edge.pose.blazepose import BlazePose, to_body_25
from edge.pose.blazepose_nets import (
    HEATMAP_SIDE,
    LANDMARKS,
    Detector,
    Landmarks,
    Region,
    anchors,
    refine,
)
from edge.runtime import Array, Network, TensorSpec
from tests.clips import KnownClip
from tests.edge.seen import Look

MEDIAN_ERROR = 0.03
"""Median distance from the known joint, in body heights. The regressor that makes the "known"
joints and the people who labelled the training pictures disagree by about as much."""


@pytest.fixture(scope="module")
def model() -> BlazePose:
    return BlazePose()


@pytest.mark.parametrize("name", ["demo_good", "demo_bad"])
def test_the_joints_are_where_they_are_known_to_be(name: str, seen: Look) -> None:
    clip = KnownClip.load(name)
    errors = []
    for number, (_, people) in enumerate(seen(name).moments):
        if len(people) != 1:
            continue
        truth = clip.joints[number, clip.subject]
        height = np.nanmax(truth[:, 1]) - np.nanmin(truth[:, 1])
        apart = people[0].joints[list(TEN)] - truth[list(TEN)]
        errors.append(np.hypot(*apart.T) / height)
    assert len(errors) >= 0.99 * len(clip.times)
    assert np.median(errors) < MEDIAN_ERROR
    # No joint is far off for long: a swap of left and right would show here.
    assert np.percentile(errors, 99) < 4 * MEDIAN_ERROR


def test_nobody_is_found_in_an_empty_gym(seen: Look) -> None:
    assert not any(people for _, people in seen("empty_gym").moments)


@pytest.mark.parametrize("size", [(2, 2), (16, 900), (900, 16), (240, 320)])
def test_any_picture_can_be_looked_at(size: tuple[int, int], model: BlazePose) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
    assert isinstance(model.open_stream().estimate(Frame(picture, 0.0)), list)


def test_streams_know_nothing_of_each_other(model: BlazePose) -> None:
    with VideoFile(KnownClip.load("demo_good").video) as video:
        frames = [frame for _, frame in zip(range(10), video, strict=False)]
    alone = model.open_stream()
    expected = [alone.estimate(frame) for frame in frames]
    one, other = model.open_stream(), model.open_stream()
    empty = Frame(np.zeros_like(frames[0].picture), 0.0)
    for frame, wanted in zip(frames, expected, strict=True):
        assert other.estimate(empty) == []
        (pose,) = one.estimate(frame)
        assert np.array_equal(pose.joints, wanted[0].joints, equal_nan=True)


class CountedLooks:
    """Counts how often a whole picture is looked through."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.count = 0

    def __call__(self, picture: Picture) -> list[Region]:
        self.count += 1
        return self._detector(picture)


def test_all_is_looked_through_where_something_changes(
    model: BlazePose, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = CountedLooks(model.detector)
    monkeypatch.setattr(model, "detector", looks)
    empty = np.full((480, 640, 3), 120, np.uint8)
    with VideoFile(KnownClip.load("demo_good").video) as video:
        somebody = next(iter(video)).picture
    stream, times = model.open_stream(), iter(np.arange(0, 60, 1 / 30))

    def people(picture: Picture) -> int:
        return len(stream.estimate(Frame(picture, float(next(times)))))

    assert not any(people(empty) for _ in range(60))
    assert looks.count == 60 / 5
    assert people(somebody) == 1  # at once, although it was not the time for it
    looks.count = 0
    assert all(people(somebody) == 1 for _ in range(30))
    assert looks.count == 2  # one in half a second
    assert people(empty) == 0 and looks.count == 3  # they are gone
    assert people(somebody) == 1
    looks.count = 0
    assert all(people(somebody) == 1 for _ in range(10))
    assert looks.count == 2  # somebody was lost a moment ago


def test_neck_and_midhip_are_midpoints_and_sides_are_the_persons_own() -> None:
    points = np.zeros((LANDMARKS, 2))
    points[11], points[12] = (200, 50), (100, 60)  # left and right shoulder
    points[23], points[24] = (180, 150), (120, 150)
    visibility = np.full(LANDMARKS, 0.9)
    visibility[12] = 0.4
    pose = to_body_25(Landmarks(points, visibility, 1.0, Region(0, 0, 1, 0)), 640, 480)
    assert pose.joints[NECK] == pytest.approx([150, 55])
    assert pose.joints[MID_HIP] == pytest.approx([150, 150])
    assert pose.confidence[NECK] == pytest.approx(0.4)
    assert pose.joints[INDEX["RShoulder"]] == pytest.approx([100, 60])
    lacking = {name for name, c in zip(BODY_25, pose.confidence, strict=True) if c == 0}
    assert lacking == {"LSmallToe", "RSmallToe"}


def test_joints_outside_the_picture_have_no_confidence() -> None:
    points = np.full((LANDMARKS, 2), 100.0)
    points[27] = points[28] = (100, 520)
    pose = to_body_25(Landmarks(points, np.ones(LANDMARKS), 1.0, Region(0, 0, 1, 0)), 640, 480)
    assert pose.confidence[R_ANKLE] == pose.confidence[L_ANKLE] == 0
    assert pose.confidence[NECK] == 1


def test_a_region_turns_with_the_person() -> None:
    upright = Region.from_points(np.array([100.0, 100.0]), np.array([100.0, 60.0]))
    assert upright.angle == pytest.approx(0)
    assert upright.side == pytest.approx(100)
    assert upright.to_picture() @ [128, 128, 1] == pytest.approx([100, 100])
    lying = Region.from_points(np.array([100.0, 100.0]), np.array([140.0, 100.0]))
    assert lying.angle == pytest.approx(math.pi / 2)
    # The crop's upper middle is where the person's head points.
    assert lying.to_picture() @ [128, 0, 1] == pytest.approx([150, 100])


def test_the_anchors_are_those_of_the_detector() -> None:
    centres = anchors()
    assert centres.shape == (2254, 2)
    assert centres[0] == pytest.approx([0.5 / 28, 0.5 / 28])
    assert centres[-1] == pytest.approx([6.5 / 7, 6.5 / 7])


def test_refining_moves_to_the_heat_and_leaves_the_cold_alone() -> None:
    heat = np.full((HEATMAP_SIDE, HEATMAP_SIDE, 3), -20.0, np.float32)
    heat[31, 33, 0] = 10.0  # one cell right of and one above the landmark's own
    heat[0, 0, 2] = 10.0
    points = np.array([[130.0, 130.0], [60.0, 60.0], [1.0, -5.0]])
    moved = refine(points, heat)
    assert moved[0] == pytest.approx([132, 124], abs=1e-3)
    assert moved[1] == pytest.approx(points[1])
    assert moved[2] == pytest.approx(points[2])  # outside the map


def test_missing_networks_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="run scripts/run"):
        BlazePose(tmp_path)


def test_networks_that_fail_are_an_error_of_the_pose_model() -> None:
    class Broken(Network):
        runtime = "broken"
        inputs = (TensorSpec("input_1", (1, 224, 224, 3)),)
        outputs = ()

        def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
            raise NetworkError("the GPU is lost")

    stream = BlazePose(networks=(Broken(), Broken())).open_stream()
    with pytest.raises(PoseError, match="GPU is lost"):
        stream.estimate(Frame(np.zeros((48, 64, 3), np.uint8), 0.0))
