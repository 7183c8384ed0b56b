"""The stand-in for TensorRT; see tests/trt_engines/standin/__init__.py."""

import os
import sys
from pathlib import Path

if "TENSORRT_STANDIN" not in os.environ:
    raise ModuleNotFoundError("no stand-in is asked for", name=__name__)
_ROOT = str(Path(__file__).resolve().parents[4])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from tests.trt_engines.standin import state, trt  # noqa: E402

if (state.version() == "rtx") != (__name__ == "tensorrt_rtx") or state.fault("no_tensorrt"):
    raise ModuleNotFoundError(f"{state.version()} is played", name=__name__)
if state.fault("no_library"):
    raise ImportError("libnvinfer.so.10: cannot open shared object file")
trt.fill(globals())
