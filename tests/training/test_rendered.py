"""Squats that are drawn and then tracked by the pose model for real.

Runs in the training environment only, and not in one process with TensorFlow: it needs OSMesa.
"""

# ruff: noqa: E402 - what follows needs what may be skipped here

from __future__ import annotations

import ctypes.util
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("anny")
if ctypes.util.find_library("OSMesa") is None:
    pytest.skip("no OSMesa: apt-get install libosmesa6", allow_module_level=True)
# pyrender and its relatives warn about their own use of numpy and of setuptools.
pytestmark = pytest.mark.filterwarnings("ignore")

from click.testing import CliRunner

from edge.errors import PoseError
from edge.joints import TEN
from edge.pose.blazepose import BlazePose
from training.rendered import in_picture, main, rendered_clip, sample_view
from training.rendered_clips import RenderedClip, load_clips
from training.synthetic.camera import Camera, project
from training.synthetic.clips import sample_bodies, sample_movement
from training.synthetic.clothes import Outfit, dress
from training.synthetic.gym import Gym, Piece
from training.synthetic.measure_pose_errors import errors_of, joint_table, view_table
from training.synthetic.render import Actor, Renderer, Scene
from training.synthetic.rig import Rig


@pytest.fixture(scope="module")
def bodies() -> list[Rig]:
    return sample_bodies(np.random.default_rng(11), 1)


@pytest.fixture(scope="module")
def estimator() -> BlazePose:
    try:
        return BlazePose(threads=1)
    except PoseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def clip(bodies: list[Rig], estimator: BlazePose) -> RenderedClip:
    return rendered_clip(4, bodies, estimator, seed=3, rate=10.0)


def test_the_pose_model_finds_the_drawn_joints(clip: RenderedClip) -> None:
    assert clip.choice == "one"
    assert clip.known.shape == clip.tracked.shape == (len(clip.times), 25, 2)
    apart = np.hypot(*np.moveaxis(errors_of(clip), -1, 0))
    assert np.isfinite(apart[:, TEN]).mean() > 0.9
    assert 0.005 < np.nanmedian(apart[:, TEN]) < 0.1
    assert len(clip.track) == np.isfinite(clip.tracked[:, 8, 0]).sum()


def test_a_clip_survives_being_stored(clip: RenderedClip, tmp_path: Path) -> None:
    clip.save(tmp_path / "clip_00000.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["clip_00000.npz"]
    (again,) = load_clips(tmp_path)
    for item in fields(RenderedClip):
        one, other = getattr(clip, item.name), getattr(again, item.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-4)
        elif item.name == "notes":
            assert json.loads(json.dumps(one)) == other  # tuples become lists
        else:
            assert one == other
    assert clip.correct == again.correct and clip.wrong == again.wrong


def test_the_tables_name_every_joint_that_the_model_has(clip: RenderedClip) -> None:
    table = joint_table([clip])
    assert all(f"| {name} |" in table for name in ("Nose", "Neck", "LAnkle", "RHeel"))
    assert "SmallToe" not in table and "nan" not in table
    assert len(view_table([clip], TEN).splitlines()) == 4


def test_no_folder_is_not_an_empty_set(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no rendered clips"):
        load_clips(tmp_path)


@pytest.mark.usefixtures("estimator")
def test_a_second_run_makes_only_what_is_missing(tmp_path: Path) -> None:
    options = ["--people", "1", "--seed", "5", "--rate", "4", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, ["--clips", "2", *options]).exit_code == 0
    first, second = sorted(tmp_path.glob("*.npz"))
    before, kept = RenderedClip.load(second), first.stat()
    second.unlink()
    assert CliRunner().invoke(main, ["--clips", "2", *options]).exit_code == 0
    assert first.stat().st_mtime_ns == kept.st_mtime_ns
    again = RenderedClip.load(second)
    np.testing.assert_array_equal(before.tracked, again.tracked)
    assert before.camera == again.camera


def test_views_are_wide_and_show_the_whole_body(bodies: list[Rig]) -> None:
    rng = np.random.default_rng(0)
    joints = sample_movement(rng, bodies, rate=10).joints
    cameras = [sample_view(rng, joints) for _ in range(150)]
    whole = [in_picture(project(joints, camera), camera).all() for camera in cameras]
    assert np.mean(whole) > 0.9
    yaws = np.rad2deg([camera.yaw for camera in cameras])
    heights = [camera.height for camera in cameras]
    assert yaws.min() < -35 and yaws.max() > 35
    assert 0.6 <= min(heights) < 0.8 and 1.8 < max(heights) <= 2.0


def test_people_stand_behind_what_is_before_them(bodies: list[Rig]) -> None:
    """The room is drawn once, so each picture has to put the people at their distance."""
    movement = sample_movement(np.random.default_rng(1), bodies, rate=10)
    rig = bodies[0]
    green = Outfit(**dict.fromkeys(("skin", "hair", "shirt", "shorts", "shoes"), (0, 255, 0)))
    dressed, motion = dress(rig.body, green), rig.solve(movement.posture)
    camera = Camera(pitch=-0.1)
    for y, seen in ((1.0, True), (-1.0, False)):
        # A board before or behind the person, wider than both.
        board = Piece("box", (2.5, 0.05, 2.5), (0.0, y, 1.25), (200, 0, 0))
        scene = Scene(camera, Gym(pieces=(board,)), [Actor(rig, dressed, motion)])
        renderer = Renderer(scene)
        picture = renderer.frame(0).astype(int)
        renderer.close()
        visible = (picture[..., 1] - picture[..., [0, 2]].max(axis=-1) > 15).sum()
        assert (visible > 5000) if seen else (visible == 0)


def test_the_shadow_falls_on_the_floor_only(bodies: list[Rig]) -> None:
    movement = sample_movement(np.random.default_rng(1), bodies, rate=10)
    rig = bodies[0]
    actor = Actor(rig, dress(rig.body, Outfit()), rig.solve(movement.posture))
    camera = Camera(height=1.6, pitch=-0.25)
    empty, full = (Renderer(Scene(camera, Gym(), actors)) for actors in ([], [actor]))
    changed = np.abs(empty.frame(0).astype(int) - full.frame(0)).max(axis=-1) > 3
    empty.close()
    full.close()
    feet = project(movement.joints[0, [11, 14, 19, 22]], camera)
    beside = changed[int(feet[:, 1].min()) : int(feet[:, 1].max()) + 10]
    assert beside.sum() > 300
    horizon = project(np.array([0.0, Gym().wall, 0.0]), camera)[1]
    columns = np.nonzero(changed[: int(horizon) - 2].any(axis=0))[0]
    arms = project(movement.joints[0], camera)[:, 0]
    assert columns.min() > arms.min() - 25 and columns.max() < arms.max() + 25
