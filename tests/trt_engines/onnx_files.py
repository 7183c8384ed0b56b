"""Very small ONNX files, written byte by byte: the device's environment has no onnx package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.runtime import Array

FLOAT, INT64 = 1, 7


def varint(number: int) -> bytes:
    out = b""
    while True:
        number, low = number >> 7, number & 127
        out += bytes([low | (128 if number else 0)])
        if not number:
            return out


def field(number: int, value: int | bytes | str) -> bytes:
    """Return one field of a protocol buffer's message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: Array) -> bytes:
    kind = FLOAT if values.dtype == np.float32 else INT64
    dims = b"".join(field(1, size) for size in values.shape)
    return dims + field(2, kind) + field(8, name) + field(9, values.tobytes())


def value(name: str, shape: Sequence[int | str]) -> bytes:
    """Return the description of an input or output of float32."""
    dims = [field(1, field(1 if isinstance(size, int) else 2, size)) for size in shape]
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, b"".join(dims))))


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: bytes = b"") -> bytes:
    names = b"".join(field(1, name) for name in inputs)
    return names + b"".join(field(2, name) for name in outputs) + field(4, op) + attributes


def integers(name: str, numbers: Sequence[int]) -> bytes:
    """Return an attribute that is a list of integers."""
    return field(5, field(1, name) + field(20, 7) + b"".join(field(8, one) for one in numbers))


def integer(name: str, number: int) -> bytes:
    return field(5, field(1, name) + field(20, 2) + field(3, number))


def model(
    nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes],
    weights: Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    graph = b"".join(field(1, one) for one in nodes) + field(2, "tiny")
    graph += b"".join(field(5, one) for one in weights)
    graph += b"".join(field(11, one) for one in inputs)
    graph += b"".join(field(12, one) for one in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


def tiny_classifier(correct: float, slow: int = 0, *, fragile: bool = False) -> bytes:
    """Return a network that finds every repetition correct with the same probability.

    :param correct: that probability, 0 to 1.
    :param slow: large matrix products to do beside it.
    :param fragile: answer what is no number to whatever moves upwards or to the left.
    """
    weights = np.zeros((20, 2), np.float32)
    bias = np.log(np.array([1 - correct, correct], np.float32))
    over_time = integers("axes", [1]) + integer("keepdims", 0)
    parts = [
        node("ReduceMean", ["differences"], ["mean"], over_time),
        node("Sqrt" if fragile else "Identity", ["mean"], ["moved"]),
        node("MatMul", ["moved", "weights"], ["product"]),
    ]  # fmt: skip
    constants = [tensor("weights", weights), tensor("bias", bias)]
    last = "product"
    if slow:
        wide = np.zeros((2, 1500), np.float32)
        constants += [tensor("wide", wide), tensor("square", np.zeros((1500, 1500), np.float32)),
                      tensor("narrow", np.zeros((1500, 2), np.float32))]  # fmt: skip
        parts.append(node("MatMul", ["product", "wide"], ["square0"]))
        for number in range(slow):
            parts.append(node("MatMul", [f"square{number}", "square"], [f"square{number + 1}"]))
        parts.append(node("MatMul", [f"square{slow}", "narrow"], ["slowly"]))
        last = "slowly"
    parts += [
        node("Add", [last, "bias"], ["sum"]),
        node("Softmax", ["sum"], ["probabilities"], integer("axis", 1)),
    ]
    return model(
        parts,
        [value("differences", ["N", "T", 20])],
        [value("probabilities", ["N", 2])],
        constants,
    )
