"""TensorFlow Lite networks on the processor, run by LiteRT."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import NetworkError, PoseError
from edge.runtime import Array, Network, TensorSpec
from edge.runtime.tflite_file import keep_outputs


class LiteRtNetwork(Network):
    """A .tflite file, run by LiteRT.

        network = LiteRtNetwork(Path("pose_landmark_full.tflite"), threads=2)
        answers = network.run({"input_1": crop})

    :param path: the .tflite file.
    :param threads: processor threads to use.
    :param outputs: those that are wanted; what only others need is not computed. None: all.
    :raises PoseError: LiteRT or the file is missing.
    """

    runtime = "LiteRT"

    def __init__(
        self, path: Path, *, threads: int = 2, outputs: Sequence[str] | None = None
    ) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional backend
        except ImportError as error:
            raise PoseError("ai-edge-litert is not installed: run scripts/run once") from error
        if not path.is_file():
            raise PoseError(f"the pose network {path.name} is missing: run scripts/run once")
        network = path.read_bytes()
        if outputs is not None:
            network = keep_outputs(network, outputs)
        self._interpreter: Any = Interpreter(model_content=network, num_threads=threads)
        self._interpreter.allocate_tensors()
        takes = self._interpreter.get_input_details()
        gives = self._interpreter.get_output_details()
        self.inputs, self.outputs = tuple(map(_spec, takes)), tuple(map(_spec, gives))
        self._takes = {one["name"]: one["index"] for one in takes}
        self._gives = {one["name"]: one["index"] for one in gives}
        self._lock = threading.Lock()

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name."""
        with self._lock:
            try:
                for name, values in inputs.items():
                    self._interpreter.set_tensor(self._takes[name], values)
                self._interpreter.invoke()
                return {name: self._interpreter.get_tensor(i) for name, i in self._gives.items()}
            except (KeyError, RuntimeError, ValueError) as error:
                raise NetworkError(f"LiteRT failed: {error}") from error


def _spec(detail: dict[str, Any]) -> TensorSpec:
    shape = tuple(int(size) for size in detail["shape"])
    return TensorSpec(detail["name"], shape, np.dtype(detail["dtype"]).name)
