"""What a person runs: the thin scripts, from any folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KIOSK_")}
    return subprocess.run(
        [str(ROOT / "scripts" / name), *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["engines", "flash_engine", "check_gpu", "status"])
def test_help_names_the_script_from_any_folder(name: str, tmp_path: Path) -> None:
    done = run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: scripts/{name} ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["update", "get_openpose"])
def test_help_does_nothing_else(name: str, tmp_path: Path) -> None:
    """It looked for a kiosk, or installed an environment of 4 GB."""
    done = run(name, "--help", cwd=tmp_path)
    assert done.returncode == 0 and f"scripts/{name} " in done.stdout
    assert "set -e" not in done.stdout


def test_an_update_knows_its_options(tmp_path: Path) -> None:
    done = run("update", "--bogus", cwd=tmp_path)
    assert done.returncode == 2 and "scripts/update --waiting" in done.stderr


def test_a_flash_from_another_folder_looks_at_the_kiosks_own_data(tmp_path: Path) -> None:
    """It made a folder of data where one was, and told of success."""
    (tmp_path / "empty").mkdir()
    done = run("flash_engine", "empty", cwd=tmp_path)
    assert done.returncode == 1 and "there is no model bundle in empty/" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
