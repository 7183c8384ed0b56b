"""One writer at a time, in real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.errors import SlotError
from trt_engines import locks
from trt_engines.locks import Locks

HOLD = """
import sys, pathlib
from trt_engines.locks import Locks
with getattr(Locks(pathlib.Path(sys.argv[1])), sys.argv[2])():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, which: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), which],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_writer_is_told_who_is_at_it(tmp_path: Path) -> None:
    folder = tmp_path / "squat"
    with holder(folder, "writing") as other:
        told = rf"another flash of squat is at work \(process {other.pid}\)"
        with pytest.raises(SlotError, match=told), Locks(folder).writing():
            pass
        with Locks(folder).changing():  # the kiosk never waits for a flash
            pass
    with Locks(folder).writing():
        assert (folder / "flash.lock").read_text() == str(os.getpid())


def test_a_killed_writer_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path, "writing") as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        with Locks(tmp_path).writing():
            pass


def test_a_change_waits_for_another_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holder(tmp_path, "changing") as other:
        assert other.stdin
        threading.Timer(0.1, other.stdin.close).start()
        with Locks(tmp_path).changing():
            pass
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with holder(tmp_path, "changing"):
        change = Locks(tmp_path).changing()
        with pytest.raises(SlotError, match="another process holds the slots"):
            change.__enter__()


def test_whether_a_kiosk_runs_is_known(tmp_path: Path) -> None:
    watched = Locks(tmp_path / "squat")
    assert not watched.is_used
    assert not (tmp_path / "squat").exists()
    with holder(tmp_path / "squat", "used"):
        assert watched.is_used
        assert watched.is_used
    assert not watched.is_used
