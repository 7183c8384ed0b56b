"""Reading OpenPose's own files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import SourceError
from edge.joints import INDEX
from edge.openpose_json import read_openpose_folder
from tests.edge.people import squat_track


def write_folder(
    folder: Path, *, scale: float = 1.0, offset: float = 0.0, skip: tuple[int, ...] = (),
    empty: tuple[int, ...] = (), seconds: float = 3.0,
) -> Path:  # fmt: skip
    """Write a squat at 30 Hz as OpenPose would."""
    folder.mkdir(exist_ok=True)
    track = squat_track(np.arange(0, seconds, 1 / 30))
    for number in range(len(track)):
        if number in skip:
            continue
        joints = track.joints[number] * scale + offset
        rows = np.concatenate([joints, track.confidence[number][:, None] * 0.8], axis=1)
        rows[~np.isfinite(joints).all(axis=1)] = 0
        person = {"person_id": [-1], "pose_keypoints_2d": rows.ravel().tolist()}
        content = {"version": 1.3, "people": [] if number in empty else [person]}
        (folder / f"squat_{number:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def test_times_and_joints(tmp_path: Path) -> None:
    frames = list(read_openpose_folder(write_folder(tmp_path / "o", skip=(3, 4)), fps=30))
    times = [time for time, _ in frames]
    assert times[:4] == pytest.approx([0, 1 / 30, 2 / 30, 5 / 30])
    pose = frames[0][1][0]
    assert pose.confidence[INDEX["Neck"]] == pytest.approx(0.8)
    assert np.isnan(pose.joints[INDEX["LBigToe"]]).all()
    assert pose.confidence[INDEX["LBigToe"]] == 0


def test_empty_people_and_empty_lists_are_normal(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "o", empty=(0, 1))
    (folder / "squat_000000000002_keypoints.json").write_text(
        json.dumps({"people": [{"pose_keypoints_2d": []}, {}]})
    )
    frames = list(read_openpose_folder(folder, fps=30))
    assert [len(people) for _, people in frames[:4]] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no list of people"),
        ('{"people": 3}', "no list of people"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', "BODY_25 has 75"),
        ('{"people": [{"pose_keypoints_2d": ["a"]}]}', "not a list of numbers"),
        ('{"people": [{"pose_keypoints_2d": [[1], [2, 3]]}]}', "not a list of numbers"),
        ("[" * 100_000, "not JSON"),
        ('{"people": [{"pose_keypoints_2d": [1%s]}]}' % ("0" * 400), "not a list of numbers"),
    ],
)
def test_damaged_files_are_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a_000000000000_keypoints.json"
    path.write_text(content)
    with pytest.raises(SourceError, match=message):
        list(read_openpose_folder(tmp_path, fps=30))


def test_a_leap_in_the_numbers_is_refused_and_folders_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "o")
    (folder / "x_000000000070_keypoints.json").unlink(missing_ok=True)
    (folder / "sub_000000000777_keypoints.json").mkdir()
    assert len(list(read_openpose_folder(folder, fps=30))) == 90
    (folder / "squat_000010000000_keypoints.json").write_text('{"people": []}')
    with pytest.raises(SourceError, match="reach from 0 to 10000000"):
        list(read_openpose_folder(folder, fps=30))


def test_an_empty_folder_and_two_videos_in_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no OpenPose files"):
        list(read_openpose_folder(tmp_path, fps=30))
    for name in ("a", "b"):
        (tmp_path / f"{name}_000000000000_keypoints.json").write_text('{"people": []}')
    with pytest.raises(SourceError, match="two files"):
        list(read_openpose_folder(tmp_path, fps=30))
