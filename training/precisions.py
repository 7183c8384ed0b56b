"""The same network in fewer bits: made on the maintainer's machine, and what each costs.

TensorRT from version 11 on, and TensorRT-RTX, take the precision from the file: so each has one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.transformers.float16 import convert_float_to_float16

from edge.bundle import Precision
from edge.classifier import CORRECT, PARTS, PROBABILITIES, VIEW
from edge.runtime import Array, Network
from edge.runtime.onnx import OnnxNetwork
from training.datasets import CLASSES

Inputs = Mapping[str, Array]
"""What a network is given: each [1, T, C] float32."""

TOLERANCES: Final[dict[Precision, dict[str, float]]] = {
    "fp32": {PROBABILITIES: 1e-4, PARTS: 1e-4, VIEW: 1e-2},
    "fp16": {PROBABILITIES: 1e-2, PARTS: 1e-2, VIEW: 0.2},
    "int8": {PROBABILITIES: 0.25, PARTS: 0.4, VIEW: 17.0},
}
"""How far the answers to the golden cases may be from those of fp32."""

REASONS: Final[dict[Precision, str]] = {
    "fp32": "another device adds in another order: a hundred times what ONNX Runtime and Keras are "
    "apart",
    "fp16": "numbers of 11 bits: six times what rounding the weights and each layer's answer was "
    "measured to cost, since a GPU may add in 16 bits as well; far from turning a verdict",
    "int8": "numbers of 8 bits: what was measured on the golden cases, and a quarter more; it "
    "turns verdicts that were close, and from the side the view is far off",
}

QUANTISED: Final = ("Conv", "MatMul")
"""What int8 calculates in 8 bits; the LSTM stays as it is (there is no such form of it)."""


def to_fp16(source: Path, target: Path) -> None:
    """Write the network with weights and arithmetic in 16 bits; its inputs and outputs stay fp32.

    to_fp16(folder / "classifier.onnx", folder / "classifier-fp16.onnx")
    """
    made = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    target.write_bytes(made.SerializeToString())


def to_int8(source: Path, target: Path, calibration: Sequence[Inputs]) -> None:
    """Write the network with convolutions and dense layers in 8 bits, as pairs of Q and DQ nodes.

    Symmetric, because TensorRT knows no other, and with a scale for each channel of the weights.
    The first convolution stays as it is: its input has speeds of 0.1 beside places of 3, and one
    scale for both costs twice as many verdicts as all the rest.

    :param calibration: inputs as in use: from them the range of each layer's answers is taken.
    """
    nodes = onnx.load(source).graph.node
    first = next(node.name for node in nodes if node.op_type == "Conv")
    with _quiet():
        quantize_static(
            str(source),
            str(target),
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=[first],
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"ActivationSymmetric": True, "WeightSymmetric": True},
        )


@dataclass(frozen=True)
class Cost:
    """What a precision costs on one set.

    :param what: the set.
    :param repetitions: how many.
    :param score: largest and mean difference of a score.
    :param verdicts: how many verdicts turn, at 0.5.
    :param parts: largest difference of a part's probability, and how many turn.
    :param view: largest differences in degrees and metres.
    """

    what: str
    repetitions: int
    score: tuple[float, float]
    verdicts: int
    parts: tuple[float, int] | None
    view: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        found: dict[str, Any] = {
            "what": self.what,
            "repetitions": self.repetitions,
            "score_largest": round(self.score[0], 5),
            "score_mean": round(self.score[1], 5),
            "verdicts_turned": self.verdicts,
        }
        if self.parts is not None:
            found |= {"parts_largest": round(self.parts[0], 5), "parts_turned": self.parts[1]}
        if self.view is not None:
            found |= {
                "yaw_largest": round(self.view[0], 4),
                "height_largest": round(self.view[1], 4),
            }
        return found


def cost(exact: Network, other: Network, inputs: Sequence[Inputs], what: str) -> Cost:
    """Compare two networks on the same inputs.

    :param exact: the fp32 network.
    :param what: the set, in words.
    """
    ours, theirs = _answers(exact, inputs), _answers(other, inputs)
    apart = {name: np.abs(ours[name] - theirs[name]) for name in ours}
    turned = {name: (ours[name] >= 0.5) != (theirs[name] >= 0.5) for name in ours}
    correct = CLASSES.index(CORRECT)
    score = apart[PROBABILITIES][:, correct]
    parts = view = None
    if PARTS in ours:
        parts = (float(apart[PARTS].max()), int(turned[PARTS].sum()))
    if VIEW in ours:
        yaw, height = apart[VIEW].max(axis=0)
        view = (float(yaw), float(height))
    return Cost(
        what,
        len(score),
        (float(score.max()), float(score.mean())),
        int(turned[PROBABILITIES][:, correct].sum()),
        parts,
        view,
    )


def costs(
    exact: Path, other: Path, sets: Mapping[str, tuple[str, Sequence[Inputs]]]
) -> dict[str, dict[str, Any]]:
    """Return what a file of another precision costs on each set, as the manifest says it.

    :param sets: by name; what each is, in words, and its inputs.
    """
    both = OnnxNetwork(exact), OnnxNetwork(other)
    return {name: cost(*both, inputs, what).as_dict() for name, (what, inputs) in sets.items()}


def _answers(network: Network, inputs: Sequence[Inputs]) -> dict[str, Array]:
    said = [network.run(one) for one in inputs]
    return {name: np.concatenate([one[name] for one in said]) for name in said[0]}


class _Reader(CalibrationDataReader):
    def __init__(self, inputs: Iterable[Inputs]) -> None:
        self._left: Iterator[Inputs] = iter(inputs)

    def get_next(self) -> dict[str, Array] | None:
        """Return the next inputs, None after the last."""
        found = next(self._left, None)
        return None if found is None else dict(found)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the advice to optimise the graph first off the terminal: TensorRT does that itself."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
