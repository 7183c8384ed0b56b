"""Flashes whose process is ended in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import ROOT
from tests.trt_engines.flashing import command
from tests.trt_engines.standin import Standin
from tests.trt_engines.test_flash import Bench
from trt_engines.flash import Outcome
from trt_engines.records import State


@pytest.mark.long
def test_an_engine_that_ends_its_process_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    standin = Standin(tmp_path / "standin.json")
    standin.fault(plan={"crash": 2})
    failed = command(
        "trt_engines.flash_cli", bench.bundle(), "--data-dir", bench.settings.data_dir,
        environment=standin.environment,
    )  # fmt: skip
    assert failed.returncode == Outcome.FAILED, failed
    assert "the self-test's process ended with signal 11" in failed.stderr


@pytest.mark.long
def test_ctrl_c_leaves_what_was_live_and_the_next_flash_works(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    standin = Standin(tmp_path / "standin.json")
    standin.fault(build_hang=True)
    arguments = [str(bench.bundle()), "--data-dir", str(bench.settings.data_dir)]
    with subprocess.Popen(
        [sys.executable, "-m", "trt_engines.flash_cli", *arguments], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | standin.environment,
    ) as flash:  # fmt: skip
        assert flash.stdout
        while not flash.stdout.readline().startswith("unpack"):
            pass
        flash.send_signal(signal.SIGINT)
        _, said = flash.communicate(timeout=60)
    assert flash.returncode == Outcome.INTERRUPTED
    assert "run it again" in said
    assert "Traceback" not in said
    assert (bench.slots.live(), bench.slots.read("A").state) == (None, State.FILLING)
    again = command("trt_engines.flash_cli", *arguments)
    assert again.returncode == 0, again
