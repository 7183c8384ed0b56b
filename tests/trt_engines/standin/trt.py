"""The module ``tensorrt`` and what builds engines; see the package's docstring."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import Any, Final

import numpy as np

from tests.trt_engines.standin.recorded import Recorded, enumeration, lacks, members
from tests.trt_engines.standin.state import (
    StandinError,
    crash,
    fault,
    hang,
    session,
    state,
    version,
)
from tests.trt_engines.standin.trt_run import (
    ERROR,
    HEAD,
    WARNING,
    Dims,
    ICudaEngine,
    IExecutionContext,
    Runtime,
    dims,
    must_be_made,
    say,
)

CACHE: Final = b"STANDIN-CACHE\n"
ENUMERATIONS: Final = (
    "BuilderFlag", "DataType", "MemoryPoolType", "NetworkDefinitionCreationFlag", "TensorIOMode",
)  # fmt: skip
VERSIONS: Final = {"8.6": "8.6.1", "10.3": "10.3.0", "10.13": "10.13.3.9", "10.16": "10.16.1.11",
                   "11.4": "11.4.0.106", "rtx": "1.7.1.116"}  # fmt: skip


class ILogger(Recorded):
    """What the user's logger comes from; ``log`` is the user's."""

    def __init__(self) -> None:
        object.__setattr__(self, "_made", True)


class Logger(Recorded):
    """NVIDIA's own logger, which writes to standard error."""

    def __init__(self, min_severity: Any = None) -> None:
        object.__setattr__(self, "_made", True)

    def log(self, severity: Any, msg: str) -> None:
        """Do nothing."""


class IProgressMonitor(Recorded):
    """What the user's monitor comes from."""

    def __init__(self) -> None:
        object.__setattr__(self, "_made", True)


class IHostMemory(bytes):
    """Bytes that can be read through the buffer protocol."""

    @property
    def nbytes(self) -> int:
        """Return how many there are."""
        return len(self)


class Builder(Recorded):
    """Builds engines."""

    def __init__(self, logger: Any) -> None:
        must_be_made(logger)
        # RTX and 11 build without a GPU; before that the library returns a null pointer.
        if fault("no_gpu") and version() in ("8.6", "10.3", "10.13", "10.16"):
            say(logger, ERROR, "CUDA initialization failure with error: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self._logger = logger

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        """Return an empty network."""
        return INetworkDefinition(flags)

    def create_builder_config(self) -> IBuilderConfig:
        """Return how to build."""
        return IBuilderConfig(self._logger)

    def create_optimization_profile(self) -> IOptimizationProfile:
        """Return a range of shapes."""
        return IOptimizationProfile()

    def build_serialized_network(
        self, network: INetworkDefinition, config: IBuilderConfig
    ) -> IHostMemory | None:
        """Return an engine, or None."""
        self._meet_faults()
        why = _problem(network, config)
        if why:
            say(self._logger, ERROR, f"IBuilder::buildSerializedNetwork: Error Code 4: {why}")
            return None
        if monitor := config._monitor:
            _show(monitor)
        if config._cache:
            config._cache._entries += 1
        head = {
            "version": version(),
            "gpu": state()["gpu"],
            "profile": config._profiles[0]._shapes if config._profiles else {},
            "faults": fault("plan") or {},
            "flags": sorted(flag.name for flag in config._flags),
            "threads": threading.active_count(),
        }
        return IHostMemory(HEAD + json.dumps(head).encode() + b"\n" + network._model)

    def _meet_faults(self) -> None:
        if fault("build_crash"):
            crash()
        if fault("build_kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if fault("build_hang"):
            hang()
        if seconds := fault("build_slow"):
            time.sleep(seconds)


def _problem(network: INetworkDefinition, config: IBuilderConfig) -> str:
    if fault("build_none"):
        return "Could not find any implementation for node Conv_0"
    if not network._inputs:
        return "API Usage Error (the network has no inputs)"
    types = {flag.name for flag in config._flags} & {"FP16", "INT8", "BF16"}
    if types and network._strongly_typed:
        return f"API Usage Error ({types} in a strongly typed network)"
    profile = config._profiles[0]._shapes if config._profiles else {}
    for one in network._inputs:
        if -1 in one.shape and one.name not in profile:
            return f"API Usage Error (Dynamic input tensor {one.name} is missing in profile 0.)"
    return ""


def _show(monitor: Any) -> None:
    """Go through the phases that NVIDIA's builder tells of."""
    monitor.phase_start("Building engine", None, 2)
    for step in range(2):
        monitor.phase_start("Optimizing graph", "Building engine", 3)
        for inner in range(3):
            monitor.step_complete("Optimizing graph", inner)
        monitor.phase_finish("Optimizing graph")
        monitor.step_complete("Building engine", step)
    monitor.phase_finish("Building engine")


class ITensor(Recorded):
    """An input or output of a network that is built."""

    def __init__(self, one: Any) -> None:
        object.__setattr__(self, "_one", one)

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self._one.name)

    @property
    def shape(self) -> Dims:
        """Return its shape."""
        return dims(self._one)

    def get_dimension_name(self, index: int) -> str:
        """Return the name of an axis."""
        size = self._one.shape[index]
        return size if isinstance(size, str) else ""


class INetworkDefinition(Recorded):
    """A network that is built."""

    def __init__(self, flags: int) -> None:
        strong = members("NetworkDefinitionCreationFlag").get("STRONGLY_TYPED")
        explicit = members("NetworkDefinitionCreationFlag").get("EXPLICIT_BATCH")
        self._strongly_typed = strong is not None and bool(flags >> int(strong[2:]) & 1)
        if version() == "8.6" and not flags >> int(str(explicit)[2:]) & 1:
            raise StandinError("the parser of TensorRT 8 wants an explicit batch")
        self._model = b""
        self._inputs: list[ITensor] = []
        self._outputs: list[ITensor] = []

    @property
    def num_inputs(self) -> int:
        """Return how many inputs there are."""
        return len(self._inputs)

    @property
    def num_outputs(self) -> int:
        """Return how many outputs there are."""
        return len(self._outputs)

    def get_input(self, index: int) -> ITensor:
        """Return an input."""
        return self._inputs[index]

    def get_output(self, index: int) -> ITensor:
        """Return an output."""
        return self._outputs[index]


class ParserError(Recorded):
    """Why a file was not understood."""

    def desc(self) -> str:
        """Return the reason."""
        return "Failed to parse the ONNX model."


class OnnxParser(Recorded):
    """Reads ONNX files; says yes to rubbish, like the real one."""

    def __init__(self, network: INetworkDefinition, logger: Any) -> None:
        must_be_made(logger)
        self._network, self._logger = network, logger
        self._errors: list[ParserError] = []

    def parse(self, model: bytes, path: str | None = None) -> bool:
        """Fill the network; True even where nothing was found."""
        if fault("parse_false"):
            self._errors.append(ParserError())
            say(self._logger, ERROR, "MODEL_DESERIALIZE_FAILED")
            return False
        network = session(bytes(model))
        if network is not None:
            self._network._model = bytes(model)
            self._network._inputs = [ITensor(one) for one in network.get_inputs()]
            self._network._outputs = [ITensor(one) for one in network.get_outputs()]
        return True

    @property
    def num_errors(self) -> int:
        """Return how many errors there were."""
        return len(self._errors)

    def get_error(self, index: int) -> ParserError:
        """Return an error."""
        return self._errors[index]


class IOptimizationProfile(Recorded):
    """For which shapes an engine is built."""

    def __init__(self) -> None:
        self._shapes: dict[str, list[list[int]]] = {}

    def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:
        """Set the range of an input."""
        shapes = [list(one) for one in (min, opt, max)]
        if not all(a <= b <= c for a, b, c in zip(*shapes, strict=True)):
            raise ValueError("the profile's shapes are not in order")
        self._shapes[input] = shapes


class ITimingCache(Recorded):
    """What the builder has measured."""

    def __init__(self, entries: int) -> None:
        self._entries = entries

    def serialize(self) -> IHostMemory:
        """Return it for the next time."""
        return IHostMemory(CACHE + str(self._entries).encode())


class IBuilderConfig(Recorded):
    """How to build."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._flags: set[Any] = set()
        self._profiles: list[IOptimizationProfile] = []
        self._monitor: Any = None
        self._cache: ITimingCache | None = None

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        """Limit the memory."""

    def set_flag(self, flag: Any) -> None:
        """Set a flag."""
        self._flags.add(flag)

    def clear_flag(self, flag: Any) -> None:
        """Clear a flag."""
        self._flags.discard(flag)

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        """Add a range of shapes."""
        self._profiles.append(profile)
        return len(self._profiles) - 1

    @property
    def progress_monitor(self) -> Any:
        """Return who is told of the progress."""
        return self._monitor

    @progress_monitor.setter
    def progress_monitor(self, monitor: Any) -> None:
        must_be_made(monitor)
        self._monitor = monitor

    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache | None:
        """Return a cache, empty where the bytes are not one."""
        content = bytes(serialized_timing_cache)
        if content and not content.startswith(CACHE):
            say(self._logger, WARNING, "Failed to deserialize timing cache.")
            return None
        return ITimingCache(int(content[len(CACHE) :] or 0))

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        """Use a cache."""
        self._cache = cache
        return True

    def get_timing_cache(self) -> ITimingCache | None:
        """Return the cache in use."""
        return self._cache


CLASSES: Final = (
    ILogger, Logger, IProgressMonitor, IHostMemory, Builder, ITensor, INetworkDefinition,
    ParserError, OnnxParser, IOptimizationProfile, ITimingCache, IBuilderConfig, Runtime,
    ICudaEngine, IExecutionContext, Dims,
)  # fmt: skip


def nptype(trt_type: Any) -> Any:
    """Return NumPy's type."""
    return {"FLOAT": np.float32, "HALF": np.float16, "INT32": np.int32, "UINT8": np.uint8}[
        trt_type.name
    ]


def fill(module: dict[str, Any]) -> None:
    """Put everything that the played version has into a module."""
    played: dict[str, Any] = {one.__name__: one for one in CLASSES if members(one.__name__)}
    played |= {name: enumeration(name) for name in ENUMERATIONS}

    def missing(name: str) -> Any:
        if members(name) or name in members(""):
            raise NotImplementedError(f"the stand-in does not play {name}")
        raise lacks("", name)

    module.update(played, nptype=nptype, __version__=VERSIONS[version()], __getattr__=missing)
