"""Builds this device's engines from a bundle, each in a process of its own that may fail."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from edge.bundle import Bundle, BundleInput, BundleNetwork, Precision
from edge.errors import BundleError, EngineError, RuntimeMissingError
from edge.runtime.engine import RECORDS, Device, EngineRecord, EngineRecords
from trt_engines import durable
from trt_engines.builder import Built, Job, Range

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = "timing.cache"

LIMIT: Final = 1800.0
"""Seconds for one engine; the slowest, OpenPose's on a small Jetson, should need a few minutes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the building of a bundle's engines has come.

    :param step: ``reading``, ``building`` or ``writing``.
    :param share: of all the work, 0 to 1.
    """

    network: str
    step: str
    share: float


Report = Callable[[Progress], None]


def build_engines(
    bundle: Bundle,
    folder: Path,
    *,
    precision: Precision = "fp32",
    progress: Report | None = None,
    limit: float = LIMIT,
    cache: Path | None = None,
    device: Device | None = None,
) -> list[EngineRecord]:
    """Build an engine of each of the bundle's networks and record them in ``folder``.

        records = build_engines(Bundle.open(folder), slot / "engines", precision="fp16")

    Only when all are there are they recorded, at once: until then nothing in the folder counts.

    :param folder: where the engines and their records go; made if need be.
    :param precision: each network's file of this precision is used.
    :param progress: is told how far it has come; an exception of its own ends the building.
    :param limit: seconds that one engine may take.
    :param cache: the file with what TensorRT has measured; by default beside the folder.
    :param device: for which device they are; by default this one, asked in the child.
    :raises BundleError: a network has no file of this precision.
    :raises RuntimeMissingError: TensorRT, pycuda or the GPU is missing here.
    :raises EngineError: an engine could not be built; says why.
    """
    tell = progress or (lambda _: None)
    networks = bundle.manifest.networks
    files = {name: bundle.network_path(name, precision) for name in networks}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (folder / RECORDS).unlink()  # what it speaks of is about to be replaced
    except OSError as error:
        raise EngineError(f"{folder.name} cannot be written: {error.strerror}") from error
    records = []
    for number, (name, network) in enumerate(networks.items()):
        plan = folder / f"{name}-{precision}.plan"
        job = Job(
            onnx=files[name],
            sha256=bundle.manifest.files[files[name].name].sha256,
            plan=plan,
            profile={one.name: profile(network, one) for one in network.inputs},
            precision=precision,
            cache=cache or folder.parent / CACHE,
            device=device,
        )

        def told(step: str, share: float, name: str = name, number: int = number) -> None:
            tell(Progress(name, step, (number + share) / len(networks)))

        built = run_builder(job, told, limit)
        records.append(
            EngineRecord(
                bundle=bundle.digest,
                network=name,
                precision=precision,
                file=plan.name,
                sha256=hashlib.sha256(plan.read_bytes()).hexdigest(),
                bytes=built.bytes,
                device=built.device,
                seconds=round(built.seconds, 3),
            )
        )
    content = EngineRecords(engines=records).model_dump_json(indent=1)
    try:
        durable.write(folder / RECORDS, content.encode())
    except OSError as error:
        raise EngineError(f"{RECORDS} cannot be written: {error.strerror}") from error
    return records


def profile(network: BundleNetwork, one: BundleInput) -> Range:
    """Return the least, the best and the largest shape of an input, from the manifest.

    :raises BundleError: the manifest does not say how long an axis may be.
    """
    shapes: Range = ([], [], [])
    for axis in one.shape:
        if isinstance(axis, int):
            sizes = (axis, axis, axis)
        elif axis in network.axes:
            free = network.axes[axis]
            sizes = (free.least, free.best, free.most)
        else:
            raise BundleError(f"the manifest does not say how long the axis {axis} may be")
        for shape, size in zip(shapes, sizes, strict=True):
            shape.append(size)
    return shapes


def run_builder(job: Job, told: Callable[[str, float], None], limit: float = LIMIT) -> Built:
    """Build one engine in a child process and wait for it.

    :param told: takes what is done now and how much is done already, 0 to 1.
    :param limit: seconds until the child is killed.
    :raises RuntimeMissingError: TensorRT, pycuda or the GPU is missing here.
    :raises EngineError: no engine came of it; says why.
    """
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "trt_engines.builder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | {"PYTHONPATH": path},
            text=True,
        )
        late = threading.Event()

        def too_late() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limit, too_late)
        timer.daemon = True
        timer.start()
        try:
            last = _listen(child, job, told)
            code = child.wait()
        finally:
            timer.cancel()
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
        said = _tail(errors)
    if "built" in last:
        return Built.model_validate(last["built"])
    if "missing" in last:
        raise RuntimeMissingError(last["missing"])
    if "error" in last:
        raise EngineError(last["error"])
    if late.is_set():
        why = f"took longer than {limit:.0f} s and was ended"
    elif code < 0:
        name = signal.Signals(-code).name
        why = f"was ended by {name}" + (": too little memory?" if name == "SIGKILL" else "")
    else:
        why = f"ended with {code}"
    raise EngineError(f"the builder of {job.plan.name} {why}{said and ': ' + said}")


def _listen(
    child: subprocess.Popen[str], job: Job, told: Callable[[str, float], None]
) -> dict[str, Any]:
    """Hand on the progress; return the child's last message, empty where it said nothing."""
    last: dict[str, Any] = {}
    if child.stdin is None or child.stdout is None:
        raise EngineError("the builder has no pipes")
    with suppress(BrokenPipeError):  # it ended at once: the exit code says more
        child.stdin.write(job.model_dump_json() + "\n")
        child.stdin.flush()
    for line in child.stdout:
        try:
            last = json.loads(line)
        except ValueError:
            continue  # cut off in the middle
        if "step" in last:
            told(last["step"], last["share"])
    return last


def _tail(errors: IO[bytes]) -> str:
    """Return the last lines of what the child wrote as errors."""
    errors.seek(0)
    lines = errors.read()[-2000:].decode(errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-3:])
