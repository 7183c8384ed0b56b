"""BlazePose's two networks, which the environment holds as .tflite, as ONNX.

    write_detector(default_weights() / "pose_detection.tflite", Path("detector.onnx"))

The detector's weights are stored sparse, and an operator unpacks them as it runs (DENSIFY), which
neither tf2onnx nor TensorRT knows: they are unpacked here once and for all.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import flatbuffers
import numpy as np
import tf2onnx
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tensorflow.lite.python import schema_py_generated as schema

OPSET: Final = 17
"""tf2onnx refuses 21 and later; TensorRT 8.5 to 10 read 17."""

DETECTOR_OUTPUTS: Final = ("Identity", "Identity_1")
LANDMARK_OUTPUTS: Final = ("Identity", "Identity_1", "Identity_3")
"""What the kiosk reads; the segmentation of the body and the joints in metres are left out."""


def write_detector(source: Path, target: Path) -> None:
    """Convert ``pose_detection.tflite``."""
    _convert(source, target, DETECTOR_OUTPUTS)


def write_landmarks(source: Path, target: Path) -> None:
    """Convert ``pose_landmark_full.tflite``."""
    _convert(source, target, LANDMARK_OUTPUTS)


def _convert(source: Path, target: Path, outputs: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        dense = Path(scratch, source.name)
        dense.write_bytes(unpacked(source))
        proto, _ = tf2onnx.convert.from_tflite(str(dense), output_names=list(outputs), opset=OPSET)
    target.write_bytes(proto.SerializeToString(deterministic=True))


def unpacked(source: Path) -> bytes:
    """Return a .tflite whose weights are all dense."""
    model = schema.ModelT.InitFromPackedBuf(source.read_bytes(), 0)
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    unpack = schema.BuiltinOperator.DENSIFY
    unpacking = [one for one in graph.operators if codes[one.opcodeIndex] == unpack]
    if not unpacking:
        return source.read_bytes()
    # Constants are computed when the interpreter runs, whatever its input is.
    interpreter = Interpreter(
        model_path=str(source),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    interpreter.invoke()
    for one in unpacking:
        (result,), (sparse,) = one.outputs, one.inputs
        buffer = schema.BufferT()
        values = np.ascontiguousarray(interpreter.get_tensor(result))
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        model.buffers.append(buffer)
        graph.tensors[result].buffer = len(model.buffers) - 1
        graph.tensors[result].sparsity = None
        # Nothing reads the packed weights any more: buffer 0 is the empty one.
        packed = graph.tensors[sparse]
        packed.sparsity, packed.buffer, packed.shape = None, 0, [0]
    graph.operators = [one for one in graph.operators if one not in unpacking]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
