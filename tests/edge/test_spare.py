"""A decoder that waits for its video, and what becomes of it where none comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import SourceError
from edge.frames.child import PROJECT
from edge.frames.sandbox import SandboxedVideo
from edge.frames.spare import SpareKeeper
from tests.edge.videos import write_video
from tests.faults.watching import alive
from tests.kiosk_ui.fakes import until


@pytest.fixture
def spares() -> Iterator[SpareKeeper]:
    keeper = SpareKeeper()
    yield keeper
    keeper.close()


def pid_of(spares: SpareKeeper) -> int:
    assert spares._spare is not None
    return spares._spare._process.pid


def test_the_one_that_is_ready_serves_one_video_only(spares: SpareKeeper, tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", times=[0.0, 0.1])
    spares.prepare()
    ready = pid_of(spares)
    spares.prepare()
    assert pid_of(spares) == ready  # one is enough
    used = []
    for source in (path, iter([path.read_bytes()])):
        with SandboxedVideo(source, spares=spares) as video:
            used.append(video._child.pid)
            assert len(list(video)) == 2
    assert used[0] == ready
    assert used[1] != ready
    assert not any(map(alive, used))


def test_one_that_has_died_meanwhile_is_replaced(spares: SpareKeeper, tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", times=[0.0, 0.1])
    for replace in (spares.prepare, lambda: None):
        spares.prepare()
        dead = pid_of(spares)
        os.kill(dead, signal.SIGKILL)
        until(lambda: not spares._spare.runs)  # type: ignore[union-attr]
        replace()
        with SandboxedVideo(path, spares=spares) as video:
            assert len(list(video)) == 2
        assert not alive(dead)


def test_a_file_that_is_none_costs_no_decoder(spares: SpareKeeper, tmp_path: Path) -> None:
    spares.prepare()
    ready = pid_of(spares)
    with pytest.raises(SourceError, match="no such file"):
        SandboxedVideo(tmp_path / "nothing.mp4", spares=spares)
    assert pid_of(spares) == ready


def test_closing_leaves_nothing(spares: SpareKeeper) -> None:
    spares.prepare()
    ready = pid_of(spares)
    spares.close()
    spares.close()
    assert not alive(ready)


def test_it_ends_with_its_owner() -> None:
    program = (
        "import os, signal; from edge.frames.spare import SpareKeeper; s = SpareKeeper();"
        "s.prepare(); print(s._spare._process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    owner = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, check=False
    )
    assert owner.returncode == -signal.SIGKILL
    until(lambda: not alive(int(owner.stdout)), 20)
