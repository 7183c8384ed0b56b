"""Time that a process could have used."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import own_time as module
from edge.own_time import OwnTime, own_time


class Machine:
    """A clock, and the kernel's word on how long threads waited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 100.0

    def passes(self, seconds: float, **waited: float) -> None:
        """Let time pass; ``waited``: by thread, for how many seconds of it."""
        self.now += seconds
        for thread, more in waited.items():
            file = self.folder / thread / "schedstat"
            file.parent.mkdir(exist_ok=True)
            before = int(file.read_text().split()[1]) if file.exists() else 0
            file.write_text(f"1000 {before + round(1e9 * more)} 7\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr(module, "monotonic", lambda: made.now)
    return made


def test_on_an_idle_machine_all_time_counts(machine: Machine) -> None:
    clock = OwnTime(machine.folder)
    began = clock()
    for _ in range(10):
        machine.passes(1.0, camera=0.0, web=0.0)
        clock()
    assert clock() - began == pytest.approx(10.0)


def test_while_threads_wait_for_a_processor_little_of_it_does(machine: Machine) -> None:
    machine.passes(0.0, camera=5.0)  # before anybody asked
    clock = OwnTime(machine.folder)
    began = clock()
    for _ in range(10):
        machine.passes(1.0, camera=0.75, web=0.25)
        clock()
    assert clock() - began == pytest.approx(2.5)
    assert clock.waited == pytest.approx(7.5)


def test_a_tenth_counts_at_least_and_it_never_runs_backwards(machine: Machine) -> None:
    clock = OwnTime(machine.folder)
    began = before = clock()
    for _ in range(100):
        machine.passes(0.4, camera=0.4)
        told = clock()
        assert told >= before
        before = told
    assert clock() - began == pytest.approx(4.0, abs=1.0)


def test_a_kernel_that_does_not_tell_leaves_it_all(machine: Machine) -> None:
    (machine.folder / "1").mkdir()
    (machine.folder / "1" / "schedstat").write_text("0\n")
    clock = OwnTime(machine.folder)
    began = clock()
    machine.passes(10.0)
    assert clock() - began == 10.0


def test_this_kernel_tells() -> None:
    own_time()
    assert own_time._read(), "the kernel has no schedstat: overload is not told from a hang"
