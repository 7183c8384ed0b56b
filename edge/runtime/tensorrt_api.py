"""What differs between TensorRT 8.6, 10, 11 and TensorRT-RTX, and the GPU through pycuda.

Everything else is one path, in :mod:`edge.runtime.tensorrt` and ``trt_engines/builder.py``.
"""

from __future__ import annotations

import functools
import importlib
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from edge.bundle import Precision
from edge.errors import RuntimeMissingError

log = logging.getLogger(__name__)

MODULES: Final = ("tensorrt", "tensorrt_rtx")
"""TensorRT's own module, and that of TensorRT-RTX, which counts where the first is missing."""


def load() -> Any:
    """Return the module of TensorRT, or of TensorRT-RTX where there is only that.

    :raises RuntimeMissingError: neither can be imported.
    """
    reasons = []
    for name in MODULES:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        except (ImportError, OSError, RuntimeError) as error:
            # It is there but a library behind it is not, such as libnvinfer.so.10.
            reasons.append(f"{name} cannot be loaded: {error}")
    why = "; ".join(reasons) or "TensorRT is not installed"
    raise RuntimeMissingError(f"{why}: on a Jetson it comes with JetPack (see docs/tensorrt.md)")


def version(trt: Any) -> str:
    """Return the version, with ``RTX`` before it where it is TensorRT-RTX."""
    return f"RTX {trt.__version__}" if trt.__name__ == "tensorrt_rtx" else str(trt.__version__)


def network_flags(trt: Any) -> int:
    """Return the flags of a network in which every type is what the ONNX file says.

    TensorRT 8 knows no such networks; there :func:`precision_flags` choose the types.
    """
    flags = trt.NetworkDefinitionCreationFlag
    if hasattr(flags, "STRONGLY_TYPED"):
        return 1 << int(flags.STRONGLY_TYPED)
    return 1 << int(flags.EXPLICIT_BATCH)


def precision_flags(trt: Any, precision: Precision) -> list[Any]:
    """Return the flags without which TensorRT 8 would calculate in fp32; none after that."""
    if hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED"):
        return []
    flags = trt.BuilderFlag
    return {"fp32": [], "fp16": [flags.FP16], "int8": [flags.INT8, flags.FP16]}[precision]


def make_logger(trt: Any) -> Any:
    """Return a logger that TensorRT writes to, and that remembers the last errors.

    It has ``why()``, which returns them in one line: TensorRT returns None or False without an
    exception, and says the reason only here.
    """

    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: deque[str] = deque(maxlen=3)

        def log(self, severity: Any, msg: str) -> None:
            level = int(severity)  # 0 internal error, 1 error, 2 warning, 3 information, 4 verbose
            if level < 2:
                self.errors.append(msg.strip())
            log.log({0: logging.ERROR, 1: logging.ERROR}.get(level, logging.DEBUG), "%s", msg)

        def why(self) -> str:
            return "; ".join(self.errors) or "TensorRT says no reason"

    return Logger()


class Gpu:
    """The first GPU, with its primary context, which TensorRT and everybody else share.

        with gpu().current():
            memory = gpu().cuda.mem_alloc(1024)

    :ivar cuda: the module ``pycuda.driver``.
    """

    def __init__(self, cuda: Any) -> None:
        self.cuda = cuda
        device = cuda.Device(0)
        self.name = str(device.name())
        self.capability = ".".join(map(str, device.compute_capability()))
        # Never given back: it belongs to the process, and lives as long.
        self._context = device.retain_primary_context()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the context that of the calling thread for the duration of a block."""
        self._context.push()
        try:
            yield
        finally:
            self.cuda.Context.pop()


@functools.cache
def gpu() -> Gpu:
    """Return the GPU, opened once in a process.

    :raises RuntimeMissingError: there is none, or its driver or pycuda is missing.
    """
    try:
        cuda = importlib.import_module("pycuda.driver")
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            "pycuda is not installed: install the extra 'jetson' (see docs/tensorrt.md)"
        ) from error
    except ImportError as error:
        raise RuntimeMissingError(
            f"pycuda cannot be loaded ({error}): is the GPU's driver installed?"
        ) from error
    try:
        cuda.init()
        count = cuda.Device.count()
    except cuda.Error as error:
        raise RuntimeMissingError(
            f"no GPU can be used ({error}): is the driver loaded, and may this user open the GPU?"
        ) from error
    if count == 0:
        raise RuntimeMissingError("this machine has no GPU that CUDA can use")
    try:
        return Gpu(cuda)
    except cuda.Error as error:
        raise RuntimeMissingError(f"the GPU cannot be opened: {error}") from error
