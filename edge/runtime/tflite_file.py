"""What stands in a TensorFlow Lite file, and which part of it is needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.errors import PoseError


def keep_outputs(network: bytes, names: Sequence[str]) -> bytes:
    """Return a network without all that does nothing for the named outputs.

        small = keep_outputs(path.read_bytes(), ["Identity", "Identity_1"])

    The runtime computes every output, wanted or not. What is kept stays as it is, bit for bit.

    :param network: the bytes of a .tflite file.
    :param names: of the outputs that are wanted.
    :raises PoseError: this is no such file, or it lacks one of these outputs.
    """
    import flatbuffers  # noqa: PLC0415 - comes with LiteRT, an optional backend
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415

    if not schema.Model.ModelBufferHasIdentifier(network, 0):
        raise PoseError("the pose network is no TensorFlow Lite file: run scripts/run once")
    model = schema.ModelT.InitFromPackedBuf(network)
    graph = model.subgraphs[0]
    outputs = {graph.tensors[index].name.decode(): index for index in graph.outputs}
    if missing := set(names) - outputs.keys():
        raise PoseError(f"the pose network has no output {', '.join(sorted(missing))}")
    needed = {int(outputs[name]) for name in names}
    kept = []
    for operator in reversed(graph.operators):  # in the order of their execution
        if needed & set(operator.outputs.tolist()):
            kept.append(operator)
            needed |= set(operator.inputs.tolist())
    graph.operators = kept[::-1]
    graph.outputs = np.array([outputs[name] for name in names], dtype=np.int32)
    model.signatureDefs = []  # they name outputs that are gone
    builder = flatbuffers.Builder(len(network))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
