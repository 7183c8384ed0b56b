"""The check of a machine's GPU, end to end in a process of its own, on the stand-in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clips import ROOT
from tests.trt_engines.standin import Standin


def check(
    environment: dict[str, str], *options: str, demo: bool = False
) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "check_gpu"), "--seconds", "0.01", *options]
    return subprocess.run(
        command if demo else [*command, "--no-demo"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("version", ["8.6", "rtx"])
def test_all_is_well(tmp_path: Path, version: str) -> None:
    standin = Standin(tmp_path / "standin.json", version)
    target = tmp_path / "check.json"
    done = check(standin.environment, "--json", str(target))
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| squat ")]
    assert rows and all(row.endswith("| ok |") for row in rows)
    assert done.stdout.startswith("Orin (stand-in), compute capability 8.7, TensorRT ")
    told: dict[str, Any] = json.loads(target.read_text())
    assert told["device"]["gpu"] == "Orin (stand-in)"
    assert len(told["results"]) == len(rows)
    for one in told["results"]:
        assert one["well"]
        assert set(one["worst"]) == set(one["allowed"]) == {"probabilities", "parts", "view"}
        assert one["bytes"] > 0
        assert one["one"]["tensorrt_ms"] > 0 and one["batch"]["onnx_ms"] > 0


@pytest.mark.long
def test_the_demo_clips_are_compared(tmp_path: Path) -> None:
    done = check(Standin(tmp_path / "standin.json").environment, demo=True)
    assert done.returncode == 0, done.stderr
    assert "6 repetitions" in done.stdout


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"wrong": 0.01}, "**WRONG**"),
        ({"build_crash": True}, "was ended by SIGSEGV"),
        ({"launch_error": 1}, "**the GPU failed: "),
    ],
)
def test_what_is_wrong_is_seen(tmp_path: Path, faults: dict[str, Any], said: str) -> None:
    standin = Standin(tmp_path / "standin.json")
    standin.fault(**faults)
    done = check(standin.environment)
    assert done.returncode == 1
    assert said in done.stdout


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    standin = Standin(tmp_path / "standin.json")
    standin.fault(no_gpu=True)
    done = check(standin.environment)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no GPU to check: no GPU can be used")
    assert not done.stdout


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    standin = Standin(tmp_path / "standin.json")
    done = check(standin.environment, "--bundle", str(tmp_path))
    assert done.returncode == 1
    assert "This cannot be checked: there is no model bundle" in done.stderr
