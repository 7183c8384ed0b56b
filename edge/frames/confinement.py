"""What a child process gives up before it opens anything of a stranger's.

Several layers, each enough against most of it, since no kernel has all of them: a device whose
kernel knows neither Landlock nor namespaces still opens nothing, because no number is left for a
further descriptor. What each layer is for, and where it holds: docs/security.md.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Final

NOBODY: Final = 65534

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWNET: Final = 0x40000000
CLONE_THREAD: Final = 0x00010000
PR_SET_NAME: Final = 15
PR_SET_NO_NEW_PRIVS: Final = 38
PROT_EXEC: Final = 4
AT_EMPTY_PATH: Final = 0x1000
EPERM: Final = 1
ENOSYS: Final = 38

LANDLOCK_CREATE_RULESET: Final = 444
LANDLOCK_RESTRICT_SELF: Final = 446
"""System call numbers; the same on every architecture."""

LANDLOCK_FILES: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access to files each version of Landlock knows."""

LIBSECCOMP: Final = "libseccomp.so.2"
"""Debian and Ubuntu always have it: systemd needs it. It knows every architecture's numbers."""

ALLOWED: Final = (
    # Memory; without the right to run it: see _prepare_filter.
    "munmap", "mremap", "madvise", "brk",
    # What was handed over.
    "read", "readv", "pread64", "write", "writev", "lseek", "close", "fstat",
    # Threads of this very process.
    "futex", "futex_waitv", "set_robust_list", "rseq", "membarrier", "sched_yield",
    "sched_getaffinity", "gettid", "getpid", "exit", "exit_group",
    # Signals to itself, time, chance.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
    "getrandom", "getrusage", "sysinfo",
)  # fmt: skip
"""The system calls of a decoder at work; all others fail with "operation not permitted"."""


class _Landlock(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Argument(ctypes.Structure):
    """A comparison with an argument of a system call, as libseccomp has it."""

    _fields_ = (
        ("number", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def confine(*, memory_bytes: int, cpu_seconds: int) -> dict[str, str]:
    """Give up everything but the descriptors that are open, memory and processor time.

        refused = confine(memory_bytes=2 * 1024**3, cpu_seconds=60)

    From here on there is no network, no file, no other program and no further process, whatever
    the code does that runs in this process. All that it needs must be imported before. There must
    be one thread only.

    :param memory_bytes: address space that may be used.
    :param cpu_seconds: processor time after which the process is killed.
    :returns: which layers this system refused, and why.
    """
    refused: dict[str, str] = {}

    def attempt(name: str, layer: Callable[[], None]) -> None:
        try:
            layer()
        except OSError as error:
            refused[name] = error.strerror or str(error)

    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))
    filter_calls: Callable[[], None] = _no_filter
    with suppress(OSError):  # told below
        filter_calls = _prepare_filter()  # it opens a library
    attempt("network namespace", _leave_network)
    attempt("own user", _become_nobody)
    no_new_privileges()
    attempt("Landlock", _close_files)
    attempt("capabilities", _drop_capabilities)
    # No number is left: nothing can be opened, by no system call, on any kernel.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    attempt("system call filter", filter_calls)
    return refused


_libc: Final = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    """Call a function of the C library.

    :raises OSError: it answers with an error.
    """
    result = int(getattr(_libc, name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def no_new_privileges() -> None:
    """Let no program that is run give this process a right that it has not; the kernel wants that
    before it lets anybody confine themselves.
    """
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _leave_network() -> None:
    """Go into a network of its own, in which there is nothing."""
    spaces = CLONE_NEWNET | CLONE_NEWIPC
    try:
        _call("unshare", spaces)
    except PermissionError:
        _call("unshare", spaces | CLONE_NEWUSER)


def _become_nobody() -> None:
    """Be nobody where the kiosk was started by root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _drop_capabilities() -> None:
    """Give up what came with a user namespace of its own."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _close_files() -> None:
    """Close every file, every TCP port, and other processes' sockets and signals."""
    version = _call("syscall", LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    files = LANDLOCK_FILES[min(version, max(LANDLOCK_FILES))]
    rules = _Landlock(
        (1 << files) - 1, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0
    )  # fmt: skip
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    ruleset = _call("syscall", LANDLOCK_CREATE_RULESET, ctypes.byref(rules), size, 0)
    try:
        _call("syscall", LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _no_filter() -> None:
    raise OSError(f"there is no {LIBSECCOMP}")


def _prepare_filter() -> Callable[[], None]:
    """Return what lets the kernel refuse every system call that no decoder needs.

    :raises OSError: libseccomp is missing.
    """
    library = ctypes.CDLL(LIBSECCOMP)
    library.seccomp_init.restype = context_type = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    context = context_type(library.seccomp_init(_error(EPERM)))
    if not context:
        raise OSError("libseccomp does not work")

    def let(name: str, *arguments: _Argument, action: int = 0x7FFF0000) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number == -1:  # newer than this library, and so than this system
            return
        checks = (_Argument * len(arguments))(*arguments)
        code = library.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), number, len(arguments), checks
        )
        if code < 0:
            raise OSError(-code, f"{name}: {os.strerror(-code)}")

    for name in ALLOWED:
        let(name)
    for name in ("mmap", "mprotect"):
        let(name, _masked(2, PROT_EXEC, 0))
    # A thread, and no process. clone3 hides its flags behind a pointer: the C library asks again
    # with clone where it is told that there is none.
    let("clone", _masked(0, CLONE_THREAD, CLONE_THREAD))
    let("clone3", action=_error(ENOSYS))
    let("newfstatat", _masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH))  # of a descriptor
    let("tgkill", _masked(0, 0xFFFFFFFF, os.getpid()))
    let("prctl", _masked(0, 0xFFFFFFFF, PR_SET_NAME))

    def load() -> None:
        code = library.seccomp_load(context)
        if code < 0:
            raise OSError(-code, os.strerror(-code))

    return load


def _error(number: int) -> int:
    """Return libseccomp's action that fails with an error."""
    return 0x00050000 | number


def _masked(number: int, mask: int, value: int) -> _Argument:
    """Return the check that an argument, through a mask, has a value."""
    return _Argument(number, 7, mask, value)
