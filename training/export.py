"""Turn a trained network into the bundle that the kiosk runs.

    python -m training.export --run training/runs/squat

Reads what ``training.train`` left in the run's folder, converts the network to ONNX, proves that
both give the same answers, and writes ``classifier.onnx``, ``manifest.json`` and
``MODEL_CARD.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from training.card import model_card
from training.datasets import CLASSES
from training.measures import THRESHOLD
from training.model import WIDTH

OPSET: Final = 17
"""tf2onnx refuses 21 and later; TensorRT 8.5 to 10 read 17."""

TOLERANCE: Final = 1e-5
"""The largest difference allowed between Keras and ONNX Runtime, in probability."""

FRAMES: Final = range(3, 151)
"""Lengths at which both are compared: 0.1 to 5 s."""

MAX_BYTES: Final = 500_000
"""The classifier is to stay under this size."""

NAME, VERSION = "squat-thesis", "0.1.0"
BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"


class ExportError(Exception):
    """The network cannot be shipped; the message says why."""


def to_onnx(model: keras.Model, path: Path) -> None:
    """Write the deployable model as ONNX with a free batch and a free length."""
    signature = [tf.TensorSpec((None, None, WIDTH), tf.float32, name="differences")]
    proto, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET)
    # The graph keeps its inner names; only what callers see is renamed.
    graph = proto.graph
    old = graph.output[0].name
    if old != "probabilities":
        for node in graph.node:
            node.output[:] = ["probabilities" if name == old else name for name in node.output]
            node.input[:] = ["probabilities" if name == old else name for name in node.input]
        graph.output[0].name = "probabilities"
    for value, shape in ((graph.input[0], ("N", "T", WIDTH)), (graph.output[0], ("N", 2))):
        for axis, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
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


def largest_difference(model: keras.Model, path: Path, frames: range = FRAMES) -> float:
    """Return how far Keras and ONNX Runtime are apart at most, over inputs of many lengths."""
    rng = np.random.default_rng(0)
    run = session(path)
    answer = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec((None, None, WIDTH), tf.float32)],
    )
    worst = 0.0
    for length in frames:
        # Joints of a squat move by up to about 0.1 torso lengths a frame.
        inputs = rng.normal(0, 0.05, (2, length, WIDTH)).astype(np.float32)
        (ours,) = run.run(["probabilities"], {"differences": inputs})
        worst = max(worst, float(np.abs(ours - answer(inputs).numpy()).max()))
    return worst


def exported_with() -> dict[str, str]:
    """Return the versions of what converts and checks the network."""
    return {name: version(name) for name in ("tf2onnx", "onnx", "onnxruntime")}


def manifest(path: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Return what ``manifest.json`` says about a classifier and how it was trained."""
    content = path.read_bytes()
    return {
        "format": 1,
        "name": NAME,
        "version": VERSION,
        "exercise": "squat",
        "files": {
            path.name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        },
        "inputs": [
            {
                "name": "differences",
                "file": path.name,
                "shape": ["N", "T", WIDTH],
                "dtype": "float32",
                "preprocessing": "differences",
                "preprocessing_version": 1,
            }
        ],
        "outputs": [
            {
                "name": "probabilities",
                "shape": ["N", len(CLASSES)],
                "dtype": "float32",
                "classes": list(CLASSES),
            }
        ],
        "threshold": THRESHOLD,
        "training": {**report["training"], "exported_with": exported_with()},
        "figures": report["figures"],
    }


def write_bundle(model: keras.Model, report: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write the bundle's files and return its manifest.

    :param model: the deployable model.
    :param report: what the training wrote down, with ``training`` and ``figures``.
    :raises ExportError: ONNX Runtime and Keras disagree, or the file is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "classifier.onnx"
    to_onnx(model, path)
    worst = largest_difference(model, path)
    if worst >= TOLERANCE:
        raise ExportError(f"ONNX and Keras differ by {worst:.1e}, more than {TOLERANCE:.0e}")
    if path.stat().st_size >= MAX_BYTES:
        raise ExportError(f"{path.name} has {path.stat().st_size} bytes, {MAX_BYTES} is too many")
    figures = {**report["figures"], "onnx_against_keras": {"largest_difference": worst}}
    content = manifest(path, {**report, "figures": figures})
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(model_card(content), encoding="utf-8")
    return content


@click.command()
@click.option(
    "--run",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("training/runs/squat"),
    help="Folder that training.train wrote.",
)
@click.option("--bundle", type=click.Path(path_type=Path), default=BUNDLE, help="Where to write.")
def main(run: Path, bundle: Path) -> None:
    """Export a trained network as a bundle."""
    model = keras.models.load_model(run / "classifier.keras")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    content = write_bundle(model, report, bundle)
    size = content["files"]["classifier.onnx"]["bytes"]
    worst = content["figures"]["onnx_against_keras"]["largest_difference"]
    click.echo(f"{bundle}: {size} bytes, within {worst:.1e} of Keras over {len(FRAMES)} lengths")


if __name__ == "__main__":
    main()
