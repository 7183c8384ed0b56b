"""The replay with the skeleton drawn into it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clip import ClipWriter
from edge.frames import Frame, Picture
from edge.frames.video import VideoFile
from edge.joints import INDEX
from edge.replay import (
    LEFT,
    RIGHT,
    ReplayAlong,
    colour_of,
    draw_skeleton,
    joints_at,
    render_replay,
)
from edge.track import FloatArray, PoseTrack
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


def drawn_along(path: Path, track: PoseTrack, times: FloatArray) -> ReplayAlong:
    """Return a replay of somebody, each picture drawn 0.4 s after it was seen, as sessions do."""
    along, poses = ReplayAlong(path), dict(zip(track.times, track.poses(), strict=True))
    for now in [*times, *(times[-1] + times[1:13])]:
        if now in poses:
            along.see(now, poses[now])
        late = now - times[12]
        if late >= 0:
            planes = cv2.cvtColor(grey(0.0).picture, cv2.COLOR_BGR2YUV_I420)
            along.write(np.asarray(planes, dtype=np.uint8), 7.0 + late)
    along.close()
    return along


def shown(path: Path) -> list[Picture]:
    with VideoFile(path) as video:
        return [frame.picture.astype(int) for frame in video]


def test_one_that_is_drawn_along_is_the_one_that_is_drawn_later(tmp_path: Path) -> None:
    times = np.round(np.arange(0, 2, 1 / 30), 6)
    whole = squat_track(times)
    kept = np.delete(np.arange(len(times)), [*range(3, 6), *range(20, 32)])  # a short gap, a long
    track = PoseTrack(whole.times[kept], whole.joints[kept], whole.confidence[kept])
    along = drawn_along(tmp_path / "along.mp4", track, times)
    along.track = track
    assert along.take(tmp_path / "replay.mp4")
    assert not along.take(tmp_path / "replay.mp4")
    along.discard()
    with ClipWriter(tmp_path / "clip.mp4") as clip:
        for time in times:
            clip.write(grey(float(time)))
    render_replay(tmp_path / "clip.mp4", track, tmp_path / "later.mp4")
    one, other = shown(tmp_path / "replay.mp4"), shown(tmp_path / "later.mp4")
    assert len(one) == len(other) == len(times)
    assert max(np.abs(a - b).mean() for a, b in zip(one, other, strict=True)) < 0.5
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "replay.mp4", "later.mp4"}


def test_one_that_shows_somebody_else_is_not_taken(tmp_path: Path) -> None:
    times = np.round(np.arange(0, 1, 1 / 30), 6)
    along = drawn_along(tmp_path / "along.mp4", squat_track(times), times)
    along.track = squat_track(times).between(0.4, 1.0)
    assert not along.take(tmp_path / "replay.mp4")
    assert not list(tmp_path.iterdir())


def test_one_that_was_never_finished_is_not_taken(tmp_path: Path) -> None:
    along = ReplayAlong(tmp_path / "along.mp4")
    along.write(np.zeros((72, 64), np.uint8), 0.0)
    assert not along.take(tmp_path / "replay.mp4")
    empty = ReplayAlong(tmp_path / "empty.mp4")
    empty.close()
    assert not empty.take(tmp_path / "replay.mp4")
    assert not list(tmp_path.iterdir())


def test_one_that_somebody_removed_is_drawn_anew(tmp_path: Path) -> None:
    times = np.round(np.arange(0, 1, 1 / 30), 6)
    along = drawn_along(tmp_path / "along.mp4", squat_track(times), times)
    along.track = squat_track(times)
    (tmp_path / "along.mp4").unlink()
    assert not along.take(tmp_path / "replay.mp4")


def test_one_whose_place_is_gone_leaves_nothing(tmp_path: Path) -> None:
    times = np.round(np.arange(0, 1, 1 / 30), 6)
    along = drawn_along(tmp_path / "along.mp4", squat_track(times), times)
    along.track = squat_track(times)
    with pytest.raises(OSError, match="gone"):
        along.take(tmp_path / "gone" / "replay.mp4")
    assert not list(tmp_path.iterdir())
