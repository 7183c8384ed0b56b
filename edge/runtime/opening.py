"""Which runtime a network gets, and why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from edge.bundle import Bundle
from edge.errors import EngineError, KioskError
from edge.runtime import Network
from edge.runtime.engine import EngineRecords
from edge.runtime.fallback import FallbackNetwork, OnLost
from edge.runtime.onnx import OnnxNetwork
from edge.runtime.tensorrt import TensorRTNetwork, this_device

log = logging.getLogger(__name__)

Opener = Callable[[Bundle, str], Network]
"""Opens a bundle's network by its name."""

RuntimeChoice = Literal["auto", "onnx", "tensorrt"]
"""The setting: the best there is, never the GPU, or the GPU and nothing else to begin with."""


def open_onnx(bundle: Bundle, network: str) -> Network:
    """Open a bundle's network on the processor, with one thread."""
    return OnnxNetwork(bundle.network_path(network))


def open_network(
    bundle: Bundle,
    name: str,
    *,
    engines: Path | None = None,
    runtime: RuntimeChoice = "auto",
    threads: int = 1,
    on_lost: OnLost | None = None,
) -> Network:
    """Open a bundle's network on the runtime that is chosen, and say in the log which and why.

        network = open_network(bundle, "classifier", engines=slot / "engines", on_lost=announce)
        print(network.runtime, network.why)

    Whatever is chosen, an engine that fails while it runs is replaced by ONNX Runtime; see
    :class:`edge.runtime.fallback.FallbackNetwork`.

    :param engines: the folder of engines that this device has built of the bundle; None: none.
    :param runtime: ``auto`` takes TensorRT where there is an engine for exactly this bundle and
        device, else ONNX Runtime; ``tensorrt`` insists on it; ``onnx`` does not look.
    :param threads: processor threads for ONNX Runtime.
    :param on_lost: is called once if the engine fails while it runs.
    :raises EngineError: ``tensorrt`` was chosen and is not to be had; says why not.
    """
    spare = OnnxNetwork(bundle.network_path(name), threads=threads)
    network: Network = spare
    if runtime == "onnx":
        network.why = "chosen in the settings"
    else:
        try:
            network = FallbackNetwork(_engine(bundle, name, engines), spare, on_lost=on_lost)
            network.why = "there is an engine for this device and bundle"
        except KioskError as error:
            if runtime == "tensorrt":
                raise EngineError(f"TensorRT was chosen but cannot be had: {error}") from error
            network.why = f"no TensorRT: {error}"
    log.info("%s of %s runs on %s: %s", name, bundle.label, network.runtime, network.why)
    return network


def _engine(bundle: Bundle, name: str, folder: Path | None) -> Network:
    if folder is None:
        raise EngineError("no engines were built here")
    records = EngineRecords.read(folder)
    record = records.of(name)  # before the GPU is woken for nothing
    plan = records.plan(folder, bundle, name, this_device())
    return TensorRTNetwork(plan, precision=record.precision)
