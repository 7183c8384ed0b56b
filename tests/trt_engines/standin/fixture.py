"""The fixture ``standin``; tests/conftest.py has it for all tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.runtime.tensorrt_api import gpu
from tests.trt_engines import standin as package
from tests.trt_engines.standin import SITE, Standin

PLAYED = ("tensorrt", "tensorrt_rtx", "pycuda", "pycuda.driver")
PARTS = ("state", "recorded", "trt", "trt_run", "cuda")


def forget() -> None:
    """Have every module of the stand-in made anew when it is wanted, as in a new process."""
    gpu.cache_clear()
    for name in PLAYED:
        sys.modules.pop(name, None)
    for name in PARTS:
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """Return the stand-in for TensorRT and a GPU, for this process and those that it starts."""
    one = Standin(tmp_path / "standin.json")
    forget()
    for key, value in one.environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.syspath_prepend(SITE)
    yield one
    forget()
