"""The stand-in for pycuda; see tests/trt_engines/standin/__init__.py."""

import os
import sys
from pathlib import Path

if "TENSORRT_STANDIN" not in os.environ:
    raise ModuleNotFoundError("no stand-in is asked for", name=__name__)
_ROOT = str(Path(__file__).resolve().parents[5])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)

from tests.trt_engines.standin import state  # noqa: E402

if state.fault("no_pycuda"):
    raise ModuleNotFoundError("No module named 'pycuda'", name=__name__)
