"""From Keras to a bundle that the kiosk opens."""

# ruff: noqa: E402 - what follows needs what may be skipped here

import json
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")
pytest.importorskip("tf2onnx", reason="training needs .venv-training, see training/README.md")

from edge.bundle import Bundle
from edge.classifier import Classifier
from tests.training.test_datasets import squat
from training import export
from training.benchmark_classifier import compare
from training.filming import Shot, film, judged_part
from training.model import Hyperparameters, build, deployable

REPORT = {
    "training": {
        "data": [
            {"name": "made-up", "licence": "none", "people": 1, "repetitions": 2, "correct": 1}
        ],
        "seed": 1,
        "hyperparameters": Hyperparameters().as_dict(),
        "date": "2026-01-01",
    },
    "figures": {
        "made-up": {
            "what": "made up", "repetitions": 2, "correct": 1, "groups": 1, "accuracy": 0.5,
            "balanced_accuracy": 0.5, "balanced_accuracy_95": [0.0, 1.0], "area_under_curve": 0.5,
            "always_good": {"accuracy": 0.5}, "always_bad": {"accuracy": 0.5},
            "accuracy_by_group": {"p1": 0.5}, "accuracy_by_kind": {"none": 0.5},
            "show_groups": True, "show_kinds": True,
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """An untrained network: its answers mean nothing, but are its own."""
    keras.utils.set_random_seed(2)
    hyper = Hyperparameters()
    return deployable(build(hyper, trainable_with_padding=True), hyper)


@pytest.fixture(scope="module")
def bundle(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "squat"
    export.write_bundle(model, REPORT, folder)
    return folder


def test_onnx_gives_the_same_answers_as_keras(model: keras.Model, bundle: Path) -> None:
    worst = export.largest_difference(model, bundle / "classifier.onnx", range(3, 151, 7))
    assert worst < export.TOLERANCE


def test_the_classifier_names_what_goes_in_and_out(bundle: Path) -> None:
    run = export.session(bundle / "classifier.onnx")
    (given,), (answered,) = run.get_inputs(), run.get_outputs()
    assert (given.name, given.type, given.shape) == (
        "differences", "tensor(float)", ["N", "T", 20],
    )  # fmt: skip
    assert (answered.name, answered.shape) == ("probabilities", ["N", 2])


@pytest.mark.parametrize("batch", [1, 3])
def test_any_batch_of_equal_lengths_runs(bundle: Path, batch: int) -> None:
    inputs = np.zeros((batch, 40, 20), np.float32)
    run = export.session(bundle / "classifier.onnx")
    (probabilities,) = run.run(None, {"differences": inputs})
    assert probabilities.shape == (batch, 2)
    assert probabilities.sum(axis=1) == pytest.approx(1)


def test_the_recurrent_layer_stays_one_node(bundle: Path) -> None:
    onnx = pytest.importorskip("onnx")
    nodes = [node.op_type for node in onnx.load(bundle / "classifier.onnx").graph.node]
    assert nodes.count("LSTM") == 1
    assert "Loop" not in nodes


def test_the_kiosk_opens_the_bundle_and_scores_a_squat(bundle: Path) -> None:
    track = judged_part(film(squat(), Shot(), np.random.default_rng(0)))
    classifier = Classifier(Bundle.open(bundle))
    assert 0 <= classifier.score(track) <= 1
    assert classifier.threshold == 0.5


def test_manifest_and_card_tell_the_same_story(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"]["classifier.onnx"]["bytes"] < export.MAX_BYTES
    assert manifest["figures"]["onnx_against_keras"]["largest_difference"] < export.TOLERANCE
    card = (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| made up | 2 (1) | 1 | 0.500 | 0.500 (0.00-1.00) |" in card
    assert "made-up" in card


def test_a_network_that_onnx_gets_wrong_is_not_shipped(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "largest_difference", lambda *_: 0.1)
    with pytest.raises(export.ExportError, match="differ"):
        export.write_bundle(model, REPORT, tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_the_shipped_bundle_is_whole() -> None:
    bundle = Bundle.open(export.BUNDLE)
    assert bundle.manifest.outputs[0].classes == ["incorrect", "correct"]
    sets = {one["name"] for one in bundle.manifest.training["data"]}
    assert not sets & {"aitrainer", "wing"}


def test_the_benchmark_compares_both_in_one_run(model: keras.Model, bundle: Path) -> None:
    found = compare(model, bundle / "classifier.onnx", runs=2)
    assert found.keras_ms > 0 < found.onnx_ms
    assert found.ratio == pytest.approx(found.keras_ms / found.onnx_ms)
    assert found.largest_difference < export.TOLERANCE
