"""The maker of environments."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.clips import ROOT


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / "scripts/environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_locks_are_pinned_hashed_and_name_no_host(environment: ModuleType) -> None:
    for name in ("device", "development"):
        text = (environment.LOCKS / f"{name}.txt").read_text()
        blocks = text.replace("\\\n", " ").splitlines()
        assert len(blocks) > 30
        assert all("==" in block and "--hash=sha256:" in block for block in blocks)
        assert "://" not in text


def test_the_device_holds_neither_tensorflow_nor_torch(environment: ModuleType) -> None:
    for name in ("device", "development"):
        text = (environment.LOCKS / f"{name}.txt").read_text()
        starts = [line.lower() for line in text.splitlines()]
        assert not [s for s in starts if s.startswith(("tensorflow", "torch", "keras"))]


def test_what_the_device_runs_is_what_was_tested(environment: ModuleType) -> None:
    def pins(name: str) -> set[str]:
        text = (environment.LOCKS / f"{name}.txt").read_text()
        return set(re.findall(r"^\S+==[^ ;]+", text, flags=re.MULTILINE))

    assert pins("device") <= pins("development")


def test_opencv_can_be_left_out_of_the_lock(environment: ModuleType) -> None:
    text = (environment.LOCKS / "device.txt").read_text()
    reduced = environment.without_opencv(text)
    assert "opencv" in text
    assert "opencv" not in reduced
    # What is left are whole blocks: each line of hashes belongs to a requirement above it.
    assert reduced.count("==") == text.count("==") - 1
    assert not reduced.startswith(" ")


def test_an_unsupported_python_is_told_what_to_do(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(environment.SetupError, match=r"Python 3.10, 3.11, 3.12 is needed"):
        environment.find_python()


def test_a_shim_that_does_not_run_is_passed_over(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0))
    found = {"python3.11": str(shim), "python3.12": sys.executable}
    monkeypatch.setattr(environment.shutil, "which", found.get)
    assert environment.find_python() == Path(sys.executable)


@pytest.mark.parametrize("arguments", [[], ["other"], ["device", "training"]])
def test_a_wrong_command_line(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts/environment.py"), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "usage:" in result.stderr


def test_a_second_call_is_fast_and_does_nothing() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts/environment.py"), "development"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert result.returncode == 0
    assert result.stdout == ""
