"""Networks on the GPU, run by TensorRT from an engine that this device has built."""

from __future__ import annotations

import logging
import re
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.errors import (
    EngineError,
    KioskError,
    NetworkError,
    OutsideProfileError,
    RuntimeMissingError,
)
from edge.runtime import Array, Network, TensorSpec
from edge.runtime.engine import Device
from edge.runtime.tensorrt_api import Gpu, gpu, load, make_logger, version

log = logging.getLogger(__name__)

L4T: Final = Path("/etc/nv_tegra_release")
"""Where a Jetson says which L4T, and thereby which JetPack, it has."""

FAILURES: Final = (RuntimeError, MemoryError)
"""What Python makes of an exception in NVIDIA's library."""

Shape = tuple[int, ...]


def this_device(l4t: Path = L4T) -> Device:
    """Return what engines depend on: TensorRT, GPU and JetPack of this machine.

        print(this_device())

    :param l4t: the file in which a Jetson says its release.
    :raises RuntimeMissingError: TensorRT, pycuda, the driver or the GPU is missing; says which.
    """
    trt, found = load(), gpu()
    return Device(
        tensorrt=version(trt), gpu=found.name, capability=found.capability, jetpack=_jetpack(l4t)
    )


def _jetpack(l4t: Path) -> str:
    try:
        text = l4t.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", text)
    return f"R{found[1]}.{found[2]}" if found else ""


@dataclass(slots=True)
class _Tensor:
    """One input or output with its memory here and on the GPU, large enough for every shape."""

    name: str
    dtype: np.dtype[Any]
    least: Shape
    most: Shape
    host: Any
    device: Any


@dataclass(slots=True)
class _Held:
    """All that lives on the GPU, in one place, so that it can be given back without its owner."""

    runtime: Any = None
    engine: Any = None
    context: Any = None
    stream: Any = None
    memory: list[Any] = field(default_factory=list)


def _give_back(owner: Gpu, held: _Held) -> None:
    """Give back everything, in whatever thread this is: pycuda frees only where the context is."""
    try:
        with owner.current():
            held.context = held.engine = held.runtime = None
            for memory in held.memory:
                with suppress(owner.cuda.Error):  # after a failure CUDA refuses everything
                    memory.free()
            held.memory.clear()
            held.stream = None
    except owner.cuda.Error as error:
        log.warning("the GPU's memory cannot be given back: %s", error)


class TensorRTNetwork(Network):
    """An engine, run by TensorRT.

        plan = EngineRecords.read(folder).plan(folder, bundle, "classifier", this_device())
        network = TensorRTNetwork(plan)
        answers = network.run({"differences": differences})

    Memory for the largest shapes is taken once, and given back by :meth:`close`, when the network
    is no longer used, or at the end of the program: before CUDA itself ends, since what is left
    then takes the process with it. Threads take turns.

    :param plan: the engine's bytes. An engine can do anything: take it only from
        :meth:`edge.runtime.engine.EngineRecords.plan`.
    :param precision: how it calculates, to be shown in ``runtime``.
    :raises RuntimeMissingError: TensorRT, pycuda, the driver or the GPU is missing.
    :raises EngineError: TensorRT refuses the engine.
    :raises NetworkError: the GPU has not enough memory.
    """

    def __init__(self, plan: bytes, *, precision: str = "") -> None:
        trt = load()
        self._gpu = gpu()  # first of all: without CUDA, trt.Runtime of TensorRT 8.6 crashes
        self.runtime = " ".join(filter(None, ("TensorRT", version(trt), precision)))
        self._log = make_logger(trt)
        self._lock = threading.Lock()
        self._takes: list[_Tensor] = []
        self._gives: list[_Tensor] = []
        self._held = _Held()
        self._free = weakref.finalize(self, _give_back, self._gpu, self._held)
        try:
            with self._gpu.current():
                self._load(trt, plan)
        except KioskError:
            self._free()
            raise
        except (self._gpu.cuda.Error, *FAILURES) as error:
            self._free()
            raise NetworkError(f"the GPU cannot hold the engine: {error}") from error
        self.inputs = tuple(map(_spec, self._takes))
        self.outputs = tuple(map(_spec, self._gives))

    def _load(self, trt: Any, plan: bytes) -> None:
        try:
            self._held.runtime = trt.Runtime(self._log)
        except TypeError as error:  # what pybind11 makes of a null pointer
            raise RuntimeMissingError(f"TensorRT cannot start: {self._log.why()}") from error
        self._held.engine = self._held.runtime.deserialize_cuda_engine(plan)
        if self._held.engine is None:
            raise EngineError(f"TensorRT refuses the engine: {self._log.why()}: build it again")
        self._held.context = self._held.engine.create_execution_context()
        if self._held.context is None:
            raise NetworkError(f"TensorRT cannot prepare the engine: {self._log.why()}")
        self._held.stream = self._gpu.cuda.Stream()
        count = self._held.engine.num_io_tensors
        names = [self._held.engine.get_tensor_name(i) for i in range(count)]
        modes = {name: self._held.engine.get_tensor_mode(name) for name in names}
        for name in names:
            if modes[name] == trt.TensorIOMode.INPUT:
                least, most = self._range(name)
                self._takes.append(self._allocate(trt, name, least, most))
                self._set_shape(name, most)
        self._infer()
        for name in names:
            if modes[name] == trt.TensorIOMode.OUTPUT:
                most = tuple(self._held.context.get_tensor_shape(name))
                if min(most, default=1) < 0:
                    raise EngineError(f"the size of {name} depends on data, which is not supported")
                shape = tuple(self._held.engine.get_tensor_shape(name))
                least = tuple(1 if s < 0 else m for s, m in zip(shape, most, strict=True))
                self._gives.append(self._allocate(trt, name, least, most))

    def _range(self, name: str) -> tuple[Shape, Shape]:
        """Return the smallest and the largest shape for which the engine was built."""
        shape = tuple(self._held.engine.get_tensor_shape(name))
        if min(shape, default=1) >= 0:
            return shape, shape
        least, _, most = self._held.engine.get_tensor_profile_shape(name, 0)
        return tuple(least), tuple(most)

    def _allocate(self, trt: Any, name: str, least: Shape, most: Shape) -> _Tensor:
        dtype = np.dtype(trt.nptype(self._held.engine.get_tensor_dtype(name)))
        size = int(np.prod(most))
        host = self._gpu.cuda.pagelocked_empty(size, dtype)
        self._held.memory.append(host.base)
        device = self._gpu.cuda.mem_alloc(size * dtype.itemsize)
        self._held.memory.append(device)
        if not self._held.context.set_tensor_address(name, int(device)):
            raise NetworkError(f"TensorRT refuses the memory of {name}: {self._log.why()}")
        return _Tensor(name, dtype, least, most, host, device)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name.

        :raises OutsideProfileError: the engine was not built for such shapes; says for which.
        :raises NetworkError: the GPU or TensorRT failed; another runtime may do better.
        """
        arrays = [self._checked(one, inputs) for one in self._takes]
        with self._lock:
            if not self._free.alive:
                raise NetworkError("this engine has been closed")
            try:
                with self._gpu.current():
                    return self._run(arrays)
            except KioskError:
                raise
            except (self._gpu.cuda.Error, *FAILURES) as error:
                raise NetworkError(f"the GPU failed: {error}") from error

    def _checked(self, one: _Tensor, inputs: Mapping[str, Array]) -> Array:
        if one.name not in inputs:
            raise NetworkError(f"the input {one.name} is missing")
        values = inputs[one.name]
        if values.dtype != one.dtype:
            raise NetworkError(f"{one.name} must be {one.dtype}, not {values.dtype}")
        shape = values.shape
        if len(shape) != len(one.most) or not all(
            a <= n <= b for a, n, b in zip(one.least, shape, one.most, strict=True)
        ):
            raise OutsideProfileError(
                f"the engine takes {one.name} from {list(one.least)} to {list(one.most)}, "
                f"not {list(shape)}"
            )
        return values

    def _run(self, arrays: list[Array]) -> dict[str, Array]:
        cuda = self._gpu.cuda
        for one, values in zip(self._takes, arrays, strict=True):
            self._set_shape(one.name, values.shape)
            here = one.host[: values.size]
            np.copyto(here.reshape(values.shape), values)
            cuda.memcpy_htod_async(one.device, here, self._held.stream)
        self._infer()
        if not self._held.context.execute_async_v3(self._held.stream.handle):
            raise NetworkError(f"TensorRT failed: {self._log.why()}")
        answers = {}
        for one in self._gives:
            shape = tuple(self._held.context.get_tensor_shape(one.name))
            answers[one.name] = one.host[: int(np.prod(shape))].reshape(shape)
            cuda.memcpy_dtoh_async(answers[one.name], one.device, self._held.stream)
        self._held.stream.synchronize()
        # Copies: the pinned memory is written again by the next call.
        return {name: np.array(values) for name, values in answers.items()}

    def _set_shape(self, name: str, shape: Shape) -> None:
        if not self._held.context.set_input_shape(name, shape):
            raise NetworkError(f"TensorRT refuses {name} as {list(shape)}: {self._log.why()}")

    def _infer(self) -> None:
        lacking = self._held.context.infer_shapes()
        if lacking:
            raise NetworkError(f"TensorRT does not know the shape of {', '.join(lacking)}")

    def close(self) -> None:
        """Give back the GPU's memory; calls that still come get an error."""
        with self._lock:
            self._free()


def _spec(one: _Tensor) -> TensorSpec:
    pairs = enumerate(zip(one.least, one.most, strict=True))
    shape = tuple(a if a == b else f"{one.name}_{i}" for i, (a, b) in pairs)
    return TensorSpec(one.name, shape, one.dtype.name)
