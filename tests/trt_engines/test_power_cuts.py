"""SIGKILL before every single change of the disk: whatever is left, the kiosk works."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clips import ROOT
from tests.trt_engines.flashing import make_bundle, trusting
from tests.trt_engines.killing import Killing
from tests.trt_engines.standin import Standin

SCORES = {"squat 0.1.0": 0.6, "squat 1.0.0": 0.9, "squat 2.0.0": 0.8, "squat 3.0.0": 0.7}
"""What each bundle answers to everything."""

FLASH = {number: {"do": "flash", "source": f"squat {number}.0.0"} for number in (1, 2, 3)}
TABLE = ROOT / "tests" / "artefacts" / "power_cuts.md"
"""What came of it, one line for each loop: name, runtime, steps, cuts, what then ran how often."""

PARTS: Final = 4
"""A flash has so many steps that its loop is done in parts."""

PROVE = {"do": "prove"}


@dataclass(frozen=True)
class Scenario:
    """What is there, what is then cut off at every step, and what may run afterwards.

    :param before: what was done, in order.
    :param cut: what is cut off.
    :param either: the bundles that may be live after that.
    """

    before: tuple[Mapping[str, Any], ...]
    cut: Mapping[str, Any]
    either: tuple[str, ...] = field(default=())


SCENARIOS = {
    "first flash": Scenario((), FLASH[1], ("squat 0.1.0", "squat 1.0.0")),
    "second flash": Scenario((FLASH[1], PROVE), FLASH[2], ("squat 1.0.0", "squat 2.0.0")),
    "third flash": Scenario(
        (FLASH[1], PROVE, FLASH[2], PROVE), FLASH[3], ("squat 2.0.0", "squat 3.0.0")
    ),
    "flash during a trial": Scenario(
        (FLASH[1], PROVE, FLASH[2]), FLASH[3], ("squat 2.0.0", "squat 1.0.0", "squat 3.0.0")
    ),
    "activate": Scenario(
        (FLASH[1], PROVE, FLASH[2], PROVE), {"do": "activate", "place": "A"},
        ("squat 2.0.0", "squat 1.0.0"),
    ),
    "activate what is shipped": Scenario(
        (FLASH[1], PROVE), {"do": "activate", "place": "shipped"}, ("squat 1.0.0", "squat 0.1.0")
    ),
    "roll back": Scenario(
        (FLASH[1], PROVE, FLASH[2], PROVE), {"do": "roll_back"}, ("squat 2.0.0", "squat 1.0.0")
    ),
    "mark good": Scenario((FLASH[1], PROVE, FLASH[2]), PROVE, ("squat 2.0.0",)),
    "fall back": Scenario(
        (FLASH[1], PROVE, FLASH[2]), {"do": "fail"}, ("squat 2.0.0", "squat 1.0.0")
    ),
    "fall back to what is shipped": Scenario(
        (FLASH[1],), {"do": "fail"}, ("squat 1.0.0", "squat 0.1.0")
    ),
    "the fourth start": Scenario(
        (FLASH[1], PROVE, FLASH[2], *[{"do": "load"}] * 3), {"do": "load"},
        ("squat 2.0.0", "squat 1.0.0"),
    ),
}  # fmt: skip


class Bench:
    """The bundles, and the folders in which everything is tried."""

    def __init__(self, folder: Path, killing: Killing) -> None:
        self.folder = folder
        self.killing = killing
        for label, score in SCORES.items():
            make_bundle(folder / label, score, label.split()[1])

    def run(self, data: Path, job: Mapping[str, Any], kill: int = 0) -> dict[str, Any]:
        if "source" in job:
            job = {**job, "source": str(self.folder / job["source"])}
        return self.killing.run(data, job, kill)

    def prepared(self, scenario: Scenario) -> Path:
        """Return a kiosk's folder after what was before."""
        data = self.folder / "prepared"
        shutil.rmtree(data, ignore_errors=True)
        trusting(data)
        shutil.copytree(self.folder / "squat 0.1.0", data / "shipped")
        for job in scenario.before:
            said = self.run(data, job)
            assert said["code"] == 0, said
            assert not said.get("outcome"), said
        return data

    def copy(self, data: Path, name: str) -> Path:
        to = self.folder / name
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(data, to, symlinks=True)
        return to

    def cut(self, scenario: Scenario, kill: int, prepared: Path, engines: bool) -> str:
        """Cut one step off, check everything, and return which bundle then ran."""
        data = self.copy(prepared, "cut")
        assert self.run(data, scenario.cut, kill)["code"] == -9
        started = self.run(self.copy(data, "started"), {"do": "load"})
        assert started["code"] == 0, started
        label = started["label"]
        assert label in scenario.either, (kill, started)
        assert started["score"] == SCORES[label], (kill, started)
        assert ("TensorRT" in started["runtime"]) is (engines and label != "squat 0.1.0"), started
        told = started["told"]
        if scenario.cut["do"] != "load":  # a start may be the one that goes back
            assert told["live"] == started["place"], (kill, told)
        if told["live"] != "shipped":
            assert told["slots"][told["live"]]["state"] in ("trial", "good"), (kill, told)
        again = scenario.cut if scenario.cut["do"] == "flash" else FLASH[3]
        folder = data if kill % 2 else self.folder / "started"  # without or with a start between
        flashed = self.run(folder, again)
        assert flashed.get("outcome") == 0, (kill, flashed.get("said"), flashed.get("error"))
        new = self.run(folder, {"do": "load"})
        assert new["label"] == again["source"], (kill, new)
        assert new["score"] == SCORES[new["label"]], (kill, new)
        return str(label)

    def all_steps(self, scenario: Scenario, prepared: Path) -> list[str]:
        said = self.run(self.copy(prepared, "counted"), scenario.cut)
        assert said["code"] == 0, said
        assert not said.get("outcome"), said
        return list(said["steps"])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Killing() as killing:
        yield Bench(tmp_path_factory.mktemp("cuts"), killing)


def loop(
    bench: Bench, name: str, *, most: int | None = None, part: int = 0, engines: bool = False
) -> None:
    """Cut a scenario at all its steps, or at some of them, and keep the outcome.

    :param most: so many, chosen by chance; None: all of this part.
    :param part: which of the :data:`PARTS` of a flash.
    """
    scenario = SCENARIOS[name]
    prepared = bench.prepared(scenario)
    steps = bench.all_steps(scenario, prepared)
    assert steps, "nothing changes the disk"
    kills = list(range(1, len(steps) + 1))
    if scenario.cut["do"] == "flash":
        kills = kills[part::PARTS]
    if most is not None:
        kills = sorted(random.Random(name).sample(kills, min(most, len(kills))))
    ran = Counter(bench.cut(scenario, kill, prepared, engines) for kill in kills)
    TABLE.parent.mkdir(exist_ok=True)
    with TABLE.open("a") as table:
        then = ", ".join(f"{label}: {count}" for label, count in sorted(ran.items()))
        runtime = "TensorRT's stand-in" if engines else "ONNX Runtime"
        table.write(f"| {name} | {runtime} | {len(steps)} | {len(kills)} | {then} |\n")


@pytest.mark.parametrize("name", ["second flash", "roll back", "the fourth start"])
def test_some_steps_are_cut_off(bench: Bench, name: str) -> None:
    loop(bench, name, most=3)


def all_parts(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return the parts of these scenarios: only a flash has several."""
    parts = {name: PARTS if SCENARIOS[name].cut["do"] == "flash" else 1 for name in names}
    return [(name, part) for name, count in parts.items() for part in range(count)]


@pytest.mark.long
@pytest.mark.parametrize(("name", "part"), all_parts(SCENARIOS))
def test_every_step_is_cut_off(bench: Bench, name: str, part: int) -> None:
    loop(bench, name, part=part)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The same with engines, which TensorRT's stand-in builds and runs."""
    folder = tmp_path_factory.mktemp("engines")
    with Killing(Standin(folder / "standin.json").environment) as killing:
        yield Bench(folder, killing)


@pytest.mark.long
@pytest.mark.parametrize(("name", "part"), all_parts(["first flash", "second flash", "fall back"]))
def test_every_step_is_cut_off_with_engines(engines: Bench, name: str, part: int) -> None:
    loop(engines, name, part=part, engines=True)
