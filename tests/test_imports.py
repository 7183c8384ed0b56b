"""Every module loads on this Python, without a warning and without what the device lacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clips import ROOT

ABSENT = ("keras", "onnx", "tensorflow", "tf2onnx", "torch")
"""What is there for training only."""

OTHERS = {"edge": ("trt_engines", "kiosk_ui", "training"), "trt_engines": ("kiosk_ui", "training"),
          "kiosk_ui": ("training",)}  # fmt: skip
"""What a package must not import."""

PROGRAMS = {"edge.__main__", "kiosk_ui.migrations.env"}
"""What does its work while it is loaded."""

LOAD = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def modules(package: str) -> list[str]:
    """Return the names of a package's modules."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / package).rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return sorted(set(names) - PROGRAMS)


@pytest.mark.parametrize("package", sorted(OTHERS))
def test_every_module_loads_without_a_warning(package: str) -> None:
    found = modules(package)
    assert found
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD, *found],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert loaded.isdisjoint({*ABSENT, *OTHERS[package]})
