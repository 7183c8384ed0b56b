"""Reading recordings: the manifest's labels on the repetitions that the videos show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.joints import BODY_25
from edge.preprocessing import RATE
from edge.subject import Choice
from edge.track import PoseTrack
from tests.clips import KnownClip
from tests.edge.people import track_of
from tests.training.recordings import write_manifest
from training.datasets import SOURCES, DataError, read, split_by_person
from training.datasets.clip import TEN_NAMES
from training.datasets.keypoints import About, Keypoints, keypoints_path
from training.datasets.recordings import COLUMNS_3D, read_3d, repetitions
from training.examples import plain_examples
from training.takes import recorded_takes


def keypoints(name: str, choice: Choice = Choice.ONE) -> Keypoints:
    """Return the joints with which a clip was rendered, as if they had been extracted."""
    clip = KnownClip.load(name)
    joints = clip.joints[:, clip.subject]
    seen = np.isfinite(joints).all(axis=2).astype(np.float64)
    track = PoseTrack(clip.times, joints, seen)
    return Keypoints(About(f"sha of {name}", "known", choice, len(track)), track)


def write_3d(path: Path, frames: int = 3) -> None:
    rng = np.random.default_rng(3)
    lines = [[f"{number / 30}", *map(str, rng.normal(size=30))] for number in range(frames)]
    path.write_text("\n".join(",".join(line) for line in [COLUMNS_3D, *lines]))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with recordings of three people."""
    home = tmp_path / "recordings"
    write_manifest(
        home / "manifest.csv",
        {"video": "a.mp4", "person": "p1", "correct": 1, "diagonal_video": "d.mp4",
         "keypoints_3d": "a.csv"},
        {"video": "b.mp4", "person": "p2", "correct": 0, "left_knee": 1, "neck": 0,
         "load": "barbell"},
        {"video": "c.mp4", "person": "p3", "correct": 0},
    )  # fmt: skip
    write_3d(home / "a.csv")
    for video, name in {
        "a": "good_2",
        "b": "bad_2",
        "c": "two_squatters",
        "d": "side_view",
    }.items():
        found = keypoints(name, Choice.SEVERAL if video == "c" else Choice.ONE)
        found.save(keypoints_path(home / "keypoints", f"{video}.mp4"))
    return tmp_path


def test_labels_of_the_manifest_are_on_every_repetition(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips = read("recordings", data)
    front = [clip for clip in clips if clip.view == "front"]
    good = [clip for clip in front if clip.correct]
    assert len(good) == len(repetitions(keypoints("good_2"))) > 1
    assert {clip.person for clip in clips} == {"recordings-p1", "recordings-p2"}
    assert all(clip.group == clip.person for clip in clips)
    bad = [clip for clip in front if not clip.correct]
    assert {(clip.error, clip.load) for clip in bad} == {("left knee", "barbell")}
    assert bad[0].parts.tolist() == [-1, 1, -1, -1, -1, 0]
    assert {clip.view for clip in clips if clip.person == "recordings-p1"} == {
        "front", "diagonal", "3d",
    }  # fmt: skip
    assert "1 of 4 videos show no squat" in caplog.text


def test_clips_are_fit_to_learn_from(data: Path) -> None:
    clips = read("recordings", data)
    for clip in clips:
        assert np.isfinite(clip.joints).all()
        assert clip.times[0] == 0
        if clip.view != "3d":
            assert np.diff(clip.times) == pytest.approx(1 / RATE)
    front = [clip for clip in clips if clip.view == "front"]
    examples = plain_examples(recorded_takes(front))
    assert len(examples) == len(front)
    assert all(np.isfinite(inputs).all() for inputs in examples.inputs)
    inside, _ = split_by_person(clips, ["recordings-p1"])
    assert {clip.name for clip in inside} == {"b.mp4"}


def test_the_same_recording_twice_is_refused(data: Path) -> None:
    home = data / "recordings"
    keypoints("good_2").save(keypoints_path(home / "keypoints", "b.mp4"))
    with pytest.raises(DataError, match=r"b\.mp4 and a\.mp4 are the same recording"):
        read("recordings", data)


def test_keypoints_of_two_pose_models_are_refused(data: Path) -> None:
    found = keypoints("bad_2")
    about = replace(found.about, pose_model="another")
    Keypoints(about, found.track).save(keypoints_path(data / "recordings" / "keypoints", "b.mp4"))
    with pytest.raises(DataError, match="different pose models"):
        read("recordings", data)


def test_a_video_that_was_not_extracted_is_named(data: Path) -> None:
    keypoints_path(data / "recordings" / "keypoints", "b.mp4").unlink()
    with pytest.raises(DataError, match=r"run training\.extract"):
        read("recordings", data)
    with pytest.raises(DataError, match=r"b\.mp4 has no keypoints"):
        SOURCES["recordings"].files(data)


def test_every_file_that_is_read_is_listed(data: Path) -> None:
    names = [path.name for path in SOURCES["recordings"].files(data)]
    assert names[0] == "manifest.csv"
    assert "a.csv" in names
    assert len(names) == 6


def test_a_clip_cut_to_one_repetition_is_one() -> None:
    found = keypoints("good_2")
    track = found.track
    lowest = int(np.argmax(track.joints[:, BODY_25.index("MidHip"), 1]))
    cut = track.between(track.times[lowest] - 0.45, track.times[lowest] + 0.45)
    (part,) = repetitions(Keypoints(found.about, cut))
    assert part[0][-1] == pytest.approx(0.9, abs=0.1)


def test_a_long_video_without_a_squat_gives_no_clip(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    standing = track_of(np.arange(0, 30, 1 / RATE), np.zeros(30 * int(RATE)))
    found = Keypoints(About("sha", "known", Choice.ONE, len(standing)), standing)
    assert repetitions(found) == []
    found.save(keypoints_path(data / "recordings" / "keypoints", "b.mp4"))
    assert {clip.name for clip in read("recordings", data)} == {"a.mp4"}
    assert "2 of 4 videos show no squat" in caplog.text


@pytest.mark.parametrize("joint", TEN_NAMES)
def test_a_joint_that_is_never_seen_gives_no_clip(joint: str) -> None:
    found = keypoints("good_2")
    confidence = found.track.confidence.copy()
    confidence[:, [name.lower() for name in BODY_25].index(joint)] = 0.0
    track = PoseTrack(found.track.times, found.track.joints, confidence)
    assert repetitions(Keypoints(found.about, track)) == []


def test_joints_that_are_lost_for_a_moment_are_closed() -> None:
    found = keypoints("good_2")
    joints, confidence = found.track.joints.copy(), found.track.confidence.copy()
    joints[60:66], confidence[60:66] = np.nan, 0.0
    lost = repetitions(Keypoints(found.about, PoseTrack(found.track.times, joints, confidence)))
    whole = repetitions(found)
    assert len(lost) == len(whole)
    assert all(np.isfinite(part).all() for _, part in lost)


@pytest.mark.parametrize("choice", [Choice.NOBODY, Choice.SEVERAL])
def test_without_one_subject_there_is_no_clip(choice: Choice) -> None:
    assert repetitions(keypoints("good_2", choice)) == []
    nobody = Keypoints(About("", "known", Choice.ONE, 3), PoseTrack.empty())
    assert repetitions(nobody) == []


def test_three_dimensions_are_read_joint_by_joint(tmp_path: Path) -> None:
    write_3d(tmp_path / "a.csv", frames=4)
    times, joints = read_3d(tmp_path / "a.csv")
    assert times == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])
    assert joints.shape == (4, 10, 3)
    cells = (tmp_path / "a.csv").read_text().splitlines()[1].split(",")
    at = COLUMNS_3D.index("rknee_y")
    assert joints[0, TEN_NAMES.index("rknee"), 1] == float(cells[at])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("neck_x", "nose_x", "must have the columns"),
        ("0.0,", "zero,", "table of numbers"),
        ("0.0,", "0.0,0.0,", "table of numbers"),
        ("0.0,", "9.0,", "increasing times"),
        ("0.0,", "nan,", "every number"),
    ],
)
def test_a_table_of_joints_that_is_wrong_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "a.csv"
    write_3d(path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=said):
        read_3d(path)


def test_an_empty_table_of_joints_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    with pytest.raises(DataError, match="table of numbers"):
        read_3d(path)
