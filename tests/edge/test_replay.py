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
    blur_head,
    colour_of,
    draw_skeleton,
    head_at,
    joints_at,
    render_replay,
)
from edge.track import PoseTrack
from tests.edge.people import squat_track, track_of, with_ears


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
    picture = grey(0.0).picture
    joints = np.full((25, 2), np.nan)
    joints[1] = (1e9, -1e9)
    joints[8] = (100.0, 100.0)
    draw_skeleton(picture, joints, np.ones(25))
    draw_skeleton(picture, joints, np.zeros(25))


def test_colours_tell_the_sides_apart() -> None:
    assert colour_of("LKnee") == LEFT
    assert colour_of("RKnee") == RIGHT
    assert colour_of("Neck") not in (LEFT, RIGHT)


NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)


def stand(x: float, times: np.ndarray | None = None) -> PoseTrack:
    times = np.arange(0, 2, 1 / 30) if times is None else times
    return track_of(times, np.zeros(len(times)), offset=(x, 430.0))


def face_of(track: PoseTrack) -> tuple[slice, slice]:
    x, y = track.joints[0, INDEX["Nose"]].round().astype(int)
    return slice(y - 18, y + 18), slice(x - 18, x + 18)


def detail(picture: np.ndarray) -> float:
    """Return how much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_every_face_is_blurred_and_nothing_else(tmp_path: Path) -> None:
    subject, beside = stand(200.0), stand(450.0).between(0.5, 1.5)
    with ClipWriter(tmp_path / "clip.mp4") as clip:
        for time in subject.times:
            clip.write(Frame(NOISE, float(time)))
    render_replay(tmp_path / "clip.mp4", subject, tmp_path / "replay.mp4", [beside])
    with VideoFile(tmp_path / "clip.mp4") as before, VideoFile(tmp_path / "replay.mp4") as after:
        pairs = list(zip(before, after, strict=True))
    for (clean, drawn), time in zip(pairs, subject.times, strict=True):
        face = face_of(subject)
        assert detail(drawn.picture[face]) < 0.35 * detail(clean.picture[face])
        face = face_of(beside)
        seen = 0.0 <= time <= 2.0  # half a second before and after they are seen as well
        assert (detail(drawn.picture[face]) < 0.35 * detail(clean.picture[face])) == seen
        rest = (slice(300, 460), slice(560, 630))
        assert detail(drawn.picture[rest]) > 0.6 * detail(clean.picture[rest])


def test_only_the_head_is_changed() -> None:
    track = with_ears(stand(320.0))
    head = head_at(track, 0.0)
    assert head
    picture = NOISE.copy()
    blur_head(picture, head)
    changed = (picture != NOISE).any(axis=2)
    down, across = np.nonzero(changed)
    away = np.hypot(across - head[0], down - head[1])
    assert away.max() <= head[2]
    assert changed[face_of(track)].mean() > 0.95
    for joint in ("Nose", "REar", "LEar"):
        x, y = track.joints[0, INDEX[joint]].round().astype(int)
        assert changed[y - 8 : y + 8, x - 8 : x + 8].mean() > 0.95


def test_a_face_that_turns_away_or_is_missed_stays_blurred() -> None:
    track = stand(320.0)
    joints, confidence = track.joints.copy(), track.confidence.copy()
    joints[:, INDEX["Nose"]] = np.nan  # seen from behind: neck and trunk tell where the head is
    confidence[:, INDEX["Nose"]] = 0
    hidden, shown = head_at(PoseTrack(track.times, joints, confidence), 1.0), head_at(track, 1.0)
    assert hidden and shown
    assert np.hypot(hidden[0] - shown[0], hidden[1] - shown[1]) < 0.2 * hidden[2] + 5
    missed = stand(320.0, np.array([0.0, 0.8, 3.0]))
    heads = {time: head_at(missed, time) is not None for time in (0.4, 1.2, 1.9, 2.6, 3.4, 3.6)}
    assert heads == {0.4: True, 1.2: True, 1.9: False, 2.6: True, 3.4: True, 3.6: False}
    assert head_at(track.between(5, 6), 0.0) is None


def test_heads_at_the_edge_or_outside_do_no_harm() -> None:
    for head in ((-100.0, -100.0, 30.0), (5.0, 5.0, 40.0), (640.0, 480.0, 3000.0), None):
        blur_head(NOISE.copy(), head)
