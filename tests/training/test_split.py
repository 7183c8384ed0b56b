"""The split by person and the file it is written to."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from training.datasets import PARTS, TEN_NAMES, Clip, DataError, people, read_for_training
from training.split import SIDES, Split, digest, main, make_split, take

SOURCES = ("uiprmd-vicon", "uiprmd-kinect")
FILES = ("uiprmd_deepsquat_vicon.npz", "uiprmd_deepsquat_kinect.npz")


def write_archive(path: Path, groups: list[str], correct: list[bool]) -> None:
    count = len(groups)
    np.savez(
        path,
        k10=np.zeros((2 * count, 10, 3), np.float32),
        start=2 * np.arange(count),
        length=np.full(count, 2),
        k10_names=np.array(TEN_NAMES),
        part_names=np.array(PARTS),
        parts=np.zeros((count, 6), np.int64),
        correct=np.array(correct, np.int64),
        error=np.full(count, "none"),
        group=np.array(groups),
        fps=np.full(count, 30),
        view="3-D",
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Experts are correct and novices are not, as in the thesis; each has four clips."""
    groups = [f"p{person:02}" for person in range(40) for _ in range(4)]
    for file in FILES:
        write_archive(tmp_path / file, groups, [group < "p20" for group in groups])
    return tmp_path


@pytest.fixture
def written(data: Path) -> Path:
    path = data / "split.json"
    make_split(SOURCES, data, seed=3).save(path)
    return path


def change(path: Path, edit: Any) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_everybody_is_on_one_side_in_both_recordings(data: Path, written: Path) -> None:
    split = Split.load(written, data)
    clips = read_for_training(SOURCES, data)
    sides = split.part(clips)
    names = [people(sides[side]) for side in SIDES]
    assert sorted(name for side in names for name in side) == people(clips)
    assert sum(len(side) for side in sides.values()) == len(clips)
    for side in sides.values():
        assert {clip.source for clip in side} == set(SOURCES)


def test_every_side_has_its_share_of_experts_and_novices(data: Path, written: Path) -> None:
    sides = Split.load(written, data).sides
    assert {name: len(side.people) for name, side in sides.items()} == pytest.approx(
        {"training": 30, "validation": 4, "test": 6}, abs=2
    )
    for side in sides.values():
        assert side.correct / side.clips == pytest.approx(0.5, abs=0.13)


def test_the_same_seed_gives_the_same_split_and_another_seed_another(data: Path) -> None:
    one, same, other = (make_split(SOURCES, data, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.sides != other.sides


def test_a_person_on_both_sides_is_refused(data: Path, written: Path) -> None:
    def leak(content: dict[str, Any]) -> None:
        person = content["sides"]["training"]["people"][0]
        side = content["sides"]["test"]
        side["people"] = sorted([*side["people"], person])
        side["sha256"] = digest(side["people"], side["groups"])

    change(written, leak)
    with pytest.raises(DataError, match=r"uiprmd-p\d\d in both training and test"):
        Split.load(written, data)


def test_a_group_on_both_sides_is_refused(data: Path, written: Path) -> None:
    def leak(content: dict[str, Any]) -> None:
        side = content["sides"]["validation"]
        side["groups"] = [*side["groups"], content["sides"]["test"]["groups"][0]]
        side["sha256"] = digest(side["people"], side["groups"])

    change(written, leak)
    with pytest.raises(DataError, match="in both validation and test"):
        Split.load(written, data)


def test_a_list_changed_by_hand_is_refused(data: Path, written: Path) -> None:
    change(written, lambda content: content["sides"]["test"]["people"].pop())
    with pytest.raises(DataError, match="the people of test are not those that were written"):
        Split.load(written, data)


def test_other_data_is_refused(data: Path, written: Path) -> None:
    write_archive(data / FILES[1], ["p00", "p01"], [True, False])
    with pytest.raises(DataError, match=f"{FILES[1]} changed"):
        Split.load(written, data)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"sides": {"training": {}}}', "\0"])
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "split.json"
    with pytest.raises(DataError, match="cannot be read"):
        Split.load(path, tmp_path)
    path.write_text(text)
    with pytest.raises(DataError, match="no usable split"):
        Split.load(path, tmp_path)


def test_somebody_whom_the_split_does_not_know_is_refused(data: Path, written: Path) -> None:
    split = Split.load(written, data)
    stranger = replace(read_for_training(SOURCES, data)[0], person="uiprmd-p99")
    with pytest.raises(DataError, match="does not know uiprmd-p99"):
        split.part([stranger])


def test_too_few_people_are_refused(data: Path) -> None:
    for file in FILES:
        write_archive(data / file, ["p1"] * 4 + ["p2"] * 4, [True, False] * 4)
    with pytest.raises(DataError, match="too few"):
        make_split(SOURCES, data)


def test_a_group_stays_whole_whoever_is_in_it() -> None:
    times, joints = np.arange(2.0), np.zeros((2, 10, 2))
    clips = [
        Clip("made-up", f"p{n}", n % 2 == 0, "none", times, joints, group=f"family {n // 4}")
        for n in range(40)
    ]
    kept, taken = take(clips, 0.2, seed=1)
    assert len(taken) == 8
    assert not {clip.group for clip in kept} & {clip.group for clip in taken}


def test_somebody_in_two_groups_is_noticed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = read_for_training(SOURCES, data)
    muddled = [replace(clip, person="everybody") for clip in clips]  # the groups stay
    monkeypatch.setattr("training.split.read_for_training", lambda *_: muddled)
    with pytest.raises(DataError, match="everybody in both"):
        make_split(SOURCES, data)


def test_the_command_line_writes_what_can_be_read_elsewhere(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "split.json"
    told = CliRunner().invoke(main, ["--data", str(data), "--out", str(out), "--seed", "2"])
    assert told.exit_code == 0, told.output
    assert "training: " in told.output
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in FILES:
        shutil.copy(data / file, moved)
    assert Split.load(out, moved) == make_split(SOURCES, data, seed=2)


def test_the_command_line_says_what_is_missing(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["--data", str(tmp_path), "--out", str(tmp_path / "s.json")])
    assert told.exit_code == 1
    assert "vicon.npz is missing" in told.output


def test_sets_that_are_only_measured_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="licence"):
        make_split(["wing"], tmp_path)
