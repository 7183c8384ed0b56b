"""The file of keypoints: all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.joints import BODY_25
from edge.subject import Choice
from edge.track import PoseTrack
from training.datasets.clip import DataError
from training.datasets.keypoints import About, Keypoints, file_sha256, keypoints_path


@pytest.fixture(scope="module")
def keypoints() -> Keypoints:
    rng = np.random.default_rng(1)
    joints = rng.uniform(0, 960, (40, len(BODY_25), 2))
    joints[3, 4] = np.nan
    track = PoseTrack(np.arange(40) / 29.97, joints, rng.uniform(0, 1, (40, len(BODY_25))))
    return Keypoints(About("ab" * 32, "blazepose-full", Choice.ONE, 45), track)


@pytest.fixture(scope="module")
def content(keypoints: Keypoints, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "whole.npz"
    keypoints.save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keypoints")


def test_what_is_written_is_read(keypoints: Keypoints, tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.npz"
    keypoints.save(path)
    again = Keypoints.load(path)
    assert again.about == keypoints.about == About.load(path)
    assert np.array_equal(again.track.times, keypoints.track.times)
    np.testing.assert_allclose(again.track.joints, keypoints.track.joints, atol=1e-4)
    assert [file.name for file in path.parent.iterdir()] == ["a.npz"]


def test_the_same_keypoints_are_the_same_file(keypoints: Keypoints, tmp_path: Path) -> None:
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    keypoints.save(one)
    keypoints.save(other)
    assert file_sha256(one) == file_sha256(other)  # a split made elsewhere still fits


@given(st.data())
def test_a_file_cut_off_anywhere_is_refused(
    folder: Path, content: bytes, data: st.DataObject
) -> None:
    path = folder / "cut.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(DataError, match=r"run training\.extract"):
        Keypoints.load(path)


@given(data=st.data())
def test_a_file_with_a_wrong_byte_is_refused_or_harmless(
    folder: Path, content: bytes, data: st.DataObject
) -> None:
    changed = bytearray(content)
    changed[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = folder / "changed.npz"
    path.write_bytes(changed)
    try:
        Keypoints.load(path)
    except DataError as error:
        assert "training.extract" in str(error)


@given(st.binary(max_size=200))
def test_any_other_file_is_refused(folder: Path, content: bytes) -> None:
    path = folder / "other.npz"
    path.write_bytes(content)
    with pytest.raises(DataError):
        About.load(path)


def test_an_array_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(DataError):
        About.load(tmp_path / "a.npy")


def test_another_format_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "old.npz", format=0)
    with pytest.raises(DataError, match="another format"):
        About.load(tmp_path / "old.npz")
    with pytest.raises(DataError, match="missing"):
        About.load(tmp_path / "none.npz")


def test_two_videos_never_share_a_file() -> None:
    names = ["p1/a.mp4", "p2/a.mp4", "p1/a.mov", "p1_a.mp4", "스쿼트.mp4", "스쿼드.mp4", "x" * 300]
    paths = [keypoints_path(Path("k"), name) for name in names]
    assert len(set(paths)) == len(names)
    assert all(len(path.name) < 100 and path.name.isascii() for path in paths)
