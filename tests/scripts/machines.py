"""A Debian machine of its own, made with debootstrap and booted with its own systemd."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clips import ROOT
from tests.kiosk_ui.fakes import until

CACHE = Path(tempfile.gettempdir()) / "squat-kiosk-clean-root"
"""The bare system and what was fetched for it stay here, outside the checkout."""

INSIDE = "/srv/squat-kiosk"
"""Where the checkout is on the machine, read-only."""

PASSED_ON = ("PIP_CERT", "PIP_INDEX_URL", "SSL_CERT_FILE", "http_proxy", "https_proxy")
"""How this machine reaches its package index, the other one does as well."""


@dataclass
class Machine:
    """A booted machine.

    :param root: its files, as seen from here.
    :param leader: its first process, as seen from here.
    """

    root: Path
    leader: int

    def run(self, command: str, *, timeout: float = 1500) -> subprocess.CompletedProcess[str]:
        """Run a command there, in the checkout, as root."""
        passed = [f"{name}={os.environ[name]}" for name in PASSED_ON if name in os.environ]
        enter = ["nsenter", "--target", str(self.leader), "--all", "--", "env", "-i",
                 "HOME=/root", "LC_ALL=C.UTF-8", *passed,
                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]  # fmt: skip
        return subprocess.run(
            [*enter, "bash", "-c", f"cd {INSIDE}; {command}"],
            capture_output=True, text=True, check=False, timeout=timeout,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def says(self, command: str) -> str:
        """Run a command that must go well, and return what it says."""
        done = self.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def files(self) -> set[str]:
        """Return what lies where an installation puts things."""
        tops = ("etc", "opt", "usr/local", "var/lib/squat-kiosk", "var/cache/squat-kiosk")
        return {
            str(path.relative_to(self.root))
            for top in tops
            for path in (self.root / top).rglob("*")
            if not path.is_dir() or path.is_symlink()
        }


def program(name: str) -> str:
    """Return where a program is; without it the test is skipped."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is missing: apt-get install debootstrap systemd-container")
    return path


def base() -> Path:
    """Return a bare Debian with systemd and Python, made once."""
    ready = CACHE / "bookworm"
    if ready.is_dir():
        return ready
    partial = CACHE / "bookworm.partial"
    shutil.rmtree(partial, ignore_errors=True)
    made = subprocess.run(
        [program("debootstrap"), "--variant=minbase",
         "--include=ca-certificates,systemd-sysv,dbus,python3", "bookworm", str(partial)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"debootstrap fetches nothing here: {made.stdout[-300:]}")
    partial.rename(ready)
    return ready


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other run has a machine: they share the network and what apt has fetched."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """Boot a fresh machine in a folder, until the block ends; it shares this machine's network."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot another machine")
    for name in ("debootstrap", "systemd-nspawn", "nsenter"):
        program(name)
    with one_at_a_time():
        yield from _booted(folder)


def _booted(folder: Path) -> Iterator[Machine]:
    if not all(map(port_is_free, (8080, 8443, 80))):
        pytest.skip("the kiosk's ports are taken on this machine, whose network is shared")
    root = folder / "root"
    subprocess.run([program("cp"), "-a", "--reflink=auto", str(base()), str(root)], check=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    binds = []
    for name, target in (("archives/partial", None), ("archives", "/var/cache/apt/archives"),
                         ("pip", "/root/.cache/pip")):  # fmt: skip
        (CACHE / name).mkdir(parents=True, exist_ok=True)
        binds += [f"--bind={CACHE / name}:{target}"] if target else []
    with (folder / "console").open("w") as console:
        boot = subprocess.Popen(
            [program("systemd-nspawn"), f"--directory={root}", "--register=no", "--keep-unit",
             "--boot", "--console=pipe", "--resolv-conf=off", "--bind-ro=/etc/ssl/certs",
             f"--bind-ro={ROOT}:{INSIDE}", *binds,
             # The container would forbid Landlock, which a machine of its own does not.
             "--system-call-filter=landlock_create_ruleset landlock_restrict_self"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
        )  # fmt: skip
    machine = Machine(root, boot.pid)
    children = Path(f"/proc/{boot.pid}/task/{boot.pid}/children")
    states: list[str] = []

    def up() -> bool:
        # nspawn's first child only makes the machine's first process: ask again which it is.
        machine.leader = int((children.read_text().split() or [str(boot.pid)])[-1])
        if machine.leader != boot.pid:
            states.append(machine.run("systemctl is-system-running").stdout.strip())
        return bool(states) and states[-1] in ("running", "degraded")

    try:
        try:
            until(up, 120)
        except (AssertionError, OSError):
            said = (folder / "console").read_text()[-300:]
            pytest.skip(f"no machine can be booted here: {states[-1:]} {said}")
        yield machine
    finally:
        boot.send_signal(signal.SIGTERM)
        try:
            boot.wait(60)
        except subprocess.TimeoutExpired:
            boot.kill()
            boot.wait(10)
