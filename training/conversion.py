"""From Keras to ONNX, and the proof that both give the same answers.

to_onnx(model, Path("classifier.onnx"))
largest_differences(model, Path("classifier.onnx"))
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from edge.preprocessing import MIN_FRAMES
from training.corpus import LABELS
from training.datasets import CLASSES
from training.filming import INPUTS
from training.model import VIEW

OPSET: Final = 17
"""tf2onnx refuses 21 and later; TensorRT 8.5 to 10 read 17."""

MEANINGS: Final[dict[str, tuple[str, ...]]] = {
    "probabilities": CLASSES,
    "parts": LABELS,
    "view": VIEW,
}
"""What the last axis of each output means."""

FRAMES: Final = range(MIN_FRAMES - 1, 151)
"""Lengths at which both are compared: from the shortest that there is to 5 s."""


def widths(model: keras.Model) -> dict[str, int]:
    """Return the inputs of a deployable model, in order, and their numbers per frame."""
    return {name: INPUTS[name] for name in INPUTS if name in model.input}


def outputs(model: keras.Model) -> list[str]:
    """Return the names of a deployable model's outputs, in order."""
    return [name for name in MEANINGS if name in model.output]


def as_function(model: keras.Model) -> Any:
    """Return the model as a TensorFlow function of its inputs in order, for any N and T."""
    names, answered = widths(model), outputs(model)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, width), tf.float32, name=name)
            for name, width in names.items()
        ]
    )
    def answer(*inputs: Any) -> list[Any]:
        said = model(dict(zip(names, inputs, strict=True)), training=False)
        return [said[name] for name in answered]

    return answer


def to_onnx(model: keras.Model, path: Path) -> None:
    """Write the deployable model as ONNX with a free batch and a free length."""
    names, function = widths(model), as_function(model)
    proto, _ = tf2onnx.convert.from_function(
        function, input_signature=function.input_signature, opset=OPSET
    )
    graph = proto.graph
    # The graph keeps its inner names; only what callers see is renamed.
    new = dict(zip([one.name for one in graph.output], outputs(model), strict=True))
    for node in graph.node:
        node.output[:] = [new.get(name, name) for name in node.output]
        node.input[:] = [new.get(name, name) for name in node.input]
    for value in graph.output:
        value.name = new[value.name]
    shapes: dict[str, tuple[str | int, ...]] = {
        **{name: ("N", "T", width) for name, width in names.items()},
        **{name: ("N", len(MEANINGS[name])) for name in outputs(model)},
    }
    for value in (*graph.input, *graph.output):
        for axis, size in zip(value.type.tensor_type.shape.dim, shapes[value.name], strict=True):
            axis.Clear()
            if isinstance(size, str):
                axis.dim_param = size
            else:
                axis.dim_value = size
    path.write_bytes(proto.SerializeToString())


def session(path: Path) -> onnxruntime.InferenceSession:
    """Open a classifier with one thread, as the kiosk does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def largest_differences(model: keras.Model, path: Path, frames: range = FRAMES) -> dict[str, float]:
    """Return how far Keras and ONNX Runtime are apart at most in each output, over many lengths."""
    rng = np.random.default_rng(0)
    run, function = session(path), as_function(model)
    worst = dict.fromkeys(outputs(model), 0.0)
    for length in frames:
        # Joints of a squat move by up to about 0.1 torso lengths a frame, and stand within 2.
        inputs = {
            name: rng.normal(0, 0.05 if name == "differences" else 1.0, (2, length, width)).astype(
                np.float32
            )
            for name, width in widths(model).items()
        }
        said = function(*(tf.constant(one) for one in inputs.values()))
        ours = run.run(list(worst), inputs)
        for name, one, other in zip(worst, ours, said, strict=True):
            worst[name] = max(worst[name], float(np.abs(one - other.numpy()).max()))
    return worst
