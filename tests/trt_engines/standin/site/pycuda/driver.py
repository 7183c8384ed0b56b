"""The stand-in for pycuda.driver; see tests/trt_engines/standin/__init__.py."""

from tests.trt_engines.standin import state

if state.fault("no_driver"):
    raise ImportError("libcuda.so.1: cannot open shared object file")
from tests.trt_engines.standin.cuda import (
    Context,
    Device,
    DeviceAllocation,
    Error,
    LaunchError,
    LogicError,
    MemoryError,
    PagelockedHostAllocation,
    RuntimeError,
    Stream,
    init,
    mem_alloc,
    memcpy_dtoh_async,
    memcpy_htod_async,
    pagelocked_empty,
)

__all__ = [
    "Context", "Device", "DeviceAllocation", "Error", "LaunchError", "LogicError", "MemoryError",
    "PagelockedHostAllocation", "RuntimeError", "Stream", "init", "mem_alloc",
    "memcpy_dtoh_async", "memcpy_htod_async", "pagelocked_empty",
]  # fmt: skip
