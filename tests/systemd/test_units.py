"""The units: understood by systemd, closed as far as they can be, and run as they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.__main__ import EVERYWHERE
from tests.clips import ROOT
from tests.kiosk_ui.managers import manager
from tests.kiosk_ui.processes import HEAPS, kiosk_process

UNITS = ROOT / "systemd"
NAMES = sorted(path.name for path in UNITS.glob("squat-*.*"))
SERVICES = [name for name in NAMES if name.endswith(".service")]
PROGRAMS = ("opt/squat-kiosk/current/.venv/bin/python", "opt/squat-kiosk/current/scripts/screen",
            "opt/squat-kiosk/current/scripts/engines", "opt/squat-kiosk/current/scripts/update",
            "bin/sh")  # fmt: skip
TARGETS = ("multi-user", "graphical", "sysinit", "basic", "shutdown", "timers", "time-set", "sound")

EXPOSURE = {
    "squat-kiosk.service": 2.4,
    "squat-screen.service": 3.0,
    "squat-https.service": 1.7,
    "squat-retention.service": 1.0,
    "squat-engine@.service": 2.0,
    "squat-update.service": 4.0,
}
"""The highest score of `systemd-analyze security` that each may have; an ordinary one has 9.6."""

ANALYZE = shutil.which("systemd-analyze") or ""
analyze = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is missing")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A system that holds our units, what they run, and the targets they name."""
    root = tmp_path_factory.mktemp("root")
    folder = root / "etc/systemd/system"
    folder.mkdir(parents=True)
    for name in NAMES:
        shutil.copy(UNITS / name, folder / instance(name))
    for name in TARGETS:
        (folder / f"{name}.target").write_text("[Unit]\nDescription=a target\n")
    for name in PROGRAMS:
        program = root / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
    yield root


def instance(name: str) -> str:
    """Return the name under which a unit is looked at: of a template, that of one of its units."""
    return name.replace("@.", "@squat.")


def verify(root: Path, unit: Path) -> str:
    """Return what systemd has against a unit; its exit code says nothing of unknown keys."""
    command = [ANALYZE, "verify", "--man=no", f"--root={root}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr or ("" if done.returncode == 0 else f"exit code {done.returncode}")


def version() -> int:
    said = subprocess.run([ANALYZE, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[1].split(".")[0])


@analyze
@pytest.mark.parametrize("name", NAMES)
def test_systemd_understands_every_line(root: Path, name: str) -> None:
    assert verify(root, root / "etc/systemd/system" / instance(name)) == ""


@analyze
def test_an_unknown_key_would_be_noticed(root: Path) -> None:
    wrong = root / "etc/systemd/system/wrong.service"
    wrong.write_text("[Service]\nExecStart=/opt/squat-kiosk/current/scripts/screen\nNoPrivs=yes\n")
    assert "NoPrivs" in verify(root, wrong)
    wrong.unlink()


@analyze
@pytest.mark.parametrize("drop_in", sorted((UNITS / "drop-ins").glob("*.conf")))
def test_systemd_understands_every_drop_in(root: Path, drop_in: Path) -> None:
    if drop_in.name == "backoff.conf" and version() < 254:
        pytest.skip("this systemd is older than 254 and does not know growing pauses")
    folder = root / "etc/systemd/system/squat-kiosk.service.d"
    folder.mkdir(exist_ok=True)
    try:
        shutil.copy(drop_in, folder)
        assert verify(root, root / "etc/systemd/system/squat-kiosk.service") == ""
    finally:
        shutil.rmtree(folder)


@analyze
@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed_as_far_as_it_can_be(root: Path, name: str) -> None:
    threshold = round(EXPOSURE[name] * 10)
    done = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--no-pager", f"--root={root}",
         f"--threshold={threshold}", instance(name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def lines(unit: str) -> list[tuple[str, str]]:
    """Return the settings of a unit, in order."""
    text = (UNITS / unit).read_text().splitlines()
    pairs = (line.partition("=") for line in text if "=" in line and not line.startswith("#"))
    return [(name, value) for name, _, value in pairs]


def values(unit: str, key: str) -> list[str]:
    return [value for name, value in lines(unit) if name == key]


@pytest.mark.parametrize("name", sorted({*SERVICES} - {"squat-update.service"}))
def test_no_service_runs_as_root_or_may_gain_rights(name: str) -> None:
    """But for the one that installs."""
    assert values(name, "User") in (["squat-kiosk"], ["squat-screen"])
    assert values(name, "NoNewPrivileges") == ["yes"]
    assert values(name, "ProtectSystem") == ["strict"]
    assert values(name, "CapabilityBoundingSet") == [""]
    assert values(name, "MemoryMax")


def test_what_cuda_forbids_is_not_asked_for() -> None:
    for key in ("MemoryDenyWriteExecute", "PrivateDevices", "ProcSubset"):
        assert not values("squat-kiosk.service", key)


def test_the_decoders_may_confine_themselves() -> None:
    """Seen on a real systemd: the unit had refused three layers, and only the log said so."""
    unit = "squat-kiosk.service"
    allowed = " ".join(values(unit, "SystemCallFilter")).split()
    assert {"seccomp", "capset", "landlock_create_ruleset", "landlock_restrict_self"} <= set(
        allowed
    )
    assert allowed.index("capset") > allowed.index("~@privileged")  # what comes later counts
    assert values(unit, "RestrictNamespaces") == ["user net ipc"]


def test_what_is_plugged_in_later_is_allowed_as_well() -> None:
    """systemd looks the classes up when the service starts: their modules must be there then."""
    modules = {"char-video4linux": "videodev", "char-alsa": "snd", "char-nvidia-uvm": "nvidia_uvm"}
    allowed = {value.split()[0] for value in values("squat-kiosk.service", "DeviceAllow")}
    for key in ("Wants", "After"):
        named = " ".join(values("squat-kiosk.service", key))
        for group, module in modules.items():
            assert group in allowed
            assert f"modprobe@{module}.service" in named


def test_unit_script_and_tests_have_memory_handed_out_alike() -> None:
    """With a heap for each thread a day's pictures leave holes in all of them, seen by the soak."""
    assert HEAPS
    for name, value in HEAPS.items():
        assert f"{name}={value}" in values("squat-kiosk.service", "Environment")
        assert f"export {name}={value} " in (ROOT / "scripts/run").read_text()


def test_the_screen_is_not_waited_for() -> None:
    """Seen with a real systemd: Type=exec and PAMName together end in a timeout."""
    assert values("squat-screen.service", "Type") == ["simple"]


def test_the_browser_reaches_this_device_alone() -> None:
    assert values("squat-screen.service", "IPAddressDeny") == ["any"]
    assert values("squat-screen.service", "IPAddressAllow") == ["localhost"]


def test_the_server_runs_as_its_unit_says_and_is_alive(tmp_path: Path) -> None:
    """ExecStart and Environment of the unit, in this checkout, with a socket in systemd's place."""
    unit = "squat-kiosk.service"
    (start,) = values(unit, "ExecStart")
    program, *arguments = start.split()
    assert program == "/opt/squat-kiosk/current/.venv/bin/python"
    (folder,) = values(unit, "WorkingDirectory")
    assert folder == "/opt/squat-kiosk/current"
    environment = dict(value.split("=", 1) for value in values(unit, "Environment"))
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    (seconds,) = values(unit, "WatchdogSec")
    assert arguments[-4:] == ["--host", EVERYWHERE, "--port", "8080"]
    with (
        manager(tmp_path) as systemd,
        kiosk_process(
            tmp_path / "data",
            "--camera", "demo",  # the one thing that this machine lacks
            environment={
                **environment, "NOTIFY_SOCKET": systemd.address,
                "WATCHDOG_USEC": str(int(seconds) * 1_000_000),
            },
            program=[sys.executable, *arguments],
        ) as kiosk,
    ):  # fmt: skip
        systemd.wait_for("READY=1")
        systemd.wait_for("WATCHDOG=1")
        assert kiosk.get("/healthz")[0] == 200
        variables = Path(f"/proc/{kiosk.process.pid}/environ").read_bytes()
        assert b"PYTHONFAULTHANDLER=1" in variables
        os.kill(kiosk.process.pid, 15)
        systemd.wait_for("STOPPING=1")
        assert kiosk.process.wait(20) == 0
