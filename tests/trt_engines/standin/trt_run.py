"""Loading and running engines: the second half of ``tensorrt``; see the package's docstring."""

from __future__ import annotations

import json
import threading
import time
import weakref
from typing import Any, Final

import numpy as np

from edge.runtime.onnx import DTYPES
from tests.trt_engines.standin.recorded import Recorded, enumeration
from tests.trt_engines.standin.state import (
    LaunchFailed,
    StandinError,
    card,
    crash,
    due,
    fault,
    hang,
    session,
    state,
    version,
)

HEAD: Final = b"STANDIN-ENGINE\n"
DTYPE_NAMES: Final = {"float32": "FLOAT", "float16": "HALF", "int32": "INT32", "uint8": "UINT8"}

ERROR, WARNING = 1, 2

STREAMS: Final[weakref.WeakValueDictionary[int, Any]] = weakref.WeakValueDictionary()
"""The streams of pycuda by their handles."""


class Dims(tuple[int, ...]):
    """A shape; -1 where it is free."""

    __slots__ = ()


def say(logger: Any, severity: int, message: str) -> None:
    """Tell the user's logger something."""
    logger.log(severity, message)


def must_be_made(thing: Any) -> None:
    """Raise as pybind11 does when a subclass has forgotten its base's ``__init__``."""
    if "_made" not in vars(thing):
        raise TypeError("__init__() must be called when overriding __init__")


def dims(one: Any) -> Dims:
    """Return the shape of something that ONNX Runtime tells of."""
    return Dims(size if isinstance(size, int) else -1 for size in one.shape)


class Runtime(Recorded):
    """Loads engines."""

    def __init__(self, logger: Any) -> None:
        must_be_made(logger)
        if version() == "8.6" and not card.initialised:
            crash()
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        """Return an engine, or None."""
        plan = bytes(serialized_engine)
        if not card.contexts:
            raise StandinError("an engine is loaded without a context")
        head, _, model = plan[len(HEAD) :].partition(b"\n")
        why = ""
        if fault("deserialize_none") or not plan.startswith(HEAD):
            why = "Serialization assertion magicTagRead == kMAGIC_TAG failed."
        elif (told := json.loads(head))["version"] != version():
            why = f"Version tag does not match: {told['version']}"
        elif told["gpu"] != state()["gpu"]:
            why = "the engine was built on another GPU"
        if why:
            say(self._logger, ERROR, f"IRuntime::deserializeCudaEngine: Error Code 1: {why}")
            return None
        return ICudaEngine(json.loads(head), session(model), self._logger)


class ICudaEngine(Recorded):
    """A loaded engine."""

    def __init__(self, head: dict[str, Any], network: Any, logger: Any) -> None:
        self._head, self._network, self._logger = head, network, logger
        self._known: dict[Any, dict[str, tuple[int, ...]]] = {}
        self._gives = {one.name: one for one in network.get_outputs()}
        self._tensors = {one.name: one for one in network.get_inputs()} | self._gives

    @property
    def num_io_tensors(self) -> int:
        """Return how many inputs and outputs there are."""
        return len(self._tensors)

    @property
    def num_optimization_profiles(self) -> int:
        """Return for how many ranges of shapes it was built."""
        return 1

    def get_tensor_name(self, index: int) -> str:
        """Return the name of an input or output."""
        return str(list(self._tensors)[index])

    def get_tensor_mode(self, name: str) -> Any:
        """Tell inputs from outputs."""
        mode = enumeration("TensorIOMode")
        return mode["OUTPUT" if name in self._gives else "INPUT"]

    def get_tensor_shape(self, name: str) -> Dims:
        """Return a shape, -1 where it is free."""
        return dims(self._tensors[name])

    def get_tensor_dtype(self, name: str) -> Any:
        """Return a type."""
        return enumeration("DataType")[DTYPE_NAMES[DTYPES[self._tensors[name].type]]]

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Dims]:
        """Return the range of shapes."""
        return [Dims(one) for one in self._head["profile"][name]]

    def _tried(self, shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the outputs, where only running the network can tell."""
        if shapes not in self._known:
            zeros = {n: np.zeros(s, DTYPES[self._tensors[n].type]) for n, s in shapes}
            answers = self._network.run(list(self._gives), zeros)
            self._known[shapes] = {n: a.shape for n, a in zip(self._gives, answers, strict=True)}
        return self._known[shapes]

    def create_execution_context(self) -> IExecutionContext | None:
        """Return what runs it, or None."""
        if fault("context_none"):
            say(self._logger, ERROR, "IExecutionContext: Error Code 2: OutOfMemory")
            return None
        return IExecutionContext(self)


class IExecutionContext(Recorded):
    """Runs an engine."""

    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._user: int | None = None

    def set_input_shape(self, name: str, shape: Any) -> bool:
        """Set a shape; False where it is not allowed."""
        self._must_be_idle()
        least, _, most = self._engine._head["profile"].get(name, [list(shape)] * 3)
        fits = len(shape) == len(most) and all(
            a <= n <= b for a, n, b in zip(least, shape, most, strict=True)
        )
        if fault("shape_false") or not fits:
            say(self._engine._logger, ERROR, f"setInputShape: Error Code 3: {name} {shape}")
            return False
        self._shapes[name] = tuple(shape)
        return True

    def infer_shapes(self) -> list[str]:
        """Return the inputs whose shape is not known."""
        names = [one.name for one in self._engine._network.get_inputs()]
        return [name for name in names if name not in self._shapes]

    def get_tensor_shape(self, name: str) -> Dims:
        """Return a shape, as it follows from those of the inputs."""
        if name in self._shapes:
            return Dims(self._shapes[name])
        sizes: dict[str, int] = {}
        for one in self._engine._network.get_inputs():
            for axis, size in zip(one.shape, self._shapes[one.name], strict=True):
                sizes[str(axis)] = size
        shape = [sizes.get(str(one), one) for one in self._engine._tensors[name].shape]
        if all(isinstance(one, int) for one in shape):
            return Dims(shape)
        return Dims(self._engine._tried(tuple(self._shapes.items()))[name])

    def set_tensor_address(self, name: str, memory: int) -> bool:
        """Set where an input or output lies."""
        if fault("address_false"):
            say(self._engine._logger, ERROR, "setTensorAddress: Error Code 3")
            return False
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Queue a run; False where that fails."""
        engine = self._engine
        plan = engine._head["faults"]
        self._must_be_idle()
        if due("execute_false", plan) or not card.contexts or card.dead:
            say(engine._logger, ERROR, "IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime")
            return False
        if due("execute_raises", plan):
            raise RuntimeError("std::exception: CUDA runtime error")
        stream = STREAMS[stream_handle]
        shapes = {name: tuple(self.get_tensor_shape(name)) for name in engine._tensors}
        addresses = dict(self._addresses)
        self._user = threading.get_ident()
        stream.queue(lambda: self._calculate(shapes, addresses))
        return True

    def _must_be_idle(self) -> None:
        """Raise where another thread is in the middle of a run."""
        if self._user not in (None, threading.get_ident()):
            raise StandinError("two threads in one execution context")

    def _calculate(self, shapes: dict[str, tuple[int, ...]], addresses: dict[str, int]) -> None:
        engine = self._engine
        plan = engine._head["faults"]
        self._user = None
        if due("crash", plan):
            crash()
        if due("hang", plan):
            hang()
        if due("launch_error", plan):
            raise LaunchFailed
        if seconds := fault("slow", plan):
            time.sleep(seconds)

        def view(name: str) -> Any:
            dtype = np.dtype(DTYPES[engine._tensors[name].type])
            size = int(np.prod(shapes[name])) * dtype.itemsize
            return np.frombuffer(card.at(addresses[name], size), dtype).reshape(shapes[name])

        inputs = {one.name: view(one.name) for one in engine._network.get_inputs()}
        names = list(engine._gives)
        for name, values in zip(names, engine._network.run(names, inputs), strict=True):
            wrong = np.nan if fault("nan", plan) else fault("wrong", plan) or 0.0
            np.copyto(view(name), (values + wrong).astype(values.dtype))
        card.runs += 1
