"""Faces in the clip that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.clip import ClipWriter
from edge.faceless import MEMORY, FacelessClip, Head, head_of, hide
from edge.frames import Frame
from edge.frames.video import VideoFile
from edge.joints import INDEX, MID_HIP, NECK
from edge.track import Pose, PoseTrack
from tests.edge.people import poses_of, track_of, with_ears

NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
TIMES = np.arange(60) / 30


def stand(x: float) -> PoseTrack:
    return with_ears(track_of(TIMES, np.zeros(len(TIMES)), offset=(x, 430.0)))


def face(pose: Pose) -> tuple[slice, slice]:
    x, y = pose.joints[INDEX["Nose"]].round().astype(int)
    return slice(y - 18, y + 18), slice(x - 18, x + 18)


def detail(picture: np.ndarray) -> float:
    """Return how much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def written(path: Path, seen: Sequence[list[Pose] | None]) -> list[np.ndarray]:
    """Return the pictures of a clip in whose frames these people were seen."""
    clip = FacelessClip(path)
    for time, people in zip(TIMES, seen, strict=True):
        clip.write(Frame(NOISE, float(time)), people)
    clip.close()
    with VideoFile(path) as video:
        return [frame.picture for frame in video]


def test_every_face_that_is_found_is_hidden_and_nothing_else(tmp_path: Path) -> None:
    one, other = stand(200.0).poses(), stand(450.0).poses()
    seen = [[b, a] if n % 2 else [a, b] for n, (a, b) in enumerate(zip(one, other, strict=True))]
    pictures = written(tmp_path / "clip.mp4", seen)
    assert len(pictures) == len(TIMES)
    for picture in pictures:
        for person in (one[0], other[0]):
            assert detail(picture[face(person)]) < 0.2 * detail(NOISE)
        assert detail(picture[300:460, 560:630]) > 0.6 * detail(NOISE)


def test_a_face_is_hidden_before_it_is_found_and_where_it_is_missed(tmp_path: Path) -> None:
    poses = stand(320.0).poses()
    found = [*range(20, 25), *range(33, 36)]  # a gap of 0.27 s
    pictures = written(tmp_path / "clip.mp4", [[poses[n]] if n in found else [] for n in range(60)])
    hidden = [detail(p[face(poses[0])]) < 0.4 * detail(NOISE) for p in pictures]
    early, late = 20 - round(MEMORY * 30), 35 + round(MEMORY * 30)
    sure = [n for n in range(60) if n not in {early, late}]  # clocks tremble
    assert [hidden[n] for n in sure] == [early <= n <= late for n in sure]


def test_a_head_that_is_missed_is_on_its_way_between_two_sights(tmp_path: Path) -> None:
    track = stand(320.0)
    moved = track.joints + np.array([90.0, 0.0])
    last = Pose(moved[0], track.confidence[0])
    seen = [[track.poses()[0]]] * 20 + [[]] * 9 + [[last]] * 31
    pictures = written(tmp_path / "clip.mp4", seen)
    rows, columns = face(track.poses()[0])
    for number in range(20, 29):
        way = round(90 * (number - 19) / 10)
        place = rows, slice(columns.start + way, columns.stop + way)
        assert detail(pictures[number][place]) < 0.4 * detail(NOISE)


def test_a_face_is_hidden_where_nobody_looked(tmp_path: Path) -> None:
    """Every third picture is looked at, somebody walks, and is missed in the last look but one."""
    track = stand(400.0)
    way = [np.array([-120.0 * float(time), 0.0]) for time in TIMES]
    poses = [Pose(j + w, c) for j, w, c in zip(track.joints, way, track.confidence, strict=True)]
    seen = [[pose] if n % 3 == 0 else None for n, pose in enumerate(poses)]
    seen[54] = []
    pictures = written(tmp_path / "clip.mp4", seen)
    for number in range(54):
        assert detail(pictures[number][face(poses[number])]) < 0.4 * detail(NOISE), number
    for number in range(54, 60):  # where it was last seen, or on its way
        reach = poses[51 if number < 57 else 57]
        assert detail(pictures[number][face(reach)]) < 0.9 * detail(NOISE), number


@pytest.mark.parametrize("found", [True, False])
def test_a_face_is_hidden_where_the_clock_makes_a_leap(found: bool, tmp_path: Path) -> None:
    """A recording stalls after a picture that nobody looked at."""
    pose = stand(320.0).poses()[0]
    for after in (0.15, 0.3767, 0.7, 5.0):
        clip = FacelessClip(tmp_path / "clip.mp4")
        times = [0.0, 0.0333, 0.0667, 0.1, 0.1 + after, 0.1333 + after]
        looks = [[pose], None, [pose], None, [pose] if found else [], None]
        for time, people in zip(times, looks, strict=True):
            clip.write(Frame(NOISE, time), people)
        clip.close()
        with VideoFile(tmp_path / "clip.mp4") as video:
            hidden = [detail(f.picture[face(pose)]) < 0.4 * detail(NOISE) for f in video]
        assert all(hidden[: 6 if found else 4])


def test_who_walks_in_is_hidden_on_their_way_before_they_are_found(tmp_path: Path) -> None:
    """The blur waited where they were found; their face came from beside it."""
    track = stand(400.0)
    speed = 200.0  # pixels a second, a body height in 1.5 s
    way = [np.array([speed * float(20 / 30 - time), 0.0]) for time in TIMES]
    poses = [Pose(j + w, c) for j, w, c in zip(track.joints, way, track.confidence, strict=True)]
    pictures = written(
        tmp_path / "clip.mp4", [[pose] if n >= 20 else [] for n, pose in enumerate(poses)]
    )
    for number in range(13, 35):  # what was before is not in memory any more once they are found
        assert detail(pictures[number][face(poses[number])]) < 0.4 * detail(NOISE), number


def around(head: Head, changed: np.ndarray) -> float:
    down, across = np.nonzero(changed)
    return float(np.hypot(across - head[0], down - head[1]).max() - head[2])


def test_only_the_head_is_changed_and_all_of_it(tmp_path: Path) -> None:
    pose = stand(320.0).poses()[0]
    head = head_of(pose)
    assert head
    writer = ClipWriter(tmp_path / "clip.mp4")
    before, after = writer.planes(NOISE), writer.planes(NOISE)
    writer.discard()
    hide(after, head)
    changed = (before != after)[:480]
    assert around(head, changed) <= 0
    for joint in ("Nose", "REar", "LEar"):
        x, y = pose.joints[INDEX[joint]].round().astype(int)
        assert changed[y - 8 : y + 8, x - 8 : x + 8].mean() > 0.95
    colours_before, colours = (p[480:].reshape(2, 240, 320) for p in (before, after))
    x, y = (round(one / 2) for one in head[:2])
    for one, other in zip(colours_before, colours, strict=True):
        part = (slice(y - 8, y + 8), slice(x - 8, x + 8))
        assert (one != other)[part].mean() > 0.9


def test_a_head_is_known_from_behind_and_by_one_joint() -> None:
    (_, pose), *_ = poses_of(stand(320.0))
    shown = head_of(pose)
    confidence = pose.confidence.copy()
    confidence[[INDEX[name] for name in ("Nose", "REar", "LEar")]] = 0
    hidden = head_of(Pose(pose.joints, confidence))
    assert shown and hidden
    assert np.hypot(hidden[0] - shown[0], hidden[1] - shown[1]) < 0.5 * hidden[2]
    only = np.zeros(25)
    only[INDEX["Nose"]] = 1
    assert head_of(Pose(pose.joints, only)) is not None  # the trunk's length is a guess then
    assert head_of(Pose(pose.joints, np.zeros(25))) is None
    joints = np.full((25, 2), np.nan)
    joints[INDEX["Nose"]] = 5.0
    assert head_of(Pose(joints, only)) is None  # how large it is nobody can tell


def test_bending_forward_makes_no_head_smaller(tmp_path: Path) -> None:
    pose = stand(320.0).poses()[0]
    joints = pose.joints.copy()
    joints[MID_HIP] = (joints[NECK] + joints[MID_HIP] * 0.3) / 1.3  # a trunk seen from its end
    clip = FacelessClip(tmp_path / "clip.mp4")
    for number, one in enumerate([pose, Pose(joints, pose.confidence)]):
        clip.write(Frame(NOISE, number / 30), [one])
    radii = [picture.heads[-1][2] for picture in clip._waiting]
    clip.discard()
    assert radii[1] > 0.98 * radii[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(482, 640), (64, 98), (2, 2)])
def test_heads_at_the_edge_or_outside_do_no_harm(size: tuple[int, int], tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "clip.mp4")
    planes = writer.planes(np.resize(NOISE, (*size, 3)))
    writer.discard()
    for head in ((-100.0, -100.0, 30.0), (5.0, 5.0, 40.0), (640.0, 480.0, 3000.0), (1.0, 1.0, 0.1)):
        hide(planes, head)
