"""A Caffe network as ONNX, without Caffe: what OpenPose's BODY_25 network consists of.

    write_network(Path("pose_deploy.prototxt"), Path("pose_iter_584000.caffemodel"), target)

Both files are messages of Protocol Buffers. Only the fields that are needed are described here, by
their numbers; what is unknown is passed over, but a layer that is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from edge.pose.openpose_layouts import BODY_25_LAYOUT
from training.pose_networks import ConversionError

LICENCE: Final = "OpenPose: academic or non-profit non-commercial research use only"
"""A gym that charges needs CMU's commercial licence."""

INPUT, OUTPUT, OPSET = "image", "maps", 17

_Field = descriptor_pb2.FieldDescriptorProto
_NUMBER, _BYTES, _TEXT = _Field.TYPE_INT64, _Field.TYPE_BYTES, _Field.TYPE_STRING
_YES_NO, _CHOICE = _Field.TYPE_BOOL, _Field.TYPE_ENUM

_MESSAGES: Final[dict[str, list[tuple[str, int, Any, bool]]]] = {
    # name of the field, its number, its type (or the message it holds), whether it repeats
    "Shape": [("dim", 1, _NUMBER, True)],
    # A packed list of floats is bytes on the wire: read so, 26 million of them cost nothing.
    "Blob": [
        ("num", 1, _NUMBER, False), ("channels", 2, _NUMBER, False), ("height", 3, _NUMBER, False),
        ("width", 4, _NUMBER, False), ("data", 5, _BYTES, False), ("shape", 7, "Shape", False),
    ],
    "Convolution": [
        ("num_output", 1, _NUMBER, False), ("bias_term", 2, _YES_NO, False),
        ("pad", 3, _NUMBER, True), ("kernel_size", 4, _NUMBER, True), ("group", 5, _NUMBER, False),
        ("stride", 6, _NUMBER, True), ("dilation", 18, _NUMBER, True),
    ],
    "Pooling": [
        ("pool", 1, _CHOICE, False), ("kernel_size", 2, _NUMBER, False),
        ("stride", 3, _NUMBER, False), ("pad", 4, _NUMBER, False),
    ],
    "Concat": [("axis", 2, _NUMBER, False)],
    "Layer": [
        ("name", 1, _TEXT, False), ("type", 2, _TEXT, False), ("bottom", 3, _TEXT, True),
        ("top", 4, _TEXT, True), ("blobs", 7, "Blob", True), ("concat_param", 104, "Concat", False),
        ("convolution_param", 106, "Convolution", False), ("pooling_param", 121, "Pooling", False),
    ],
    "Net": [
        ("name", 1, _TEXT, False), ("input", 3, _TEXT, True), ("input_dim", 4, _NUMBER, True),
        ("layer", 100, "Layer", True),
    ],
}  # fmt: skip

_POOLS: Final = {"MAX": 0, "AVE": 1, "STOCHASTIC": 2}


def _net_class() -> Any:
    package = "caffe_network"
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto2"
    )
    pools = file.enum_type.add(name="Pool")
    for name, number in _POOLS.items():
        pools.value.add(name=name, number=number)
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeats in fields:
            label = _Field.LABEL_REPEATED if repeats else _Field.LABEL_OPTIONAL
            field = described.field.add(name=name, number=number, label=label)
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = kind
            if kind == _CHOICE:
                field.type_name = f".{package}.Pool"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.Net"))


Net: Final = _net_class()
"""The message that a prototxt and a caffemodel are."""


def read_architecture(path: Path) -> Any:
    """Read a prototxt.

    :raises ConversionError: it is none.
    """
    net = Net()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), net, allow_unknown_field=True)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConversionError(f"{path.name} is no prototxt of Caffe: {error}") from error
    if len(net.input) != 1 or not net.layer:
        raise ConversionError(f"{path.name} describes no network with one input")
    return net


def read_weights(path: Path) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Read the arrays of each layer of a caffemodel.

    :raises ConversionError: it is none.
    """
    net = Net()
    try:
        net.ParseFromString(path.read_bytes())
        return {layer.name: [_array(blob) for blob in layer.blobs] for layer in net.layer}
    except (DecodeError, ValueError) as error:
        raise ConversionError(f"{path.name} is no caffemodel: {error}") from error


def _array(blob: Any) -> npt.NDArray[np.float32]:
    old = (blob.num, blob.channels, blob.height, blob.width)
    return np.frombuffer(blob.data, np.dtype("<f4")).reshape(list(blob.shape.dim) or old)


class _Graph:
    """The ONNX graph as it grows; layers of Caffe may write into their own input."""

    def __init__(self, weights: dict[str, list[npt.NDArray[np.float32]]]) -> None:
        self._weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.arrays: list[onnx.TensorProto] = []
        self._now: dict[str, str] = {}

    def add(self, layer: Any) -> str:
        """Add one layer; return the name of what it answers."""
        (top,) = layer.top
        result = f"{top}:{layer.name}" if top in self._now or top in layer.bottom else str(top)
        operator, arrays, attributes = self._translate(layer)
        names = [f"{layer.name}.{number}" for number in range(len(arrays))]
        self.arrays += map(numpy_helper.from_array, arrays, names)
        inputs = [self._now.get(bottom, bottom) for bottom in layer.bottom]
        self.nodes.append(
            helper.make_node(operator, inputs + names, [result], name=layer.name, **attributes)
        )
        self._now[top] = result
        return result

    def _translate(self, layer: Any) -> tuple[str, list[npt.NDArray[np.float32]], dict[str, Any]]:
        if layer.type == "Convolution":
            return self._convolution(layer)
        if layer.type == "PReLU":
            (slopes,) = self._arrays(layer, 1)
            return "PRelu", [slopes.reshape(-1, 1, 1)], {}
        if layer.type == "ReLU":
            return "Relu", [], {}
        if layer.type == "Concat":
            wanted = layer.concat_param
            return "Concat", [], {"axis": wanted.axis if wanted.HasField("axis") else 1}
        if layer.type == "Pooling" and layer.pooling_param.pool == _POOLS["MAX"]:
            wanted = layer.pooling_param
            # Caffe rounds the size up.
            return "MaxPool", [], {
                "kernel_shape": [wanted.kernel_size] * 2, "strides": [wanted.stride or 1] * 2,
                "pads": [wanted.pad] * 4, "ceil_mode": 1,
            }  # fmt: skip
        raise ConversionError(f"the layer {layer.name} ({layer.type}) is not understood")

    def _convolution(self, layer: Any) -> tuple[str, list[npt.NDArray[np.float32]], dict[str, Any]]:
        wanted = layer.convolution_param
        biased = wanted.bias_term or not wanted.HasField("bias_term")
        kernels, *bias = self._arrays(layer, 2 if biased else 1)
        size = _first(wanted.kernel_size, 1)
        if kernels.shape[0] != wanted.num_output or kernels.shape[2:] != (size, size):
            raise ConversionError(
                f"{layer.name} has weights {kernels.shape}, the prototxt wants "
                f"{wanted.num_output} kernels of {size}: do both files belong together?"
            )
        return "Conv", [kernels, *(one.reshape(-1) for one in bias)], {
            "kernel_shape": [size] * 2, "pads": [_first(wanted.pad, 0)] * 4,
            "strides": [_first(wanted.stride, 1)] * 2, "group": wanted.group or 1,
            "dilations": [_first(wanted.dilation, 1)] * 2,
        }  # fmt: skip

    def _arrays(self, layer: Any, count: int) -> list[npt.NDArray[np.float32]]:
        arrays = self._weights.get(layer.name, [])
        if len(arrays) != count or not all(one.size for one in arrays):
            raise ConversionError(
                f"the caffemodel has no weights of {layer.name}: do both files belong together?"
            )
        return arrays


def _first(values: Iterable[int], default: int) -> int:
    return next(iter(values), default)


def write_network(
    architecture: Path, weights: Path, target: Path, channels: int = BODY_25_LAYOUT.channels
) -> None:
    """Convert a network to ONNX: [1, 3, H, W] pixels to [1, channels, h, w] maps.

    :param architecture: the prototxt.
    :param weights: the caffemodel.
    :param channels: what it must answer.
    :raises ConversionError: the files are not what they should be, or do not belong together.
    """
    net = read_architecture(architecture)
    graph = _Graph(read_weights(weights))
    for layer in net.layer:
        last = graph.add(layer)
    for node in graph.nodes:
        node.input[:] = [INPUT if name == net.input[0] else name for name in node.input]
        node.output[:] = [OUTPUT if name == last else name for name in node.output]
    shapes = {INPUT: (1, 3, "H", "W"), OUTPUT: (1, channels, "h", "w")}
    values = {
        name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    }
    body = helper.make_graph(
        graph.nodes, "openpose", [values[INPUT]], [values[OUTPUT]], graph.arrays
    )
    proto = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    try:
        onnx.checker.check_model(proto)
        onnx.shape_inference.infer_shapes(proto, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConversionError(
            f"{architecture.name} is not the network that was expected, with {channels} channels: "
            f"{first}"
        ) from error
    target.write_bytes(proto.SerializeToString(deterministic=True))
