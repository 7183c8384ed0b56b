"""People made of numbers: they must stand still, and go wrong as told.

Runs in the training environment only: it needs anny.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")

from training.synthetic.body import SEGMENT, Phenotype, body_model
from training.synthetic.camera import Camera, project
from training.synthetic.gym import reflected
from training.synthetic.movement import ARMS, Faults, Style, squat
from training.synthetic.placing import placed
from training.synthetic.rig import Rig
from training.synthetic.skeleton import JOINT, SWAPPED
from training.synthetic.timing import Repetition, minimum_jerk, repetitions, sway
from training.synthetic.walking import walk

REP = Repetition(0.8, 1.9, 2.1, 3.1)
TIMES = np.arange(120) / 30
BOTTOM = round(REP.bottom * 30)


@pytest.fixture(scope="module")
def rigs() -> list[Rig]:
    return [
        Rig(body_model().body(Phenotype())),
        Rig(body_model().body(Phenotype(female=1.0, stature=1.6, weight=0.65))),
    ]


def moved(rig: Rig, faults: Faults | None = None, style: Style | None = None) -> Any:
    rng = np.random.default_rng(3)
    posture = squat(rig, style or Style(), faults or Faults(), [REP], TIMES, rng)
    return rig.joints(rig.solve(posture))


def width(joints: Any, name: str) -> float:
    pair = joints[BOTTOM, JOINT["L" + name]] - joints[BOTTOM, JOINT["R" + name]]
    return float(pair[0])


def lean(joints: Any) -> float:
    trunk = joints[BOTTOM, JOINT["Neck"]] - joints[BOTTOM, JOINT["MidHip"]]
    return float(np.rad2deg(np.arctan2(-trunk[1], trunk[2])))


def drop(joints: Any) -> float:
    return float(joints[0, JOINT["MidHip"], 2] - joints[BOTTOM, JOINT["MidHip"], 2])


def test_a_body_is_as_tall_as_asked_and_stands_on_the_floor(rigs: list[Rig]) -> None:
    for rig in rigs:
        heights = rig.body.vertices[:, 2]
        assert heights.min() == pytest.approx(0)
        assert heights.max() == pytest.approx(rig.body.phenotype.stature, abs=0.01)


def test_a_stature_that_nobody_has_is_refused() -> None:
    with pytest.raises(ValueError, match="tall"):
        body_model().body(Phenotype(stature=3.0))


@pytest.mark.parametrize("arms", ARMS)
def test_feet_stay_planted(rigs: list[Rig], arms: str) -> None:
    faults = Faults(left_knee=0.8, shallow=0.3, forward_lean=0.5, hip_shift=0.7, neck=0.5)
    for rig in rigs:
        for wrong in (Faults(), faults):
            joints = moved(rig, wrong, Style(arms=arms, rise=-0.1))
            feet = joints[:, [JOINT["LAnkle"], JOINT["RAnkle"], *range(19, 25)]]
            drift = np.linalg.norm(feet - feet[:1], axis=-1)
            assert drift.max() < 0.01


def test_the_skin_of_the_feet_stays_planted_too(rigs: list[Rig]) -> None:
    rig = rigs[0]
    rng = np.random.default_rng(3)
    motion = rig.solve(squat(rig, Style(), Faults(), [REP], TIMES, rng))
    skins = [rig.skin(motion, index, rig.body.vertices, rig.body.weights) for index in (0, BOTTOM)]
    sole = rig.body.vertices[:, 2] < 0.02
    assert np.linalg.norm(skins[0][sole] - skins[1][sole], axis=-1).max() < 0.01


def test_joints_without_skin_are_those_of_the_skin(rigs: list[Rig]) -> None:
    rig = rigs[1]
    rng = np.random.default_rng(3)
    motion = rig.solve(squat(rig, Style(), Faults(), [REP], TIMES, rng))
    skin = rig.skin(motion, BOTTOM, rig.body.vertices, rig.body.weights)
    apart = np.linalg.norm(rig.body.regressor @ skin - rig.joints(motion)[BOTTOM], axis=-1)
    ankles = [JOINT["LAnkle"], JOINT["RAnkle"]]
    assert np.delete(apart, ankles).max() < 1e-6
    assert apart[ankles].max() < 0.03


def test_nothing_jumps(rigs: list[Rig]) -> None:
    """A thigh that passes the level once flipped over and took the hips 6 cm with it."""
    for rise in (0.2, 0.0, -0.3):
        joints = moved(rigs[0], style=Style(rise=rise))
        assert np.abs(np.diff(joints, n=2, axis=0)).max() < 0.02


def test_bones_keep_their_length(rigs: list[Rig]) -> None:
    rig = rigs[0]
    rng = np.random.default_rng(3)
    motion = rig.solve(squat(rig, Style(rise=-0.2), Faults(), [REP], TIMES, rng))
    shins = motion.places[:, SEGMENT["foot.L"]] - motion.places[:, SEGMENT["shin.L"]]
    assert np.ptp(np.linalg.norm(shins, axis=-1)) < 1e-6


def test_a_good_squat_is_deep_and_balanced(rigs: list[Rig]) -> None:
    for rig in rigs:
        joints = moved(rig, style=Style(rise=-0.06))
        knees = joints[BOTTOM, [JOINT["LKnee"], JOINT["RKnee"]], 2].mean()
        assert abs(joints[BOTTOM, JOINT["MidHip"], 2] - knees) < 0.06
        assert width(joints, "Knee") > width(joints, "Ankle")
        toes, heels = joints[BOTTOM, [19, 22], 1].mean(), joints[BOTTOM, [21, 24], 1].mean()
        assert toes < joints[BOTTOM, :, 1].mean() < heels


def test_the_first_and_last_moment_are_the_same(rigs: list[Rig]) -> None:
    joints = moved(rigs[0])
    np.testing.assert_allclose(joints[0], joints[-1], atol=1e-4)


SEVERITIES = (0.0, 0.4, 1.0)


def series(rig: Rig, measure: Any, **fault: float) -> Any:
    name, sign = next(iter(fault.items()))
    return np.array([measure(moved(rig, Faults(**{name: sign * s}))) for s in SEVERITIES])


def test_knees_fall_inwards_with_severity(rigs: list[Rig]) -> None:
    for rig in rigs:
        for side in ("left_knee", "right_knee"):
            ratio = series(rig, lambda j: width(j, "Knee") / width(j, "Ankle"), **{side: 1.0})
            assert (np.diff(ratio) < -0.05).all()


def test_only_the_named_knee_moves(rigs: list[Rig]) -> None:
    good, left = moved(rigs[0]), moved(rigs[0], Faults(left_knee=1.0))
    inwards = good[BOTTOM, :, 0] - left[BOTTOM, :, 0]
    assert inwards[JOINT["LKnee"]] > 0.05
    assert abs(inwards[JOINT["RKnee"]]) < 0.02


def test_shallow_squats_drop_less(rigs: list[Rig]) -> None:
    assert (np.diff(series(rigs[0], drop, shallow=1.0)) < -0.03).all()


def test_lean_grows_with_severity_and_depth_stays(rigs: list[Rig]) -> None:
    assert (np.diff(series(rigs[0], lean, forward_lean=1.0)) > 4).all()
    drops = series(rigs[0], drop, forward_lean=1.0)
    assert np.ptp(drops) < 0.06


def test_stance_widens_and_narrows(rigs: list[Rig]) -> None:
    wider = series(rigs[0], lambda j: width(j, "Ankle"), stance=1.0)
    narrower = series(rigs[0], lambda j: width(j, "Ankle"), stance=-1.0)
    assert (np.diff(wider) > 0.02).all()
    assert (np.diff(narrower) <= 0).all() and narrower[-1] < 0.6 * narrower[0]


@pytest.mark.parametrize("name", ["side_lean", "hip_shift"])
def test_sideways_faults_go_to_the_named_side(rigs: list[Rig], name: str) -> None:
    def across(joints: Any) -> float:
        joint = "Neck" if name == "side_lean" else "MidHip"
        return float(joints[BOTTOM, JOINT[joint], 0])

    assert (np.diff(series(rigs[0], across, **{name: 1.0})) > 0.005).all()
    assert (np.diff(series(rigs[0], across, **{name: -1.0})) < -0.005).all()


def test_the_head_drops(rigs: list[Rig]) -> None:
    def nose(joints: Any) -> float:
        return float(joints[BOTTOM, JOINT["Nose"], 2] - joints[BOTTOM, JOINT["Neck"], 2])

    assert (np.diff(series(rigs[0], nose, neck=1.0)) < -0.005).all()


def test_left_is_left_and_the_person_faces_the_camera(rigs: list[Rig]) -> None:
    pixels = project(moved(rigs[0])[0], Camera())
    assert pixels[JOINT["LShoulder"], 0] > pixels[JOINT["RShoulder"], 0]
    assert pixels[JOINT["Nose"], 1] < pixels[JOINT["MidHip"], 1] < pixels[JOINT["LAnkle"], 1]
    assert ((pixels > 0) & (pixels < [640, 480])).all()


def test_projection_of_known_points() -> None:
    camera = Camera(height=1.0, distance=2.0, pitch=0.0, fov=np.pi / 2)
    points = np.array([[0, 0, 1.0], [1, 0, 1], [0, 0, 2], [0, -3, 1]])
    expected = [[320, 240], [440, 240], [320, 120], [np.nan, np.nan]]
    np.testing.assert_allclose(project(points, camera), expected, atol=1e-9)
    # A camera that looks up sees things lower; one panned to the right sees them further left.
    assert project(points[0], replace(camera, pitch=0.1))[1] > 240
    assert project(points[0], replace(camera, pan=0.1))[0] < 320
    # Rolled clockwise, the world turns anticlockwise: what is right of the middle goes up.
    assert project(points[1], replace(camera, roll=0.1))[1] < 240
    # From the person's left the person's front (-y) appears on the left.
    assert project(np.array([0, -0.5, 1]), replace(camera, yaw=0.5))[0] < 320


def test_repetitions_follow_one_another() -> None:
    reps = repetitions(np.random.default_rng(0), 4)
    assert all(rep.start < rep.down <= rep.bottom <= rep.up < rep.end for rep in reps)
    assert all(one.end < two.start for one, two in pairwise(reps))
    depth = sum(rep.depth(TIMES) for rep in reps[:1])
    assert depth.max() == pytest.approx(1, abs=0.01)
    assert depth[0] == 0
    np.testing.assert_allclose(minimum_jerk(np.array([-1, 0, 0.5, 1, 2])), [0, 0, 0.5, 1, 1])


def test_swaying_repeats_after_its_period() -> None:
    waves = sway(np.random.default_rng(0), TIMES, 0.01)
    assert waves[0] == pytest.approx(waves[-1], abs=1e-9)
    assert 0.002 < waves.std() < 0.03


def test_a_walker_arrives_on_planted_feet(rigs: list[Rig]) -> None:
    rig = rigs[0]
    times = np.arange(180) / 30
    still = squat(rig, Style(), Faults(), [], times, np.random.default_rng(0))
    still = placed(still, 0.4, 0.2, 0.0)
    posture, over = walk(rig, [(2.4, 0.2), (0.4, 0.2)], times, leave=0.2, stand=still, yaw_end=0.0)
    assert over < 5
    joints = rig.joints(rig.solve(posture))
    ankles = joints[:, [JOINT["LAnkle"], JOINT["RAnkle"]]]
    arrived = times > over - 0.4
    np.testing.assert_allclose(ankles[arrived], np.broadcast_to(
        still.ankles[arrived], ankles[arrived].shape), atol=0.03)  # fmt: skip
    # One foot at least is still at any time, and nobody flies.
    speed = np.linalg.norm(np.diff(ankles, axis=0), axis=-1) * 30
    assert np.percentile(speed.min(1), 80) < 0.35
    assert joints[:, 19:, 2].min() > -0.05


def test_a_mirror_swaps_sides() -> None:
    assert SWAPPED[JOINT["LKnee"]] == JOINT["RKnee"]
    assert SWAPPED[JOINT["MidHip"]] == JOINT["MidHip"]
    np.testing.assert_allclose(reflected(np.array([1.0, 0.5, 2]), 2.0), [1, 3.5, 2])
