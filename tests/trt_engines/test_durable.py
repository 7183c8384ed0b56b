"""Changes of the disk; test_power_cuts cuts them off."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trt_engines import durable


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    durable.write(tmp_path / "file", b"old")
    durable.write(tmp_path / "file", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"new")]
    with pytest.raises(FileNotFoundError):
        durable.write(tmp_path / "nowhere" / "file", b"")


def test_a_link_is_replaced_and_what_a_cut_left_is_swept(tmp_path: Path) -> None:
    durable.point(tmp_path / "live", "A")
    (tmp_path / "live.partial").symlink_to("nothing")
    durable.point(tmp_path / "live", "B")
    assert (tmp_path / "live").readlink() == Path("B")
    assert len(list(tmp_path.iterdir())) == 1


def test_folders_are_made_renamed_and_removed(tmp_path: Path) -> None:
    durable.make_folder(tmp_path / "a" / "b" / "c")
    durable.make_folder(tmp_path / "a" / "b" / "c")
    (tmp_path / "a" / "b" / "file").write_bytes(b"content")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "elsewhere")
    durable.rename(tmp_path / "a", tmp_path / "z")
    assert (tmp_path / "z" / "b" / "file").read_bytes() == b"content"
    for _ in range(2):
        durable.remove(tmp_path / "z")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "plan"
    durable.write(path, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(path, b"new")
    assert path.read_bytes() == b"old"
