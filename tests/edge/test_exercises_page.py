"""The page that shows how to add an exercise: its example is made into a folder and used."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge.exercises
from tests.clips import ROOT

PAGE = ROOT / "docs" / "exercises.md"
BLOCK = re.compile(r"^`(?P<path>[\w/]+\.(?:py|json))`.*?^```\w+\n(?P<text>.*?)^```$", re.M | re.S)


def blocks() -> dict[str, str]:
    """Return the page's files by their paths."""
    return {found["path"]: found["text"] for found in BLOCK.finditer(PAGE.read_text("utf-8"))}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lay the example where exercises are looked for."""
    for path, text in blocks().items():
        target = tmp_path / Path(path).relative_to(Path(path).parts[0])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    packs = tmp_path / "exercises"
    monkeypatch.setattr(edge.exercises, "__path__", [*edge.exercises.__path__, str(packs)])
    edge.exercises.load.cache_clear()
    yield tmp_path
    edge.exercises.load.cache_clear()
    sys.modules.pop("edge.exercises.side_raise", None)


def test_the_page_shows_three_files() -> None:
    assert list(blocks()) == [
        "edge/exercises/side_raise/__init__.py",
        "edge/exercises/side_raise/texts.json",
        "tests/edge/test_side_raise.py",
    ]


def test_the_example_is_found_and_its_test_passes(folder: Path) -> None:
    assert "side_raise" in edge.exercises.names()
    exercise = edge.exercises.load("side_raise")
    assert exercise.texts.faults["too_low"].fill(value="30", aim="20").ko.count("20%") == 1
    assert pytest.main(["-q", "-p", "no:cacheprovider", str(folder / "edge")]) == 0


def test_the_example_is_in_our_style(folder: Path) -> None:
    files = [str(path) for path in folder.rglob("*.py")]
    for command in (["check", "--ignore", "D,S101"], ["format", "--check"]):
        settings = ["--config", str(ROOT / "pyproject.toml")]
        ruff = [sys.executable, "-m", "ruff", *command, *settings, *files]
        result = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
