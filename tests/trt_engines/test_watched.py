"""A network that is watched; what becomes of a failure is in test_live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import NetworkError
from edge.runtime.onnx import OnnxNetwork
from tests.trt_engines.onnx_files import tiny_classifier
from trt_engines.watched import WatchedNetwork


def test_answers_pass_and_failures_are_told(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(tiny_classifier(0.75, fragile=True))
    inner = OnnxNetwork(tmp_path / "tiny.onnx")
    told: list[str] = []
    network = WatchedNetwork(inner, told.append)
    assert (network.runtime, network.inputs, network.lost) == (inner.runtime, inner.inputs, None)
    inputs = np.ones((1, 10, 20), np.float32)
    answers = network.run({"differences": inputs})["probabilities"]
    assert answers[0, 1] == pytest.approx(0.75)
    with pytest.raises(NetworkError, match="no number"):
        network.run({"differences": -inputs})
    with pytest.raises(NetworkError, match="ONNX Runtime failed"):
        network.run({"differences": inputs[..., :3]})
    assert len(told) == 2
