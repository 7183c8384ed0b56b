"""``pycuda.driver``, as far as the project uses it; see the package's docstring.

What it does follows pycuda 2026.1's own source: a context belongs to a thread's stack, objects
belong to the context in which they were made, and are freed only in a thread that has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.trt_engines.standin.state import LaunchFailed, StandinError, card, fault, state
from tests.trt_engines.standin.trt_run import STREAMS


class Error(Exception):
    """Base of all."""


class MemoryError(Error):
    """No memory."""


class LogicError(Error):
    """Used wrongly."""


class LaunchError(Error):
    """A calculation failed; nothing works in this process after that."""


class RuntimeError(Error):
    """Anything else."""


def init(flags: int = 0) -> None:
    """Start CUDA."""
    if fault("no_gpu"):
        raise RuntimeError("cuInit failed: no CUDA-capable device is detected")
    card.initialised = True


class Device:
    """A GPU."""

    def __init__(self, number: int) -> None:
        if not card.initialised:
            raise LogicError("cuDeviceGet failed: initialization error")
        if number != 0:
            raise LogicError("cuDeviceGet failed: invalid device ordinal")

    @staticmethod
    def count() -> int:
        """Return how many there are."""
        return 0 if fault("no_devices") else 1

    def name(self) -> str:
        """Return its name."""
        return str(state()["gpu"])

    def compute_capability(self) -> tuple[int, ...]:
        """Return what it can do."""
        return tuple(state()["capability"])

    def retain_primary_context(self) -> Context:
        """Return the context that everybody shares; it is not current by that."""
        return Context()


class Context:
    """A context; current where it was pushed."""

    def push(self) -> None:
        """Make it current in this thread."""
        card.contexts.append(self)

    @staticmethod
    def pop() -> None:
        """Undo the last push."""
        if not card.contexts:
            raise LogicError("context::pop failed: invalid device context - cannot pop")
        card.contexts.pop()


def _need_context() -> None:
    if not card.contexts:
        raise LogicError("explicit_context_dependent failed: invalid device context")
    if card.dead:
        raise LaunchError("unspecified launch failure")


class DeviceAllocation:
    """Memory on the GPU."""

    def __init__(self, address: int) -> None:
        self._address = address

    def __int__(self) -> int:
        return self._address

    __index__ = __int__

    def free(self) -> None:
        """Give it back."""
        _need_context()
        if card.memory.pop(self._address, None) is None:
            raise LogicError("device_allocation::free failed: invalid resource handle")


def mem_alloc(bytes: int) -> DeviceAllocation:
    """Return new memory."""
    _need_context()
    if fault("out_of_memory"):
        raise MemoryError("cuMemAlloc failed: out of memory")
    if bytes <= 0:
        raise LogicError("cuMemAlloc failed: invalid argument")
    return DeviceAllocation(card.allocate(bytes))


class PagelockedHostAllocation:
    """Pinned memory, the base of the array that :func:`pagelocked_empty` returns."""

    def __init__(self, size: int) -> None:
        _need_context()
        self._memory = bytearray(size)
        self.__array_interface__ = {
            "shape": (size,), "typestr": "|u1", "version": 3,
            "data": (np.frombuffer(self._memory, np.uint8).ctypes.data, False),
        }  # fmt: skip
        start = self.__array_interface__["data"][0]  # type: ignore[index]
        card.pinned.append((start, start + size))

    def free(self) -> None:
        """Give it back."""
        _need_context()
        start = self.__array_interface__["data"][0]  # type: ignore[index]
        card.pinned = [one for one in card.pinned if one[0] != start]


class _Pinned(np.ndarray[Any, Any]):
    """An array whose base is the allocation itself, as pycuda's is."""

    _owner: Any = None

    @property
    def base(self) -> Any:
        """Return the allocation, or what this is a part of."""
        return self._owner if self._owner is not None else super().base


def pagelocked_empty(shape: Any, dtype: Any, order: str = "C", mem_flags: int = 0) -> Any:
    """Return an array in pinned memory."""
    kind = np.dtype(dtype)
    owner = PagelockedHostAllocation(int(np.prod(shape)) * kind.itemsize)
    array = np.asarray(owner).view(kind).reshape(shape).view(_Pinned)
    array._owner = owner
    return array


class Stream:
    """A queue of work; nothing of it is done before :meth:`synchronize`."""

    _numbers = itertools.count(1000)

    def __init__(self, flags: int = 0) -> None:
        _need_context()
        self._handle = next(self._numbers)
        self._work: list[Callable[[], None]] = []
        STREAMS[self._handle] = self

    @property
    def handle(self) -> int:
        """Return what TensorRT knows it by."""
        return self._handle

    def queue(self, work: Callable[[], None]) -> None:
        """Add work; the stand-in's own."""
        self._work.append(work)

    def synchronize(self) -> None:
        """Wait until all is done."""
        _need_context()
        work, self._work = self._work, []
        try:
            for one in work:
                one()
        except LaunchFailed as error:
            card.dead = True
            raise LaunchError("cuStreamSynchronize failed: unspecified launch failure") from error


def _pinned(values: Any) -> Any:
    if not isinstance(values, np.ndarray) or not values.flags.c_contiguous:
        raise ValueError("ndarray is not contiguous")
    start = values.ctypes.data
    if not any(a <= start and start + values.nbytes <= b for a, b in card.pinned):
        raise StandinError("a copy beside the processor wants pinned memory")
    return values


def memcpy_htod_async(dest: Any, src: Any, stream: Stream | None = None) -> None:
    """Queue a copy to the GPU."""
    _need_context()
    values, work = _pinned(src), _of(stream)
    address, size = int(dest), values.nbytes

    def copy() -> None:
        card.at(address, size)[:] = values.tobytes()

    work.queue(copy)


def memcpy_dtoh_async(dest: Any, src: Any, stream: Stream | None = None) -> None:
    """Queue a copy from the GPU; until it is done the target holds rubbish."""
    _need_context()
    values, work = _pinned(dest), _of(stream)
    address, size = int(src), values.nbytes
    values.view(np.uint8)[...] = 0xFF

    def copy() -> None:
        np.copyto(values, np.frombuffer(card.at(address, size), values.dtype).reshape(values.shape))

    work.queue(copy)


def _of(stream: Stream | None) -> Stream:
    if stream is None:
        raise StandinError("a copy without a stream waits for everybody's")
    return stream
