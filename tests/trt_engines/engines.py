"""Engines for tests: from the stand-in, and from NVIDIA's own builder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from edge.bundle import DEFAULT_BUNDLE, Bundle, Precision
from edge.runtime import Array
from edge.runtime.engine import RECORDS, Device, EngineRecord, EngineRecords
from edge.runtime.tensorrt import this_device
from trt_engines.build import profile, run_builder
from trt_engines.builder import Built, Job, build

NO_GPU: Final = Device(tensorrt="RTX 1.7.1.116", gpu="none", capability="0.0")
"""The device of engines that NVIDIA's builder makes where there is no GPU to run them."""


def plan_of(folder: Path, bundle: Bundle | None = None, precision: Precision = "fp32") -> bytes:
    """Return an engine of a bundle's first network, built in this process."""
    bundle = bundle or Bundle.open(DEFAULT_BUNDLE)
    build(job_of(folder, bundle, precision), lambda _step, _share: None)
    return (folder / "one.plan").read_bytes()


def engines_of(folder: Path, bundle: Bundle, precision: Precision = "fp32") -> Path:
    """Return a folder with the recorded engine of a bundle's only network, built here."""
    folder.mkdir(exist_ok=True)
    plan = plan_of(folder, bundle, precision)
    record = EngineRecord(
        bundle=bundle.digest,
        network=next(iter(bundle.manifest.networks)),
        precision=precision,
        file="one.plan",
        sha256=hashlib.sha256(plan).hexdigest(),
        device=this_device(),
        seconds=0.1,
    )
    (folder / RECORDS).write_text(EngineRecords(engines=[record]).model_dump_json())
    return folder


def job_of(folder: Path, bundle: Bundle, precision: Precision = "fp32") -> Job:
    """Return the job of building a bundle's first network."""
    name, network = next(iter(bundle.manifest.networks.items()))
    return Job(
        onnx=bundle.network_path(name, precision),
        sha256=bundle.manifest.files[network.files[precision]].sha256,
        plan=folder / "one.plan",
        profile={one.name: profile(network, one) for one in network.inputs},
        precision=precision,
        cache=folder / "timing.cache",
    )


def really_build(
    onnx: Path,
    folder: Path,
    ranges: dict[str, tuple[list[int], list[int], list[int]]] | None = None,
    *,
    limit: float = 240.0,
) -> Built:
    """Build an engine with NVIDIA's own parser and builder, as on a device.

        built = really_build(Path("pose.onnx"), tmp_path)

    :param ranges: for inputs with free axes: the least, the best and the largest shape.
    """
    job = Job(
        onnx=onnx,
        sha256=hashlib.sha256(onnx.read_bytes()).hexdigest(),
        plan=folder / f"{onnx.stem}.plan",
        profile=ranges or {},
        precision="fp32",  # says something to TensorRT 8 only
        cache=folder / "timing.cache",
        device=NO_GPU,
    )
    return run_builder(job, lambda _step, _share: None, limit)


def random_inputs(clips: int = 1, frames: int = 60) -> dict[str, Array]:
    """Return inputs of the shipped classifier, the same every time."""
    random = np.random.default_rng(7)
    widths = {"differences": 20, "positions": 20, "head": 5}
    return {
        name: random.normal(0, 0.3, (clips, frames, width)).astype(np.float32)
        for name, width in widths.items()
    }
