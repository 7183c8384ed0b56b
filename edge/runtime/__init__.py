"""Running networks: named arrays in, named arrays out, whatever does the arithmetic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One named input or output of a network.

    :param shape: a number for each axis, or a name where the axis is free.
    :param dtype: NumPy's name of the type, such as ``float32``.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"


class Network(ABC):
    """One loaded network; a backend is one small file with one class like this.

        network = OnnxNetwork(Path("classifier.onnx"))
        answers = network.run({"differences": differences})

    Several threads may call one network.

    :ivar runtime: what runs it, with version and precision, as logs and ``/readyz`` show it.
    :ivar why: why this runtime and no other, where there was a choice.
    :ivar inputs: what :meth:`run` takes.
    :ivar outputs: what it answers.
    """

    runtime: str
    why: str = ""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @abstractmethod
    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name.

        :raises NetworkError: the network failed; another runtime may do better.
        """

    def close(self) -> None:  # noqa: B027 - most hold nothing that must be given back
        """Give back what the network holds, such as memory of a GPU."""
