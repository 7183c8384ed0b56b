"""What somebody would try who has taken over a decoder; run as a program, confined first.

    echo '{"file": "/tmp/x", "port": 80}' | python -m tests.edge.escapes

It writes one line of JSON: what the system refused, and how each attempt was stopped, or null.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.frames import confinement

LIBC = ctypes.CDLL(None, use_errno=True)
MEMORY_BYTES = 1 << 30
TOLD: dict[str, Any] = {}
"""What the test said: a file that may be removed, a port on which somebody listens."""


def raw(number_or_name: Any, *arguments: Any) -> int:
    """Call the C library, past everything that Python does before."""
    result = int(getattr(LIBC, number_or_name)(*arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def in_a_thread() -> None:
    """A thread is no way out, and must work: decoders use them."""
    found: list[BaseException] = []

    def attempt() -> None:
        try:
            Path("/etc/passwd").read_bytes()
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    if found:
        raise found[0]


def run_code() -> None:
    """Make memory that is written and then run, as injected code would need it."""
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def signal_the_parent() -> None:
    os.kill(os.getppid(), signal.SIGTERM)


def trace_the_parent() -> None:
    raw("ptrace", 16, os.getppid(), 0, 0)  # PTRACE_ATTACH


def connect() -> None:
    with socket.socket() as wire:
        wire.connect(("127.0.0.1", TOLD["port"]))


ESCAPES: dict[str, Callable[[], object]] = {
    "open_passwd": lambda: Path("/etc/passwd").read_bytes(),
    "open_passwd_in_a_thread": in_a_thread,
    "open_own_maps": lambda: Path("/proc/self/maps").read_bytes(),
    "open_by_syscall": lambda: raw("open", b"/etc/passwd", 0),
    "list_folder": lambda: list(Path("/").iterdir()),
    "write_file": lambda: Path("/tmp/escaped").write_text("x"),  # noqa: S108
    "remove_file": lambda: Path(TOLD["file"]).unlink(),
    "open_socket": socket.socket,
    "open_unix_socket": lambda: socket.socket(socket.AF_UNIX),
    "open_netlink": lambda: socket.socket(16, socket.SOCK_RAW),
    "connect": connect,
    "pipe": os.pipe,
    "duplicate": lambda: os.dup(0),
    "fork": os.fork,
    "fork_by_syscall": lambda: raw("syscall", 57 if os.uname().machine == "x86_64" else 1079),
    "execute": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
    "signal_the_parent": signal_the_parent,
    "trace_the_parent": trace_the_parent,
    "become_root": lambda: os.setuid(0),
    "new_user_namespace": lambda: raw("unshare", 0x10000000),
    "mount": lambda: raw("mount", b"none", b"/", b"tmpfs", 0, None),
    "change_clock": lambda: raw("clock_settime", 0, (ctypes.c_long * 2)(0, 0)),
    "keyring": lambda: raw("syscall", 250 if os.uname().machine == "x86_64" else 219, 0, 0, 0),
    "bpf": lambda: raw("syscall", 321 if os.uname().machine == "x86_64" else 280, 0, None, 0),
    "io_uring": lambda: raw("syscall", 425, 8, (ctypes.c_uint8 * 120)()),
    "userfaultfd": lambda: raw("syscall", 323 if os.uname().machine == "x86_64" else 282, 0),
    "run_code": run_code,
    "allocate_4_gb": lambda: bytearray(4 << 30),
    "raise_limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
}
"""Each raises where it is stopped."""


def close_files() -> None:
    confinement.no_new_privileges()
    confinement._close_files()


def filter_calls() -> None:
    confinement.no_new_privileges()
    confinement._prepare_filter()()


LAYERS: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "descriptors": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0)),
    "network namespace": confinement._leave_network,
    "Landlock": close_files,
    "system call filter": filter_calls,
    "own user": confinement._become_nobody,
}
"""Single layers, for proof that each holds by itself."""


def lack(what: str) -> None:
    """Be a system that lacks a layer."""

    def refuse() -> None:
        raise OSError(38, "Function not implemented")

    if what == "system call filter":
        confinement.LIBSECCOMP = "libnone.so.2"  # type: ignore[misc]
    elif what == "Landlock":
        confinement._close_files = refuse
    elif what == "network namespace":
        confinement._leave_network = refuse


def attempt(escape: Callable[[], object]) -> str | None:
    """Return what stopped it; None: nothing did."""
    try:
        escape()
    except (OSError, MemoryError, ValueError) as error:
        return repr(error)
    return None


def main() -> None:
    """Confine, try everything, and say how it went."""
    TOLD.update(json.loads(sys.stdin.read()))
    if user := TOLD.get("user"):
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for what in TOLD.get("lacking", ()):
        lack(what)
    refused: dict[str, str] = {}
    if layer := TOLD.get("layer"):
        LAYERS[layer]()
    else:
        refused = confinement.confine(memory_bytes=MEMORY_BYTES, cpu_seconds=TOLD.get("cpu", 20))
    stopped = {name: attempt(ESCAPES[name]) for name in TOLD.get("escapes", ESCAPES)}
    sys.stdout.write(json.dumps({"refused": refused, "stopped": stopped}))
    sys.stdout.flush()
    while "cpu" in TOLD:  # spin for ever
        pass


if __name__ == "__main__":
    main()
