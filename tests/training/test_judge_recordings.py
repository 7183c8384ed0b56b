"""Judging one's own recordings: every view and load by itself, and only who is to be judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bundles import copy_bundle
from tests.training.recordings import write_manifest
from tests.training.test_recordings import keypoints, write_3d
from training.datasets.keypoints import keypoints_path
from training.judge_recordings import main
from training.split import main as split


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with 24 people, every other one with a barbell."""
    home = tmp_path / "recordings"
    rows: list[dict[str, object]] = [
        {"video": f"{number}.mp4", "person": f"p{number}", "correct": number % 2,
         "load": "barbell" if number < 12 else "none",
         "keypoints_3d": "a.csv" if number == 0 else ""}
        for number in range(24)
    ]  # fmt: skip
    write_manifest(home / "manifest.csv", *rows)
    write_3d(home / "a.csv", frames=40)
    for number in range(24):
        found = keypoints("good_2" if number % 2 else "bad_2")
        about = replace(found.about, video_sha256=f"sha of {number}")
        replace(found, about=about).save(keypoints_path(home / "keypoints", f"{number}.mp4"))
    return tmp_path


def cells(output: str) -> dict[tuple[str, str], list[str]]:
    lines = [line.strip("| ").split(" | ") for line in output.splitlines() if line.startswith("|")]
    return {(line[0], line[1]): line[2:] for line in lines[2:]}


def test_views_and_loads_are_told_apart(data: Path) -> None:
    result = CliRunner().invoke(main, ["--data", str(data)])
    assert result.exit_code == 0, result.output
    found = cells(result.output)
    assert set(found) == {("3d", "barbell"), ("front", "barbell"), ("front", "none")}
    people, repetitions, correct, right, balanced, good, bad = found["front", "barbell"]
    assert (people, good) != (repetitions, bad) and int(correct) < int(repetitions)
    assert float(right) > 0.5 and float(balanced) > 0.5
    # A load of one label has no balanced accuracy.
    assert found["3d", "barbell"][4] == "-"


def test_with_a_split_only_its_test_people_are_judged(data: Path) -> None:
    path = data / "split.json"
    made = CliRunner().invoke(
        split, ["--data", str(data), "--source", "recordings", "--out", str(path)]
    )
    assert made.exit_code == 0, made.output
    everybody = cells(CliRunner().invoke(main, ["--data", str(data)]).output)
    some = cells(CliRunner().invoke(main, ["--data", str(data), "--split", str(path)]).output)
    assert (
        0
        < sum(int(line[0]) for line in some.values())
        < sum(int(line[0]) for line in everybody.values())
    )


def test_without_recordings_it_says_what_is_missing(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--data", str(tmp_path)])
    assert result.exit_code == 1 and "manifest" in result.output


def test_a_bundle_that_nobody_signed_is_refused(data: Path) -> None:
    folder = copy_bundle(data / "bundle")
    (folder / "manifest.sig").unlink()
    result = CliRunner().invoke(main, ["--data", str(data), "--bundle", str(folder)])
    assert result.exit_code == 1 and "is not signed" in result.output
