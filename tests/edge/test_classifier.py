"""The shipped network on ONNX Runtime."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.classifier import Classifier
from edge.errors import BundleError, FeatureError
from tests.edge.people import squat_track

TIMES = np.arange(0, 3, 1 / 30)


def test_a_score_is_a_probability_and_repeatable() -> None:
    classifier = Classifier.load()
    scores = {classifier.score(squat_track(TIMES)) for _ in range(3)}
    assert len(scores) == 1
    assert 0 <= scores.pop() <= 1


@pytest.mark.parametrize("frames", [3, 4, 30, 600])
def test_any_length_can_be_scored(frames: int) -> None:
    track = squat_track(np.arange(frames) / 30, length=2.0)
    assert 0 <= Classifier.load().score(track) <= 1


def test_too_little_to_score() -> None:
    with pytest.raises(FeatureError):
        Classifier.load().score(squat_track(TIMES[:2]))


def test_neither_tensorflow_nor_torch_is_loaded() -> None:
    Classifier.load()
    assert not {"tensorflow", "torch", "keras"} & set(sys.modules)


def changed_bundle(tmp_path: Path, **changes: Any) -> Path:
    """Return a copy of the shipped bundle with some keys of the manifest changed."""
    folder = Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(changes)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def one_input(**changes: Any) -> list[dict[str, Any]]:
    manifest = json.loads((DEFAULT_BUNDLE / "manifest.json").read_text())
    return [{**manifest["inputs"][0], **changes}]


def one_output(**changes: Any) -> list[dict[str, Any]]:
    manifest = json.loads((DEFAULT_BUNDLE / "manifest.json").read_text())
    return [{**manifest["outputs"][0], **changes}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": one_input(preprocessing="magic")}, "preprocessing magic version 1"),
        ({"inputs": one_input(preprocessing_version=9)}, "version 9"),
        ({"inputs": one_input(name="other")}, "lacks the input"),
        ({"outputs": one_output(name="other")}, "lacks the input or output"),
        ({"outputs": one_output(classes=["a", "b"])}, "no class 'correct'"),
        ({"inputs": one_input() * 2}, "one input and one output"),
    ],
)
def test_what_this_version_cannot_run_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=message):
        Classifier.load(changed_bundle(tmp_path, **changes))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    folder = changed_bundle(tmp_path)
    (folder / "classifier.onnx").write_bytes(b"no network")
    digest = hashlib.sha256(b"no network").hexdigest()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {"classifier.onnx": {"sha256": digest, "bytes": 10}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="not a network"):
        Classifier.load(folder)
