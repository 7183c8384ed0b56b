"""Networks on the processor, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime

from edge.errors import BundleError, NetworkError
from edge.runtime import Array, Network, TensorSpec

DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}


class OnnxNetwork(Network):
    """An ONNX file, run by ONNX Runtime.

        network = OnnxNetwork(Path("classifier.onnx"))
        answers = network.run({"differences": differences})

    :param path: the .onnx file.
    :param threads: processor threads; one for what takes a millisecond, since threads would only
        wake up and wait.
    :raises BundleError: this is not a network that can be run.
    """

    runtime = f"ONNX Runtime {onnxruntime.__version__}"

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common base class
            raise BundleError(f"{path.name} is not a network that can be run") from error
        self.inputs = tuple(map(_spec, self._session.get_inputs()))
        self.outputs = tuple(map(_spec, self._session.get_outputs()))
        self._names = [one.name for one in self.outputs]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name."""
        try:
            answers = self._session.run(self._names, dict(inputs))
        except Exception as error:  # as above
            raise NetworkError(f"ONNX Runtime failed: {error}") from error
        return dict(zip(self._names, answers, strict=True))


def _spec(one: onnxruntime.NodeArg) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else str(size) for size in one.shape)
    return TensorSpec(one.name, shape, DTYPES.get(one.type, one.type))
