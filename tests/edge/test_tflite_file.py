"""The part of a network that is needed."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import PoseError
from edge.pose.blazepose_nets import LANDMARK_OUTPUTS, default_weights
from edge.runtime.litert import LiteRtNetwork
from edge.runtime.tflite_file import keep_outputs

LANDMARKS = default_weights() / "pose_landmark_full.tflite"


def test_what_is_kept_answers_the_same_bit_for_bit() -> None:
    inputs = {"input_1": np.random.default_rng(3).random((1, 256, 256, 3), np.float32)}
    whole = LiteRtNetwork(LANDMARKS).run(inputs)
    part = LiteRtNetwork(LANDMARKS, outputs=LANDMARK_OUTPUTS).run(inputs)
    assert set(part) == set(LANDMARK_OUTPUTS) < set(whole)
    for name, values in part.items():
        assert (values == whole[name]).all()


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(PoseError, match="no output Nothing"):
        keep_outputs(LANDMARKS.read_bytes(), ["Identity", "Nothing"])


def test_another_file_is_refused() -> None:
    with pytest.raises(PoseError, match="no TensorFlow Lite file"):
        keep_outputs(b"something else than a network", ["Identity"])
