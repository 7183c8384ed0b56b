"""The child process that builds one engine: ``python -m trt_engines.builder`` with a job.

NVIDIA's builder may crash, hang or take all memory, so it never runs in a process that anybody
needs. The job comes in one line on standard input, messages go out on standard output, one JSON
object a line. It ends when its standard input is closed: nobody waits for it any more.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from edge.bundle import Precision
from edge.errors import EngineError, KioskError, RuntimeMissingError
from edge.runtime.engine import Device
from edge.runtime.tensorrt import this_device
from edge.runtime.tensorrt_api import load, make_logger, network_flags, precision_flags, version
from trt_engines import durable

log = logging.getLogger("trt_engines.builder")

WORKSPACE: Final = 512 << 20
"""Bytes that one layer may use at most; a Jetson's memory is also the kiosk's."""

Range = tuple[list[int], list[int], list[int]]
"""The least, the best and the largest shape of an input."""

Tell = Callable[[str, float], None]
"""Takes what is done now, and how much is done already, 0 to 1."""


class Job(BaseModel):
    """One engine to build.

    :param onnx: what to build it from; its types are the engine's.
    :param sha256: of that file, which may have been replaced since the bundle was checked.
    :param plan: where the engine is to be written.
    :param profile: for each input that has free axes, the range of its shapes.
    :param precision: needed by TensorRT 8, which has no strongly typed networks.
    :param cache: the file with what the builder measured the last time.
    :param device: for which device this is; None: it is asked here, and must have a GPU.
    """

    onnx: Path
    sha256: str
    plan: Path
    profile: dict[str, Range]
    precision: Precision
    cache: Path
    device: Device | None = None


class Built(BaseModel):
    """What came of it."""

    device: Device
    seconds: float
    bytes: int


def build(job: Job, tell: Tell) -> Built:
    """Build one engine in this process.

    :param tell: is told of the progress.
    :raises RuntimeMissingError: TensorRT is not here, or cannot be used.
    :raises EngineError: no engine comes of it; says why.
    """
    began = time.monotonic()
    device = job.device or this_device()
    trt = load()
    logger = make_logger(trt)
    tell("reading", 0.0)
    try:
        builder = trt.Builder(logger)
    except TypeError as error:  # what pybind11 makes of a null pointer
        raise RuntimeMissingError(f"TensorRT cannot build here: {logger.why()}") from error
    network = _parsed(trt, builder, job, logger)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
    # fp32 means fp32: TF32 keeps 10 bits of 23, and is on where nobody says otherwise.
    config.clear_flag(trt.BuilderFlag.TF32)
    for flag in precision_flags(trt, job.precision):
        config.set_flag(flag)
    config.add_optimization_profile(_profile(builder, network, job))
    if hasattr(config, "progress_monitor"):
        config.progress_monitor = _monitor(trt, tell)
    cache = TimingCache(job.cache, device) if not version(trt).startswith("RTX") else None
    if cache:
        cache.load(config)
    tell("building", 0.02)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"TensorRT could not build the engine: {logger.why()}")
    tell("writing", 0.99)
    content = bytes(plan)
    durable.write(job.plan, content)
    if cache:
        cache.save(config)
    return Built(device=device, seconds=time.monotonic() - began, bytes=len(content))


def _parsed(trt: Any, builder: Any, job: Job, logger: Any) -> Any:
    network = builder.create_network(network_flags(trt))
    parser = trt.OnnxParser(network, logger)
    content = job.onnx.read_bytes()
    if hashlib.sha256(content).hexdigest() != job.sha256:
        raise EngineError(f"{job.onnx.name} is not the file that was shipped; install it again")
    understood = parser.parse(content, str(job.onnx))
    # The parser has been seen to say yes to a file that held no network at all.
    if not understood or not network.num_inputs or not network.num_outputs:
        errors = [parser.get_error(i).desc() for i in range(parser.num_errors)]
        why = "; ".join(errors) or "there is no network in it"
        raise EngineError(f"TensorRT does not understand {job.onnx.name}: {why}")
    return network


def _profile(builder: Any, network: Any, job: Job) -> Any:
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)
        if min(shape, default=1) >= 0:
            continue
        if tensor.name not in job.profile:
            raise EngineError(f"the manifest does not name the input {tensor.name}")
        least, best, most = job.profile[tensor.name]
        if len(shape) != len(most):
            raise EngineError(f"{tensor.name} has {len(shape)} axes, in the manifest {len(most)}")
        profile.set_shape(tensor.name, least, best, most)
    return profile


def _monitor(trt: Any, tell: Tell) -> Any:
    """Return what TensorRT tells its progress to, from version 10 on."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._lock = threading.Lock()
            self._phases: dict[str, tuple[str | None, int, int]] = {}
            self._told = 0.02

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            with self._lock:
                self._phases[phase_name] = (parent_phase, max(1, num_steps), 0)

        def step_complete(self, phase_name: str, step: int) -> bool:
            with self._lock:
                parent, steps, _ = self._phases.get(phase_name, (None, 1, 0))
                self._phases[phase_name] = (parent, steps, min(step + 1, steps))
                share = 0.02 + 0.97 * self._share(phase_name)
                if share >= self._told + 0.01:
                    self._told = share
                    tell("building", share)
            return True

        def phase_finish(self, phase_name: str) -> None:
            with self._lock:
                self._phases.pop(phase_name, None)

        def _share(self, phase: str) -> float:
            """Return how much of the whole is done, a step of a phase being a part of another."""
            parent, steps, done = self._phases[phase]
            share = done / steps
            while parent in self._phases:
                parent, steps, done = self._phases[str(parent)]
                share = min(1.0, (done + share) / steps)
            return share

    return Monitor()


class TimingCache:
    """What the builder measured the last time, so that it need not measure again.

        cache = TimingCache(Path("timing.cache"), device)
        cache.load(config)

    :param file: where it is kept.
    :param device: what is measured on one device says nothing of another.
    """

    def __init__(self, file: Path, device: Device) -> None:
        self._file = file
        self._device = device

    def load(self, config: Any) -> None:
        """Have the builder use it; begin anew where it is damaged or another device's."""
        content, why = self._read()
        cache = config.create_timing_cache(content)
        if cache is None and content:
            why = "TensorRT does not understand it"
            cache = config.create_timing_cache(b"")
        if cache is None or not config.set_timing_cache(cache, False):
            why = "TensorRT refuses it"
        if why:
            log.warning("%s is not used: %s", self._file.name, why)

    def _read(self) -> tuple[bytes, str]:
        try:
            head, _, content = self._file.read_bytes().partition(b"\n")
        except OSError:
            return b"", ""  # the first time there is none
        try:
            told = json.loads(head)
            if told["device"] != self._device.model_dump():
                return b"", "it is another device's"
            if told["sha256"] == hashlib.sha256(content).hexdigest():
                return content, ""
        except (ValueError, TypeError, KeyError):
            pass
        return b"", "it is damaged"

    def save(self, config: Any) -> None:
        """Keep it for the next time; an engine is no worse without."""
        cache = config.get_timing_cache()
        serialized = cache.serialize() if cache is not None else None
        if serialized is None:
            return
        content = bytes(serialized)
        digest = hashlib.sha256(content).hexdigest()
        head = json.dumps({"device": self._device.model_dump(), "sha256": digest})
        try:
            durable.write(self._file, head.encode() + b"\n" + content)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file.name, error)


def main() -> None:
    """Do the job that stands in the first line of standard input."""
    # What NVIDIA's library prints is not to come between the messages.
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    os.nice(10)  # the kiosk's pictures come first
    job = Job.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()

    def say(**message: Any) -> None:
        print(json.dumps(message), file=messages, flush=True)

    try:
        built = build(job, lambda step, share: say(step=step, share=share))
    except RuntimeMissingError as error:
        say(missing=str(error))
    except (KioskError, OSError) as error:
        say(error=str(error))
    else:
        say(built=built.model_dump())


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
