"""Drawn people: they must be where their known joints say.

In a process without TensorFlow: it and the renderer's OSMesa each bring an LLVM of their own.
"""

# ruff: noqa: E402 - what follows needs what may be skipped here

from __future__ import annotations

import ctypes.util
import json

import numpy as np
import pytest

pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")
if ctypes.util.find_library("OSMesa") is None:
    pytest.skip("no OSMesa: apt-get install libosmesa6", allow_module_level=True)
# pyrender and its relatives warn about their own use of numpy and of setuptools.
pytestmark = pytest.mark.filterwarnings("ignore")

from training.synthetic import clothes, render, scenes
from training.synthetic.body import Phenotype, body_model
from training.synthetic.camera import Camera, project
from training.synthetic.gym import Gym, Mirror, Piece
from training.synthetic.movement import Faults, Style, squat
from training.synthetic.placing import placed
from training.synthetic.rig import Rig
from training.synthetic.skeleton import JOINT

TIMES = np.arange(2) / 30


def test_a_drawn_marker_is_where_it_is_projected() -> None:
    spot = (0.5, 0.3, 1.2)
    marker = Piece("box", (0.05, 0.05, 0.05), spot, (255, 0, 0))
    camera = Camera(yaw=0.3, pitch=-0.2, roll=0.1, pan=0.05)
    gym = Gym(stripe_colour=(120, 120, 120), pieces=(marker,))
    renderer = render.Renderer(render.Scene(camera, gym, []))
    picture = renderer.frame(0).astype(int)
    renderer.close()
    assert picture.shape == (480, 640, 3)
    red = picture[..., 0] - picture[..., 1:].max(-1) > 60
    rows, columns = np.nonzero(red)
    assert len(rows) > 20
    found = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    assert np.linalg.norm(found - project(np.array(spot), camera)) < 1.5


def test_known_joints_lie_on_the_drawn_person_and_the_reflection() -> None:
    rig = Rig(body_model().body(Phenotype()))
    still = squat(rig, Style(), Faults(), [], TIMES, np.random.default_rng(0))
    motion = rig.solve(placed(still, 0.35, 0.2, 0.0))
    parts_worn = ("skin", "hair", "shirt", "shorts", "shoes")
    glow = clothes.Outfit(**dict.fromkeys(parts_worn, (0, 255, 0)))
    gym = Gym(wall=1.5, mirror=Mirror(-1.4, 1.4, 0.05, 2.2), stripe_colour=(90, 90, 90))
    camera = Camera(yaw=-0.15)
    scene = render.Scene(camera, gym, [render.Actor(rig, clothes.dress(rig.body, glow), motion)])
    renderer = render.Renderer(scene)
    picture = renderer.frame(0).astype(int)
    renderer.close()
    joints = scene.joints()
    assert joints.shape == (2, 2, 25, 2)
    green = picture[..., 1] - picture[..., [0, 2]].max(-1) > 15
    for person, share in ((0, 0.9), (1, 0.6)):
        seen = joints[0, person][np.isfinite(joints[0, person]).all(-1)]
        columns, rows = seen.astype(int).T
        assert len(seen) > 15
        assert green[rows, columns].mean() > share
    # The reflection stands behind the person, smaller, and shows its left on the other side.
    tall = np.nanmax(joints[0, ..., 1], axis=-1) - np.nanmin(joints[0, ..., 1], axis=-1)
    assert tall[1] < tall[0]
    left, right = (joints[0, 1, JOINT[name], 0] for name in ("LShoulder", "RShoulder"))
    assert left < right


def test_every_clip_can_describe_itself() -> None:
    for name, make in scenes.CLIPS.items():
        clip = make()
        meta = json.loads(clip.meta())
        assert clip.name == name == meta["name"]
        squats = 2 if name == "arm_raised" else 3
        assert meta["repetition_count"] == (squats if clip.subject >= 0 else 0)
        for person in clip.people:
            assert all(rep.end < clip.seconds - 0.1 for rep in person.reps)
