"""Caffe's networks as ONNX, beside OpenCV's own reading of the same files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from edge.pose.openpose_layouts import BODY_25_LAYOUT
from edge.runtime.onnx import OnnxNetwork
from tests.training.body_25 import write_body_25
from training.pose_networks import ConversionError
from training.pose_networks.caffe import read_weights, write_network

FULL = 26_200_000
"""Parameters of the real network, to within half a percent."""


def apart(folder: Path, share: float, sizes: list[tuple[int, int]]) -> float:
    """Return the largest difference between our ONNX and OpenCV, relative to the largest answer."""
    prototxt, caffemodel = write_body_25(folder, share)
    write_network(prototxt, caffemodel, folder / "body_25.onnx")
    network = OnnxNetwork(folder / "body_25.onnx", threads=2)
    reference = cv2.dnn.readNetFromCaffe(str(prototxt), str(caffemodel))
    worst = 0.0
    for rows, columns in sizes:
        pixels = np.random.default_rng(rows).uniform(-0.5, 0.5, (1, 3, rows, columns))
        pixels = pixels.astype(np.float32)
        ours = network.run({"image": pixels})["maps"]
        reference.setInput(pixels)
        theirs = reference.forward()
        assert ours.shape == theirs.shape == (1, 78, rows // 8, columns // 8)
        worst = max(worst, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))
    return worst


@pytest.mark.skipif(not hasattr(cv2.dnn, "readNetFromCaffe"), reason="this OpenCV reads no Caffe")
def test_it_answers_as_opencv_does_at_any_size(tmp_path: Path) -> None:
    assert apart(tmp_path, 0.1, [(32, 32), (48, 80)]) < 1e-5


@pytest.mark.long
@pytest.mark.skipif(not hasattr(cv2.dnn, "readNetFromCaffe"), reason="this OpenCV reads no Caffe")
def test_so_it_does_in_full_size(tmp_path: Path) -> None:
    assert apart(tmp_path, 1.0, [(128, 160)]) < 1e-5
    weights = read_weights(tmp_path / "random.caffemodel")
    count = sum(array.size for arrays in weights.values() for array in arrays)
    assert count == pytest.approx(FULL, rel=0.005)


def test_the_network_declares_what_the_kiosk_needs(tmp_path: Path) -> None:
    write_network(*write_body_25(tmp_path, 0.02), tmp_path / "body_25.onnx")
    network = OnnxNetwork(tmp_path / "body_25.onnx")
    assert [(one.name, one.shape) for one in network.inputs] == [("image", (1, 3, "H", "W"))]
    assert [(one.name, one.shape) for one in network.outputs] == [
        ("maps", (1, BODY_25_LAYOUT.channels, "h", "w"))
    ]
    operators = {node.op_type for node in onnx.load(tmp_path / "body_25.onnx").graph.node}
    assert operators == {"Conv", "PRelu", "Relu", "MaxPool", "Concat"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('type: "ReLU"', 'type: "Scale"', "not understood"),
        ("pool: MAX", "pool: AVE", "not understood"),
        ('name: "fields1_7"', 'name: "elsewhere"', "no weights of elsewhere"),
        ("kernel_size: 3", "kernel_size: 5", "belong together"),
        ("layer {", "layer [", "no prototxt"),
        ('input: "image"', "", "one input"),
        ('"parts1_7" bottom: "fields3_7"', '"parts1_7" bottom: "parts1_7"', "78 channels"),
    ],
)
def test_another_architecture_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    prototxt, caffemodel = write_body_25(tmp_path, 0.02)
    text = prototxt.read_text()
    assert old in text
    prototxt.write_text(text.replace(old, new))
    with pytest.raises(ConversionError, match=message):
        write_network(prototxt, caffemodel, tmp_path / "body_25.onnx")
    assert not (tmp_path / "body_25.onnx").exists()


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    prototxt, caffemodel = write_body_25(tmp_path, 0.02)
    content = caffemodel.read_bytes()
    for damaged in (content[: len(content) // 2], b"not weights at all", b""):
        caffemodel.write_bytes(damaged)
        with pytest.raises(ConversionError, match=r"no caffemodel|belong together"):
            write_network(prototxt, caffemodel, tmp_path / "body_25.onnx")
