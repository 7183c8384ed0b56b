"""Every way out of a decoder, tried from inside; and each layer of its confinement by itself."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.frames import confinement
from tests.edge.escapes import ESCAPES

ROOT = Path(__file__).resolve().parents[2]
OPENING = {"open_passwd", "open_passwd_in_a_thread", "open_own_maps", "list_folder"}
NEEDS_DESCRIPTOR = {*OPENING, "open_socket", "open_unix_socket", "connect", "pipe", "duplicate"}


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(told: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the escapes in a process of their own."""
    return subprocess.run(
        [sys.executable, "-m", "tests.edge.escapes"],
        input=json.dumps(told), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        env={"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def outcome(told: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    done = run(told)
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    return answer["refused"], answer["stopped"]


def landlock_version() -> int:
    try:
        return confinement._call("syscall", 444, None, ctypes.c_size_t(0), 1)
    except OSError:
        return 0


def has_filter() -> bool:
    try:
        ctypes.CDLL(confinement.LIBSECCOMP)
    except OSError:
        return False
    return True


needs_filter = pytest.mark.skipif(not has_filter(), reason="no libseccomp2 on this machine")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@needs_filter
@pytest.mark.parametrize("who", [0, pytest.param(1000, marks=needs_root)], ids=["us", "ordinary"])
def test_nothing_gets_out_of_a_decoder(who: int, listener: int, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    refused, stopped = outcome({"file": str(target), "port": listener, "user": who})
    assert set(stopped) == set(ESCAPES)
    assert [name for name, how in stopped.items() if how is None] == []
    assert target.exists()
    assert "system call filter" not in refused


def test_without_confinement_the_same_attempts_succeed(listener: int, tmp_path: Path) -> None:
    """Or the other tests would prove nothing."""
    target = tmp_path / "target"
    target.touch()
    wanted = sorted({*NEEDS_DESCRIPTOR, "remove_file", "run_code"})
    _, stopped = outcome(
        {"file": str(target), "port": listener, "layer": "none", "escapes": wanted}
    )
    assert [name for name, how in stopped.items() if how is not None] == []


def test_who_spins_for_ever_is_killed_by_the_kernel(listener: int) -> None:
    done = run({"port": listener, "file": "", "escapes": [], "cpu": 1})
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)


BY_ITSELF = {
    "descriptors": NEEDS_DESCRIPTOR,
    "system call filter": set(ESCAPES) - {"allocate_4_gb", "raise_limits"},
    "Landlock": {*OPENING, "write_file", "remove_file"},
    "network namespace": {"connect"},
}


@pytest.mark.parametrize("layer", BY_ITSELF)
def test_each_layer_holds_by_itself(layer: str, listener: int, tmp_path: Path) -> None:
    wanted = set(BY_ITSELF[layer])
    if layer == "Landlock":
        if not landlock_version():
            pytest.skip("this kernel has no Landlock")
        wanted |= {"connect"} if landlock_version() >= 4 else set()
        wanted |= {"signal_the_parent"} if landlock_version() >= 6 else set()
    if layer == "system call filter" and not has_filter():
        pytest.skip("no libseccomp2 on this machine")
    if layer == "network namespace":
        try:
            subprocess.run(["/usr/bin/unshare", "-rn", "true"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this system lets nobody make a network namespace")
    told = {"file": str(tmp_path), "port": listener, "layer": layer, "escapes": sorted(wanted)}
    _, stopped = outcome(told)
    assert [name for name, how in stopped.items() if how is None] == []


@needs_root
def test_who_was_started_by_root_is_not_root(listener: int, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    wanted = ["become_root", "remove_file", "signal_the_parent"]
    _, stopped = outcome(
        {"file": str(target), "port": listener, "layer": "own user", "escapes": wanted}
    )
    assert all("Error" in how for how in stopped.values())
    assert target.exists()


def test_a_system_without_any_of_it_says_so_and_still_opens_nothing(listener: int) -> None:
    """As on a kernel without Landlock and namespaces, and without libseccomp."""
    lacking = ["system call filter", "Landlock", "network namespace"]
    wanted = sorted({*NEEDS_DESCRIPTOR, "allocate_4_gb", "raise_limits", "write_file"})
    refused, stopped = outcome(
        {"file": "", "port": listener, "lacking": lacking, "escapes": wanted}
    )
    assert set(refused) == set(lacking)
    assert all(refused.values())
    assert [name for name, how in stopped.items() if how is None] == []


@needs_filter
def test_every_call_that_is_let_through_exists_somewhere() -> None:
    """A name that is written wrong would be left out in silence."""
    library = ctypes.CDLL(confinement.LIBSECCOMP)
    headers = [
        Path(f"/usr/include/{name}")
        for name in ("asm-generic/unistd.h", "x86_64-linux-gnu/asm/unistd_64.h")
    ]
    known: set[str] = set()
    for header in headers:
        if header.is_file():
            known |= set(re.findall(r"__NR(?:3264)?_(\w+)", header.read_text()))
    for name in confinement.ALLOWED:
        found = library.seccomp_syscall_resolve_name(name.encode()) != -1
        assert found or name in known or name == "futex_waitv", name
