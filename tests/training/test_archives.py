"""Reading the archives, and parting their people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.joints import TEN
from training import datasets
from training.datasets import Clip, DataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (SHARED / "uiprmd_deepsquat_vicon.npz").is_file(),
    reason="the data sets are not beside the checkout",
)


def clip(person: str = "p1") -> Clip:
    return Clip("made-up", person, True, "none", np.arange(2.0), np.zeros((2, 10, 2)))


def write_wing(folder: Path, **columns: Any) -> None:
    """Write three repetitions as the archive of ``wing``, with columns changed or added."""
    plain = {
        "k10": np.zeros((6, 10, 2), np.float32),
        "start": np.array([0, 2, 4]),
        "length": np.array([2, 2, 2]),
        "k10_names": np.array(datasets.TEN_NAMES),
        "correct": np.array([1, -1, 0]),
        "error": np.array(["none", "unknown", "knees inward"]),
        "group": np.array(["a", "a", "b"]),
        "fps": np.array([30, 30, 30]),
    }
    np.savez(folder / "wing_validation_front2d.npz", **{**plain, **columns})


@pytest.mark.parametrize("name", datasets.SOURCES)
def test_a_missing_data_set_says_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data"):
        datasets.read(name, tmp_path)


def test_an_unknown_data_set_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="uiprmd-vicon"):
        datasets.read("imagenet", tmp_path)


def test_an_archive_with_other_joints_is_refused(tmp_path: Path) -> None:
    write_wing(tmp_path, k10_names=np.array(["nose"]))
    with pytest.raises(DataError, match="order"):
        datasets.read("wing", tmp_path)


@pytest.mark.parametrize("name", ["aitrainer", "wing"])
def test_sets_without_a_licence_are_never_trained_on(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="licence"):
        datasets.read_for_training([name], tmp_path)


def test_unlabelled_repetitions_are_left_out(tmp_path: Path) -> None:
    write_wing(tmp_path)
    clips = datasets.read("wing", tmp_path)
    assert [(one.person, one.correct) for one in clips] == [("wing-a", True), ("wing-b", False)]
    assert clips[0].times == pytest.approx([0, 1 / 30])


@needs_data
@pytest.mark.parametrize(
    ("name", "repetitions", "correct", "people", "axes"),
    [
        ("uiprmd-vicon", 200, 100, 10, 3),
        ("uiprmd-kinect", 200, 100, 10, 3),
        ("aitrainer", 1321, 504, 16, 2),
        ("wing", 51, 10, 1, 2),
    ],
)
def test_each_reader_gives_what_its_source_holds(
    name: str, repetitions: int, correct: int, people: int, axes: int
) -> None:
    clips = datasets.read(name, SHARED)
    assert len(clips) == repetitions
    assert sum(one.correct for one in clips) == correct
    assert len(datasets.people(clips)) == people
    assert all(one.joints.shape == (len(one.times), len(TEN), axes) for one in clips)


def test_nobody_is_on_both_sides_of_a_split() -> None:
    clips = [clip(f"p{number % 5}") for number in range(20)]
    inside, outside = datasets.split_by_person(clips, ["p1", "p3"])
    assert not set(datasets.people(inside)) & set(datasets.people(outside))
    assert len(inside) + len(outside) == len(clips)
    assert datasets.people(outside) == ["p1", "p3"]


def test_a_split_by_an_unknown_person_is_refused() -> None:
    with pytest.raises(DataError, match="p9"):
        datasets.split_by_person([clip("p1")], ["p9"])


@needs_data
def test_both_recordings_of_a_person_stay_together() -> None:
    clips = datasets.read_for_training(["uiprmd-vicon", "uiprmd-kinect"], SHARED)
    inside, outside = datasets.split_by_person(clips, ["uiprmd-s01"])
    assert {one.source for one in outside} == {"uiprmd-vicon", "uiprmd-kinect"}
    assert "uiprmd-s01" not in datasets.people(inside)


def test_parts_view_and_name_are_read_where_the_archive_has_them(tmp_path: Path) -> None:
    write_wing(
        tmp_path,
        part_names=np.array(datasets.PARTS),
        parts=np.array([[0] * 6, [-1] * 6, [0, 1, 1, 0, 0, -1]]),
        view="front",
        rep=np.array(["r0", "r1", "r2"]),
    )
    good, bad = datasets.read("wing", tmp_path)
    assert good.parts.tolist() == [0] * 6
    assert bad.parts.tolist() == [0, 1, 1, 0, 0, -1]
    assert (bad.view, bad.name, bad.load, bad.group) == ("front", "r2", "none", "wing-b")


def test_parts_in_another_order_are_refused(tmp_path: Path) -> None:
    write_wing(tmp_path, part_names=np.array(datasets.PARTS[::-1]), parts=np.zeros((3, 6)))
    with pytest.raises(DataError, match="six parts in the order"):
        datasets.read("wing", tmp_path)


def test_an_archive_without_parts_knows_nothing_of_them(tmp_path: Path) -> None:
    write_wing(tmp_path)
    assert {tuple(one.parts.tolist()) for one in datasets.read("wing", tmp_path)} == {(-1,) * 6}


def test_the_group_is_the_person_unless_said() -> None:
    assert clip("p1").group == "p1"
    assert replace(clip("p1"), group="monday").group == "monday"


def test_clips_do_not_share_their_unknown_parts() -> None:
    one, other = clip(), clip()
    one.parts[0] = 1
    assert other.parts[0] == -1


@needs_data
def test_the_parts_that_the_errors_name_are_wrong() -> None:
    knees = datasets.PARTS.index("left_knee")
    caving = [c for c in datasets.read("aitrainer", SHARED) if c.error == "knees caving"]
    assert caving
    assert all(c.parts[knees] == 1 and c.parts[knees + 1] == 1 for c in caving)
    assert all(c.view.startswith("front") for c in caving)
