"""The replay with the skeleton drawn into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.clip import ClipWriter
from edge.frames import Frame
from edge.frames.video import VideoFile
from edge.joints import INDEX
from edge.replay import (
    LEFT,
    RIGHT,
    colour_of,
    draw_skeleton,
    joints_at,
    render_replay,
)
from tests.edge.people import squat_track


def grey(time: float) -> Frame:
    return Frame(np.full((480, 640, 3), 90, np.uint8), time)


def test_the_skeleton_is_drawn_where_the_joints_are(tmp_path: Path) -> None:
    times = np.arange(0, 2, 1 / 30)
    track = squat_track(times)
    with ClipWriter(tmp_path / "clip.mp4") as clip:
        for time in times:
            clip.write(grey(float(time)))
    render_replay(tmp_path / "clip.mp4", track, tmp_path / "replay.mp4")
    with VideoFile(tmp_path / "replay.mp4") as video:
        frames = list(video)
    assert [f.time for f in frames] == pytest.approx(times, abs=2e-3)
    for number in (0, 45):
        picture = frames[number].picture.astype(int)
        for name, colour in (("RKnee", RIGHT), ("LKnee", LEFT)):
            x, y = track.joints[number, INDEX[name]].round().astype(int)
            assert np.abs(picture[y, x] - colour).max() < 60  # the codec blurs colours
        assert np.abs(picture[470, 20] - 90).max() < 12


def test_short_gaps_are_bridged_and_long_ones_left_empty() -> None:
    track = squat_track(np.array([0.0, 0.1, 0.2, 1.0, 1.1]))
    joints, confidence = joints_at(track, 0.15)
    assert joints[1] == pytest.approx((track.joints[1, 1] + track.joints[2, 1]) / 2)
    assert confidence[1] == 1
    assert not joints_at(track, 0.6)[1].any()
    assert not joints_at(track, 2.0)[1].any()
    assert joints_at(track, 0.1001)[0][1] == pytest.approx(track.joints[1, 1])
    assert not joints_at(track.between(5, 6), 0.0)[1].any()


def test_joints_far_outside_or_unseen_do_no_harm() -> None:
    picture = np.full((720, 640), 90, np.uint8)
    joints = np.full((25, 2), np.nan)
    joints[1] = (1e9, -1e9)
    joints[8] = (100.0, 100.0)
    draw_skeleton(picture, joints, np.ones(25))
    draw_skeleton(picture, joints, np.zeros(25))


def test_colours_tell_the_sides_apart() -> None:
    assert colour_of("LKnee") == LEFT
    assert colour_of("RKnee") == RIGHT
    assert colour_of("Neck") not in (LEFT, RIGHT)
