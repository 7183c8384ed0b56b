"""What is no longer used goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

MEASURE = """
from edge.memory import give_back_memory

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1000

class Holder:
    pass

def make(count):
    for _ in range(count):
        one = Holder()
        one.itself, one.pieces = one, [bytes(4000) for _ in range(250)]
        yield one.pieces[-1]  # stays, and lies behind the others

kept = list(make(40))
before = resident()
print(give_back_memory(), before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps it")
def test_holes_and_cycles_are_given_back() -> None:
    """40 MB that only cycles hold, and between which some pieces stay."""
    said = subprocess.run(
        [sys.executable, "-c", "import gc; gc.disable()" + MEASURE],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert said[0] == "True"
    assert float(said[1]) > 30
