"""Turn a trained network into the bundle that the kiosk runs.

    python -m training.export --run training/runs/squat

Reads what ``training.train`` left in the run's folder, converts the network to ONNX, proves that
both give the same answers, and writes ``classifier.onnx``, ``typical.npz``, ``manifest.json`` and
``MODEL_CARD.md``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
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

from edge.preprocessing import MIN_FRAMES
from training.card import model_card
from training.corpus import LABELS
from training.datasets import CLASSES
from training.filming import INPUTS
from training.measures import THRESHOLD
from training.model import VIEW

OPSET: Final = 17
"""tf2onnx refuses 21 and later; TensorRT 8.5 to 10 read 17."""

MEANINGS: Final[dict[str, tuple[str, ...]]] = {
    "probabilities": CLASSES,
    "parts": LABELS,
    "view": VIEW,
}
"""What the last axis of each output means."""

TOLERANCES: Final = {"probabilities": 1e-5, "parts": 1e-5, "view": 1e-3}
"""The largest differences allowed between Keras and ONNX Runtime; of the view in degrees."""

ABSENT: Final = {"head": 0.0}
"""What an input holds where the source lacks it."""

FRAMES: Final = range(MIN_FRAMES - 1, 151)
"""Lengths at which both are compared: from the shortest that there is to 5 s."""

MAX_BYTES: Final = 1_500_000
"""The classifier is to stay under this size."""

CLASSIFIER, TYPICAL = "classifier.onnx", "typical.npz"
NAME, VERSION = "squat", "0.3.0"

MIN_SOFTWARE: Final = "0.1.0"
"""The first version that reads this format."""

AXES: Final = {
    "N": {"least": 1, "best": 1, "most": 64},
    "T": {"least": MIN_FRAMES - 1, "best": 90, "most": 900},
}
"""How many repetitions of how many frames an engine is built for."""

BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"


class ExportError(Exception):
    """The network cannot be shipped; the message says why."""


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


def exported_with() -> dict[str, str]:
    """Return the versions of what converts and checks the network."""
    return {name: version(name) for name in ("tf2onnx", "onnx", "onnxruntime")}


def manifest(model: keras.Model, folder: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Return what ``manifest.json`` says about a classifier and how it was trained."""
    contents = {name: (folder / name).read_bytes() for name in (CLASSIFIER, TYPICAL)}
    return {
        "format": 3,
        "kind": "classifier",
        "name": NAME,
        "version": VERSION,
        "min_software": MIN_SOFTWARE,
        "exercise": "squat",
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in contents.items()
        },
        "networks": {"classifier": network(model)},
        "threshold": THRESHOLD,
        "visible_to": report["visible_to"],
        "training": {**report["training"], "exported_with": exported_with()},
        "figures": report["figures"],
    }


def network(model: keras.Model) -> dict[str, Any]:
    """Return what the manifest says of the network."""
    return {
        "files": {"fp32": CLASSIFIER},
        "inputs": [
            {
                "name": name,
                "shape": ["N", "T", width],
                "dtype": "float32",
                "preprocessing": name,
                "preprocessing_version": 1,
                **({"absent": ABSENT[name]} if name in ABSENT else {}),
            }
            for name, width in widths(model).items()
        ],
        "outputs": [
            {
                "name": name,
                "shape": ["N", len(MEANINGS[name])],
                "dtype": "float32",
                "classes": list(MEANINGS[name]),
            }
            for name in outputs(model)
        ],
        "axes": AXES,
    }


def write_bundle(
    model: keras.Model, report: dict[str, Any], typical: Path, folder: Path
) -> dict[str, Any]:
    """Write the bundle's files and return its manifest.

    :param model: the deployable model.
    :param report: what the training wrote down, with ``training``, ``figures`` and
        ``visible_to``.
    :param typical: the file with typical repetitions that the training wrote.
    :raises ExportError: ONNX Runtime and Keras disagree, or the file is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CLASSIFIER
    to_onnx(model, path)
    apart = largest_differences(model, path)
    for name, worst in apart.items():
        if worst >= TOLERANCES[name]:
            raise ExportError(
                f"ONNX and Keras differ by {worst:.1e} in {name}, more than {TOLERANCES[name]:.0e}"
            )
    if path.stat().st_size >= MAX_BYTES:
        raise ExportError(f"{path.name} has {path.stat().st_size} bytes, {MAX_BYTES} is too many")
    shutil.copyfile(typical, folder / TYPICAL)
    figures = {**report["figures"], "onnx_against_keras": {"largest_difference": apart}}
    content = manifest(model, folder, {**report, "figures": figures})
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
    content = write_bundle(model, report, run / TYPICAL, bundle)
    size = content["files"][CLASSIFIER]["bytes"]
    apart = content["figures"]["onnx_against_keras"]["largest_difference"]
    worst = ", ".join(f"{name} {one:.1e}" for name, one in apart.items())
    click.echo(f"{bundle}: {size} bytes, apart from Keras over {len(FRAMES)} lengths: {worst}")


if __name__ == "__main__":
    main()
