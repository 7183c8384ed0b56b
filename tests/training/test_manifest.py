"""The manifest's columns, and what is said about each thing that can be wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.training.recordings import write_manifest
from training.datasets.clip import PARTS, DataError
from training.datasets.manifest import COLUMNS, FILES, REQUIRED, SHOWN, read_manifest

FULL = {
    "video": "a.mp4", "person": "p01", "correct": "0", "age": "31", "gender": "female",
    "height_cm": "171.5", "weight_kg": "64", "base_of_support": "0", "left_knee": "1",
    "right_knee": "1", "torso": "0", "hip_joint": "0", "neck": "", "load": "barbell",
    "diagonal_video": "b.mp4", "keypoints_3d": "",
}  # fmt: skip
SHORT = {"video": "c.mp4", "person": "p02", "correct": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifest")


def problem(folder: Path, *rows: dict[str, object], videos_needed: bool = False) -> str:
    with pytest.raises(DataError) as error:
        read_manifest(write_manifest(folder / "manifest.csv", *rows), videos_needed=videos_needed)
    return str(error.value)


def test_every_label_of_the_thesis_is_read(folder: Path) -> None:
    assert set(FULL) == set(COLUMNS)
    row, other = read_manifest(write_manifest(folder / "manifest.csv", FULL, SHORT))
    assert (row.person, row.correct, row.age, row.gender) == ("p01", False, 31, "female")
    assert (row.height_cm, row.weight_kg, row.load) == (171.5, 64, "barbell")
    assert dict(zip(PARTS, row.parts.tolist(), strict=True)) == {
        "base_of_support": 0, "left_knee": 1, "right_knee": 1, "torso": 0, "hip_joint": 0,
        "neck": -1,
    }  # fmt: skip
    assert row.error == "left knee, right knee"
    assert row.videos == {"front": "a.mp4", "diagonal": "b.mp4"}
    assert (other.correct, other.age, other.load, other.error) == (True, None, "none", "none")
    assert other.parts.tolist() == [-1] * 6


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(b'\xef\xbb\xbfperson ,video,correct\r\n p1,"a, b.mp4",1\r\n,,\r\n\r\n')
    (row,) = read_manifest(path)
    assert (row.person, row.video) == ("p1", "a, b.mp4")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("\u1100\u1175\u11b7 \u110e\u1165\u11af\u1109\u116e", id="decomposed"),
        pytest.param("\uae40\u00a0\ucca0\uc218", id="no-break space"),
        pytest.param("\uae40  \ucca0\uc218", id="two spaces"),
    ],
)
def test_a_name_that_looks_the_same_is_the_same_person(folder: Path, other: str) -> None:
    first = {**SHORT, "person": "\uae40 \ucca0\uc218"}
    second = {**SHORT, "video": "d.mp4", "person": other}
    one, two = read_manifest(write_manifest(folder / "manifest.csv", first, second))
    assert one.person == two.person  # else a split could put them on both sides


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("correct", "yes", "must be 1 or 0, not 'yes'"),
        ("correct", "", "is empty"),
        ("person", "  ", "is empty"),
        ("left_knee", "-1", "must be 1 or 0, not '-1'"),
        ("gender", "f", "'female', 'male' or 'other', not 'f'"),
        ("load", "kettlebell", "'none', 'barbell' or 'dumbbell', not 'kettlebell'"),
        ("age", "old", "a valid number"),
        ("age", "nan", "not 'nan'"),
        ("height_cm", "1.75", "greater than or equal to 50, not '1.75'"),
        ("weight_kg", "6e9", "less than or equal to 400"),
        ("video", "/a.mp4", "must be relative"),
        ("keypoints_3d", "a.csv", "there is no file 'a.csv'"),
        ("diagonal_video", "a.mp4", "'a.mp4' is in line 2 already"),
        ("person", "P02", "is 'p02' in line 2"),
    ],
)
def test_a_broken_cell_is_named_by_line_and_column(
    folder: Path, column: str, cell: str, said: str
) -> None:
    first = {**FULL, "person": "p02"}
    told = problem(folder, first, {**FULL, **SHORT, "diagonal_video": "", column: cell})
    assert f"line 3, column {column}: " in told
    assert said in told


def test_a_missing_video_is_told_only_where_it_is_needed(folder: Path) -> None:
    told = problem(folder, FULL, SHORT, videos_needed=True)
    assert "line 2, column video: there is no file 'a.mp4'" in told
    assert "line 2, column diagonal_video" in told
    assert "line 3, column video" in told


def test_one_file_under_two_names_is_one_file(folder: Path) -> None:
    told = problem(folder, FULL, {**SHORT, "video": "x/../a.mp4"})
    assert "line 3, column video" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column video, person, correct"),
        ("video,person\n", "lacks the column correct"),
        ("video,person,correct,knees\n", "'knees' that is not known"),
        ("video,person,correct,person\n", "'person' more than once"),
        ("video,person,correct\n", "no rows"),
        ("video,person,correct\na.mp4,p1\n", "line 2: 2 cells, but 3 columns"),
        ("video,person,correct\na.mp4,p1,1,1\n", "line 2: 4 cells"),
        ('video,person,correct\n"a.mp4,p1,1\n', "no CSV file"),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_manifest(path)


def test_other_encodings_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(path)
    path.write_bytes("video,person,correct\na.mp4,Jürgen,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_manifest(path)


def test_one_problem_is_one(folder: Path) -> None:
    assert " has 1 problem:" in problem(folder, {**SHORT, "correct": "maybe"})


def test_many_problems_are_counted_not_listed(folder: Path) -> None:
    rows = [{**SHORT, "video": f"{n}.mp4", "correct": "maybe"} for n in range(100)]
    told = problem(folder, *rows)
    assert "100 problems" in told
    assert len(told.splitlines()) == SHOWN + 2
    assert f"and {100 - SHOWN} more" in told


@given(column=st.sampled_from(COLUMNS), cell=st.text(max_size=30))
@example(column="video", cell="a" * 5000)
@example(column="video", cell="\0")
@example(column="height_cm", cell="inf")
@example(column="age", cell="9" * 5000)
def test_any_cell_is_either_read_or_named(folder: Path, column: str, cell: str) -> None:
    path = folder / "manifest.csv"
    rows = [{**FULL, "video": "first.mp4"}, {**FULL, **SHORT, "diagonal_video": "", column: cell}]
    write_manifest(path, *rows)
    try:
        _, row = read_manifest(path, videos_needed=False)
    except DataError as error:
        named = f"column {column}:" in str(error)
        assert named or "no CSV file" in str(error)
    else:
        value = getattr(row, column)
        assert value is None or column not in FILES or value == cell.strip()
        assert row.video and row.person


@given(st.binary(max_size=300))
@example(b"video,person,correct\n\0,\0,1\n")
def test_any_file_is_either_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "any.csv"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_manifest(path, videos_needed=True)


def test_the_required_columns_are_those_without_which_nothing_can_be_learnt() -> None:
    assert REQUIRED == ("video", "person", "correct")
