"""The maker of environments."""

from __future__ import annotations

import importlib.util
import os
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
    reduced = environment.without(text, ["opencv-python-headless"])
    assert "opencv" in text
    assert "opencv" not in reduced
    # What is left are whole blocks: each line of hashes belongs to a requirement above it.
    assert reduced.count("==") == text.count("==") - 1
    assert not reduced.startswith(" ")


def test_an_unsupported_python_is_told_what_to_do(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
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
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0))
    found = {"python3.11": str(shim), "python3.12": sys.executable}
    monkeypatch.setattr(environment.shutil, "which", found.get)
    assert environment.find_python() == Path(sys.executable)


def test_an_interpreter_of_pyenv_is_found(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, content in (("3.10.9", "exit 127"), ("3.10.13", "exit 0")):
        python = tmp_path / "versions" / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{content}\n")
        python.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    assert environment.find_python(((3, 10),)).parts[-3] == "3.10.13"


def test_a_python_that_is_not_here_is_one_line(
    environment: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def nowhere(versions: tuple[tuple[int, int], ...]) -> Path:
        raise environment.NoPythonError("Python 3.10 is needed and none was found")

    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "find_python", nowhere)
    monkeypatch.setattr(environment.sys, "argv", ["environment.py", "3.10"])
    assert environment.main() == environment.NO_PYTHON
    assert capsys.readouterr().err.splitlines() == [
        "==> Python 3.10 is not on this machine: its tests are skipped"
    ]


def test_the_tests_under_other_pythons_are_there() -> None:
    lines = (ROOT / "tests" / "other_pythons.txt").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: (line.count("/"), line))
    assert [line for line in lines if not (ROOT / line.partition("::")[0]).is_file()] == []


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


def test_a_made_environment_is_found_without_writing(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an installed kiosk the folder is root's, and its commands run as another user."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    wanted = environment.stamp_text("device", "pose-weights")
    (tmp_path / ".venv/stamp-device").write_text(wanted)
    before = sorted(tmp_path.rglob("*"))
    environment.device()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def jetson(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[ModuleType, Path, list[str]]:
    """A Jetson as far as the maker of environments sees one: what pip was told is kept."""
    told: list[str] = []

    def pip(python: Path, *arguments: str) -> None:
        told.append(Path(arguments[-1]).read_text() + os.environ.get("CPATH", ""))

    monkeypatch.setattr(environment, "on_jetpack", lambda: True)
    monkeypatch.setattr(environment, "CUDA", tmp_path / "cuda")
    monkeypatch.setattr(environment, "pip", pip)
    for name in ("PATH", "CPATH", "LIBRARY_PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return environment, tmp_path, told


def test_a_jetsons_environment_sees_the_systems_tensorrt(
    jetson: tuple[ModuleType, Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real environment; what it sees beside its own is what its Python's own folders hold."""
    environment, folder, _ = jetson
    run = subprocess.run
    with monkeypatch.context() as patched:  # pip takes seconds to unpack, and is not needed
        patched.setattr(
            environment.subprocess, "run",
            lambda line, **how: run([*line[:3], "--without-pip", *line[3:]], **how),
        )  # fmt: skip
        python = environment.create(folder / "seeing")
    assert "include-system-site-packages = true" in (folder / "seeing/pyvenv.cfg").read_text()
    seen = subprocess.run(
        [python, "-c", "import sys; print(sys.path)"], capture_output=True, text=True, check=True
    ).stdout
    system = subprocess.run(
        [Path(sys.base_prefix) / "bin/python3", "-c", "import site; print(site.getsitepackages())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert any(name.strip("[]' \n") in seen for name in system.split(","))


def test_pycuda_is_built_once_there_is_a_cuda(
    jetson: tuple[ModuleType, Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    environment, folder, told = jetson
    python = folder / "venv/bin/python"
    python.parent.mkdir(parents=True)
    environment.build_pycuda(python)
    assert not told and "nvidia-jetpack" in capsys.readouterr().out
    (folder / "cuda/include").mkdir(parents=True)
    (folder / "cuda/include/cuda.h").touch()
    environment.build_pycuda(python)
    assert "pycuda==" in told[0] and told[0].endswith(str(folder / "cuda/include"))
    environment.build_pycuda(python)
    assert len(told) == 1  # it is there


def test_a_pycuda_that_cannot_be_built_is_no_end(
    jetson: tuple[ModuleType, Path, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment, folder, _ = jetson
    (folder / "cuda/include").mkdir(parents=True)
    (folder / "cuda/include/cuda.h").touch()

    def fails(*arguments: object) -> None:
        raise environment.SetupError("no compiler")

    monkeypatch.setattr(environment, "pip", fails)
    environment.build_pycuda(folder / "bin/python")
    assert "the GPU is not used" in capsys.readouterr().out
    assert not (folder / "stamp-jetson").exists()
