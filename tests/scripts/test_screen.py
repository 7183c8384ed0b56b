"""What starts the browser: with programs in their place that say how they were called."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.clips import ROOT
from tests.edge.cue_fakes import program
from tests.kiosk_ui.servers import free_port

SCREEN = ROOT / "scripts/screen"


def start(folder: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SCREEN)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": f"{folder}:{os.defpath}", "KIOSK_PORT": str(port),
             "RUNTIME_DIRECTORY": str(folder / "run"), **environment},
    )  # fmt: skip


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    program(tmp_path / "cage", 'echo "$XDG_RUNTIME_DIR $HOME"; printf "%s\\n" "$@"')
    program(tmp_path / "chromium", "exit 1")
    return tmp_path


def test_the_browser_waits_for_the_kiosk_and_shows_it_alone(programs: Path) -> None:
    port = free_port()
    started = start(programs, port, KIOSK_BROWSER_FLAGS="--force-device-scale-factor=2 --x=y")
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(0.3)  # nobody answers yet
    with socket.socket() as kiosk:
        kiosk.bind(("127.0.0.1", port))
        kiosk.listen()
        said, _ = started.communicate(timeout=30)
    first, *arguments = said.splitlines()
    folder = str(programs / "run")
    assert first == f"{folder} {folder}"  # nothing is written elsewhere
    assert arguments[:4] == ["-d", "-s", "--", str(programs / "chromium")]
    assert arguments[-1] == f"http://localhost:{port}/"
    assert {"--kiosk", "--no-first-run", "--autoplay-policy=no-user-gesture-required",
            f"--user-data-dir={folder}/profile", "--ozone-platform=wayland", "--x=y",
            "--force-device-scale-factor=2"} <= set(arguments)  # fmt: skip
    assert "--no-sandbox" not in arguments


def test_a_stand_in_for_a_snap_is_no_browser(tmp_path: Path) -> None:
    program(tmp_path / "chromium-browser", "exec /snap/bin/chromium")
    (tmp_path / "grep").symlink_to(shutil.which("grep") or "")
    done = subprocess.run(
        ["/bin/bash", str(SCREEN)], env={"PATH": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "apt-get install chromium" in done.stderr
