"""The test that a bundle passes before it becomes live: right answers, and no slower than before.

It runs in a process of its own, as ``python -m trt_engines.selftest``: an engine may end its
process. The job comes as JSON on the standard input, the report goes to the standard output.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

import numpy as np
from pydantic import BaseModel, Field

from edge.bundle import Bundle, Precision
from edge.classifier import Classifier
from edge.errors import BundleError, KioskError, SlotError
from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from edge.golden import parity, read_golden, tolerance
from edge.pose import PoseEstimator
from edge.pose.opening import open_pose
from edge.runtime import Array, Network
from edge.runtime.engine import EngineRecords
from edge.runtime.opening import RuntimeChoice, open_network
from edge.signing import TrustSettings
from trt_engines.kinds import load

FACTOR: Final = 1.5
"""How many times as long as the live one a new one may need."""

SHORT: Final = 1.0
"""Milliseconds below which nobody waits, whatever the factor is."""

LIMIT: Final = 600.0
"""Seconds for the whole test; OpenPose on a processor needs two or three for one picture."""

ROUNDS: Final = (5, 60)
"""Least and most of the measured rounds, in each of which both are run once."""

SECONDS: Final = 6.0
"""After so long no further round begins, once the least are done."""


class Side(BaseModel):
    """A bundle and its engines.

    :param bundle: its folder; None: the pose backend's own networks, which are in no bundle.
    :param engines: the folder of its engines; None: it has none.
    """

    bundle: Path | None
    engines: Path | None = None


class Job(BaseModel):
    """What is to be tested, beside what.

    :param data_dir: of the kiosk, where the keys lie that it trusts.
    :param live: what runs now; None: nothing that could be compared.
    """

    new: Side
    data_dir: Path
    live: Side | None = None
    runtime: RuntimeChoice = "auto"
    threads: int = 2
    factor: float = FACTOR


class Output(BaseModel):
    """How far one output of a network is from its golden cases, and how far it may be."""

    network: str
    output: str
    far: float
    may: float


class Report(BaseModel):
    """What came of it.

    :param refused: why the bundle must not become live; empty: it may.
    :param runtimes: what ran each network, and why.
    :param milliseconds: the median of one run, of the new one and of the live one.
    :param notes: what could not be compared, and why.
    """

    refused: list[str] = Field(default_factory=list)
    runtimes: dict[str, str] = Field(default_factory=dict)
    outputs: list[Output] = Field(default_factory=list)
    milliseconds: tuple[float, float | None] | None = None
    notes: list[str] = Field(default_factory=list)


def self_test(job: Job, limit: float = LIMIT) -> Report:
    """Test a bundle in a child process.

        report = self_test(Job(new=Side(bundle=slot.bundle), data_dir=Path("var")))
        print(report.refused or "it may become live")

    :param limit: seconds for all of it.
    :raises SlotError: the test itself could not be run to its end: the engine ended its process,
        or did not answer.
    """
    root = Path(__file__).resolve().parents[1]
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(root))))
    try:
        child = subprocess.run(
            [sys.executable, "-m", "trt_engines.selftest"],
            input=job.model_dump_json(), capture_output=True, text=True, timeout=limit,
            env=os.environ | {"PYTHONPATH": path}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SlotError(f"the self-test was ended after {limit:.0f} s: it hangs") from error
    if child.returncode == 0:
        return Report.model_validate_json(child.stdout.strip().splitlines()[-1])
    said = child.stderr.strip().splitlines()[-1:] or ["it said nothing"]
    how = f"signal {-child.returncode}" if child.returncode < 0 else f"code {child.returncode}"
    raise SlotError(f"the self-test's process ended with {how}: {said[0]}")


def run(job: Job) -> Report:
    """Test a bundle in this process."""
    report = Report()
    try:
        new = _Loaded(job.new, job)
        _compare_answers(new, report)
        if not report.refused:
            _compare_speed(new, _live(job, report), job.factor, report)
        new.check()
    except KioskError as error:
        report.refused.append(str(error))
    return report


class _Loaded:
    """A bundle as the kiosk loads it, with its networks by name."""

    def __init__(self, side: Side, job: Job) -> None:
        self.networks: dict[str, Network] = {}
        self._wanted: dict[str, Precision] = {}
        trust = TrustSettings(data_dir=job.data_dir).trust()
        self.bundle = None if side.bundle is None else Bundle.open(side.bundle, trust)
        if side.engines is not None and job.runtime != "onnx":
            records = EngineRecords.read(side.engines)
            self._wanted = {one.network: one.precision for one in records.engines}

        def opener(bundle: Bundle, name: str) -> Network:
            self.networks[name] = open_network(
                bundle, name, engines=side.engines, runtime=job.runtime, threads=job.threads
            )
            return self.networks[name]

        self.what: Classifier | PoseEstimator
        if self.bundle is not None:
            self.what = load(self.bundle, opener)
        else:
            self.what = open_pose("blazepose", threads=job.threads)
        self.check()

    def precision(self, name: str) -> Precision:
        """Return how exactly a network calculates."""
        return self._wanted.get(name, "fp32")

    def check(self) -> None:
        """Refuse engines that were built and are not what runs.

        :raises SlotError: says which and why.
        """
        for name in self._wanted:
            network = self.networks.get(name)
            if network is not None and "TensorRT" not in network.runtime:
                raise SlotError(f"the engine of {name} does not run: {network.why}")


def _compare_answers(new: _Loaded, report: Report) -> None:
    """Compare every network's answers with the golden ones."""
    bundle = new.bundle
    if bundle is None:
        raise BundleError("there is no bundle to test")
    golden = read_golden(bundle)
    for name, network in new.networks.items():
        cases = golden.get(name)
        if not cases:
            report.refused.append(
                f"the bundle has no golden answers of {name}: export it again (docs/bundle.md)"
            )
            continue
        report.runtimes[name] = f"{network.runtime} ({network.why})"
        for output, far in parity(network, cases).items():
            may = tolerance(bundle, name, new.precision(name), output)
            report.outputs.append(Output(network=name, output=output, far=min(far, 1e30), may=may))
            if not far <= may:
                report.refused.append(
                    f"{output} of {name} is {far:.2g} from the golden answers, and may be {may:.2g}"
                )


def _live(job: Job, report: Report) -> _Loaded | None:
    if job.live is None:
        report.notes.append("nothing is live to compare the speed with")
        return None
    try:
        return _Loaded(job.live, job)
    except KioskError as error:
        report.notes.append(f"the live one cannot be run to compare the speed: {error}")
        return None


def _compare_speed(new: _Loaded, live: _Loaded | None, factor: float, report: Report) -> None:
    """Run both in turn and compare the medians."""
    sides = [side for side in (new, live) if side is not None]
    runs = [_once(side, new) for side in sides]
    for once in runs * 2:  # whatever is made at the first use
        once()
    taken: list[list[float]] = [[] for _ in runs]
    began = monotonic()
    for done in range(ROUNDS[1]):
        if done >= ROUNDS[0] and monotonic() - began > SECONDS:
            break
        for once, times in zip(runs, taken, strict=True):
            start = perf_counter()
            once()
            times.append(1000 * (perf_counter() - start))
    medians = [float(np.median(times)) for times in taken]
    report.milliseconds = (medians[0], medians[1] if live else None)
    if live and medians[0] > max(factor * medians[1], SHORT):
        report.refused.append(
            f"it needs {medians[0]:.1f} ms, the live one {medians[1]:.1f} ms: more than "
            f"{factor:g} times as long (--slower-by allows more)"
        )


def _once(side: _Loaded, new: _Loaded) -> Callable[[], object]:
    """Return a function that does one piece of work, the same for both."""
    what = side.what
    if isinstance(what, Classifier):
        inputs = _sample(side, new)
        return lambda: what.run(inputs)
    with VideoFile(DEMO_CLIPS / "good.mp4") as video:
        frames = itertools.cycle(list(itertools.islice(video, 30)))
    stream = what.open_stream()
    return lambda: stream.estimate(next(frames))


def _sample(side: _Loaded, new: _Loaded) -> dict[str, Array]:
    """Return inputs of one clip, as long as the new bundle's are at best."""
    if side.bundle is None or new.bundle is None:
        raise BundleError("a classifier without a bundle")
    (network,) = side.bundle.manifest.networks.values()
    (other,) = new.bundle.manifest.networks.values()
    axes = network.axes | other.axes
    random = np.random.default_rng(0)
    return {
        one.name: random.normal(
            0, 0.1, [size if isinstance(size, int) else axes[size].best for size in one.shape]
        ).astype(one.dtype)
        for one in network.inputs
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    answer = run(Job.model_validate_json(sys.stdin.read()))
    sys.stdout.write(f"\n{answer.model_dump_json()}\n")
