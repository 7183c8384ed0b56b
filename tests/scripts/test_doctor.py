"""What the doctor sees, on a machine in a folder and on this one."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, tzinfo
from pathlib import Path

import pytest
from installing import checks, doctor
from installing.box import DATA, UNITS, Box
from installing.checks import ALLOWED, Finding, State

from tests.clips import ROOT
from tests.scripts.boxes import PlayedBox


@pytest.fixture
def box(tmp_path: Path) -> PlayedBox:
    (tmp_path / "dev").mkdir()
    return PlayedBox(tmp_path)


def test_it_runs_here_without_root_and_changes_nothing(tmp_path: Path) -> None:
    """On this machine, whatever it has, with the system's library alone."""
    command = [sys.executable, "-S", str(ROOT / "scripts/doctor")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for about in ("system", "Python", "program", "camera", "pins", "sound", "GPU", "engines",
                  "screen", "disk", "clock", "network", "kiosk at", "certificates"):  # fmt: skip
        assert any(line[7:].startswith(about) for line in lines), about
    wrong = [line for line in lines if line.startswith("WRONG")]
    assert lines[-1].endswith(f"{len(wrong)} wrong")
    assert bool(done.returncode) == bool(wrong)


def test_whoever_has_read_enough_is_no_error(tmp_path: Path) -> None:
    doctor = f"{sys.executable} -S {ROOT / 'scripts/doctor'}"
    done = subprocess.run(
        ["/bin/bash", "-c", f"{doctor} | head -n 1"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.count("\n") == 1 and done.stderr == ""


def test_whatever_is_wrong_says_what_to_do(box: PlayedBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "free_bytes", lambda _: 500_000_000)
    found = [*checks.sound(box), *checks.disk(box), *checks.network("203.0.113.2")]
    wrong = [finding for finding in found if finding.state is State.WRONG]
    assert [finding.about for finding in wrong] == ["sound", "sound", "disk", "network"]
    assert all(finding.advice for finding in wrong)
    assert "203.0.113.0/24" in wrong[-1].advice


@pytest.mark.parametrize(
    ("release", "state", "text"),
    [
        ("# R35 (release), REVISION: 4.1", State.WRONG, "5, whose Python is too old"),
        ("# R36 (release), REVISION: 4.0", State.OK, "6"),
        ("# R38 (release), REVISION: 2.0", State.OK, "7"),
        ("# something new", State.OK, "unknown (# something new)"),
    ],
)
def test_jetpacks_are_told_apart(box: PlayedBox, release: str, state: State, text: str) -> None:
    box.path("/etc/nv_tegra_release").write_text(release + "\n")
    (found,) = [finding for finding in checks.system(box) if finding.about == "JetPack"]
    assert (found.state, found.text) == (state, text)


def test_a_camera_that_the_kiosk_may_not_use_is_told(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        box.path(f"/dev/video{number}").touch(mode=0o600)
    answers = {"video0": ("Webcam", "uvcvideo"), "video1": ("", "uvcvideo"),
               "video2": ("vi-output", "tegra-video")}  # fmt: skip
    monkeypatch.setattr(checks, "query", lambda device: answers[device.name])
    before = {finding.about: finding for finding in checks.camera(box)}
    assert before["camera video0"] == Finding(State.OK, "camera video0", "Webcam")
    assert "camera video1" not in before  # the node beside it carries no pictures
    assert "CSI" in before["camera video2"].text
    box.users["squat-kiosk"] = {"audio"}
    told = {finding.about: finding for finding in checks.camera(box)}["camera video0"]
    assert told.state is State.WRONG and "usermod" in told.advice


def test_no_camera_is_no_fault(box: PlayedBox) -> None:
    (found,) = checks.camera(box)
    assert found.state is State.NOTE and "demo" in found.advice


def test_whatever_is_missing_says_what_to_do(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No camera, pins, sound, GPU, engine, room, right time, network."""

    class Early(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Early:
            return cls(1970, 1, 1, tzinfo=tz)

    monkeypatch.setattr(box, "free_bytes", lambda _: 500_000_000)
    monkeypatch.setattr(checks, "datetime", Early)
    found = [
        *checks.camera(box), *checks.pins(box), *checks.sound(box), *checks.gpu(box, None),
        *checks.engines(box), *checks.disk(box), *checks.clock(box), *checks.network(None),
    ]  # fmt: skip
    abouts = {finding.about for finding in found}
    assert abouts == {"camera", "pins", "sound", "GPU", "engines", "disk", "clock", "network"}
    assert all(finding.state is not State.OK and finding.advice for finding in found)


def test_what_is_no_camera_is_asked_and_passed_over() -> None:
    with pytest.raises(OSError):
        checks.query(Path(os.devnull))


def test_a_gpu_without_tensorrt_is_wrong(box: PlayedBox) -> None:
    assert next(iter(checks.gpu(box, "/bin/python"))).state is State.NOTE
    box.path("/dev/nvhost-gpu").touch()
    box.refuse = "/bin/python"
    there, lacking = checks.gpu(box, "/bin/python")
    assert there.state is State.OK
    assert lacking.state is State.WRONG and "nvidia-jetpack" in lacking.advice


def test_live_engines_are_named(box: PlayedBox) -> None:
    assert next(iter(checks.engines(box))).state is State.NOTE
    folder = box.path(DATA / "engines/squat")
    folder.mkdir(parents=True)
    (folder / "live").symlink_to("B")
    assert [finding.text for finding in checks.engines(box)] == ["squat: slot B is live"]


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ("ActiveState=active\nUnitFileState=enabled\nNRestarts=0", State.OK),
        ("ActiveState=active\nUnitFileState=enabled\nNRestarts=7", State.NOTE),
        ("ActiveState=inactive\nUnitFileState=enabled\nConditionResult=no\nResult=success",
         State.NOTE),
        ("ActiveState=failed\nUnitFileState=enabled\nConditionResult=yes", State.WRONG),
        ("ActiveState=active\nUnitFileState=disabled", State.WRONG),
    ],
)  # fmt: skip
def test_a_unit_that_does_not_run_is_told(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch, shown: str, state: State
) -> None:
    assert list(doctor.units(box)) == []
    box.path(UNITS).mkdir(parents=True)
    box.path(UNITS / "squat-kiosk.service").touch()
    monkeypatch.setattr(box, "ask", lambda *c: subprocess.CompletedProcess(c, 0, shown, ""))
    (found,) = doctor.units(box)
    assert found.state is state
    assert bool(found.advice) == (state is State.WRONG or "7" in shown)


def test_a_kiosk_that_does_not_answer_is_wrong_once_it_is_installed(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PORT", 1)
    assert [finding.state for finding in doctor.web(box, None)] == [State.NOTE]
    box.path(UNITS).mkdir(parents=True)
    box.path(UNITS / "squat-kiosk.service").touch()
    assert [finding.state for finding in doctor.web(box, None)] == [State.WRONG]


def test_the_networks_are_those_that_the_units_let_in() -> None:
    for unit in ("squat-kiosk.service", "squat-https.service"):
        lines = (ROOT / "systemd" / unit).read_text().splitlines()
        let_in = " ".join(line for line in lines if line.startswith("IPAddressAllow="))
        for network in ALLOWED:
            assert str(network) in let_in or network.is_link_local


def test_a_command_that_is_missing_is_no_crash() -> None:
    assert Box().ask("no-such-command").returncode == 127
