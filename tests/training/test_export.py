"""From Keras to a bundle that the kiosk opens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf2onnx", reason="training needs .venv-training, see training/README.md")

import keras
import onnx
from click.testing import CliRunner

from edge.bundle import PRECISIONS, Bundle
from edge.classifier import Classifier
from edge.exercise import Repetition
from edge.golden import parity, read_golden, tolerance
from edge.preprocessing import MIN_FRAMES, prepare
from edge.private_keys import new_private_key
from edge.runtime.onnx import OnnxNetwork
from edge.signing import Trust
from tests.bundles import KEY, TRUST
from tests.training.made_up import take
from tests.training.test_recordings import keypoints
from training import bundle_files, conversion, export, typical
from training.benchmark_classifier import compare
from training.bundle_files import Prepared
from training.corpus import LABELS
from training.examples import plain_examples
from training.feature_files import headless, inputs_of, stretched
from training.filming import INPUTS, Shot, film, judged_part
from training.model import Hyperparameters, build, deployable

OURS = Hyperparameters("parts", inputs=tuple(INPUTS))
MEASURED = {
    "repetitions": 2, "correct": 1, "groups": 1, "accuracy": 0.5, "balanced_accuracy": 0.5,
    "balanced_accuracy_95": [0.0, 1.0], "area_under_curve": 0.5,
    "always_good": {"accuracy": 0.5}, "always_bad": {"accuracy": 0.5},
    "accuracy_by_group": {"p1": 0.5}, "accuracy_by_kind": {"none": 0.5, "no depth": 0.25},
    "parts": {"torso": {"wrong": 1, "of": 2, "precision": 0.5, "recall": 1.0, "f1": 0.667,
                        "accuracy": 0.5, "majority": 0.5}},
}  # fmt: skip
REPORT = {
    "training": {
        "data": [
            {"name": "made-up", "licence": "none", "people": 1, "repetitions": 2, "correct": 1}
        ],
        "seed": 1,
        "git": "abc",
        "hyperparameters": OURS.as_dict(),
        "date": "2026-01-01",
    },
    "figures": {
        "made-up": {"what": "made up", "show_groups": True, "show_kinds": True, **MEASURED},
        "synthetic": {
            "what": "made up too", "view_error": {"yaw": 4.2, "height": 0.11},
            "calibration": {"expected_calibration_error": 0.031, "bins": []}, **MEASURED,
        },
    },
    "visible_to": {**dict.fromkeys(LABELS, 30.0), "neck": 0.0},
}  # fmt: skip


def untrained(hyper: Hyperparameters) -> keras.Model:
    """Return a network whose answers mean nothing, but are its own."""
    keras.utils.set_random_seed(2)
    return deployable(build(hyper, trainable_with_padding=True), hyper)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return untrained(OURS)


@pytest.fixture(scope="module")
def typical_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "typical.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typical, "PER_VIEW", 1)
        np.savez_compressed(path, **typical.typical_repetitions([take()], seed=1))
    return path


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """Return inputs as of people, but of one who was made up."""
    track = judged_part(film(take(), Shot(), np.random.default_rng(0), None))
    joints = prepare(track)
    golden = {
        "whole": inputs_of(joints, list(INPUTS)),
        "headless": inputs_of(headless(joints), list(INPUTS)),
        "several": inputs_of(np.stack([joints, joints]), list(INPUTS)),
    }
    calibration = [inputs_of(stretched(joints, frames), list(INPUTS)) for frames in (40, 60, 75)]
    return Prepared(golden, calibration, {"made_up": ("made up", calibration)})


@pytest.fixture(scope="module")
def bundle(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "squat"
    bundle_files.write_bundle(
        model, REPORT, typical_file, folder, prepared, with_int8=True, key=KEY
    )
    return folder


def test_onnx_gives_the_same_answers_as_keras(model: keras.Model, bundle: Path) -> None:
    lengths = range(MIN_FRAMES - 1, 151, 7)
    apart = conversion.largest_differences(model, bundle / "classifier.onnx", lengths)
    assert set(apart) == {"probabilities", "parts", "view"}
    assert all(worst < bundle_files.KERAS_TOLERANCES[name] for name, worst in apart.items())


def test_the_classifier_names_what_goes_in_and_out(bundle: Path) -> None:
    run = conversion.session(bundle / "classifier.onnx")
    given = {one.name: (one.type, one.shape) for one in run.get_inputs()}
    assert given == {name: ("tensor(float)", ["N", "T", width]) for name, width in INPUTS.items()}
    answered = {one.name: one.shape for one in run.get_outputs()}
    assert answered == {
        "probabilities": ["N", 2], "parts": ["N", len(LABELS)], "view": ["N", 2],
    }  # fmt: skip


@pytest.mark.parametrize("batch", [1, 3])
def test_any_batch_of_equal_lengths_runs(bundle: Path, batch: int) -> None:
    inputs = {name: np.zeros((batch, 40, width), np.float32) for name, width in INPUTS.items()}
    run = conversion.session(bundle / "classifier.onnx")
    probabilities, parts, view = run.run(["probabilities", "parts", "view"], inputs)
    assert probabilities.shape == (batch, 2) and probabilities.sum(axis=1) == pytest.approx(1)
    assert parts.shape == (batch, len(LABELS)) and view.shape == (batch, 2)


@pytest.mark.parametrize("hyper", [OURS, Hyperparameters()], ids=["parts", "thesis"])
def test_the_recurrent_layer_stays_one_node(hyper: Hyperparameters, tmp_path: Path) -> None:
    path = tmp_path / "classifier.onnx"
    conversion.to_onnx(untrained(hyper), path)
    nodes = [node.op_type for node in onnx.load(path).graph.node]
    assert nodes.count("LSTM") == 1
    assert "Loop" not in nodes


def test_the_kiosk_opens_the_bundle_and_judges_a_squat(bundle: Path) -> None:
    track = judged_part(film(take(), Shot(), np.random.default_rng(0), None))
    repetition = Repetition(0.0, 1.0, 2.0, 0.8)
    classifier = Classifier(Bundle.open(bundle, TRUST))
    judgement = classifier.judge(track, repetition)
    assert 0 <= judgement.score <= 1
    assert set(judgement.parts) == set(LABELS)
    assert judgement.view is not None
    assert "neck" in judgement.hidden
    assert classifier.threshold == 0.5
    explanation = classifier.explain(track, repetition, judgement)
    assert explanation is not None
    assert track.times[0] <= explanation.moment <= track.times[-1]


def test_manifest_and_card_tell_the_same_story(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    (network,) = manifest["networks"].values()
    assert manifest["format"] == 3 and manifest["visible_to"]["neck"] == 0
    assert manifest["files"]["classifier.onnx"]["bytes"] < bundle_files.MAX_BYTES
    assert set(manifest["files"]) == {
        "classifier.onnx", "classifier-fp16.onnx", "classifier-int8.onnx", "typical.npz",
        "golden.npz", "MODEL_CARD.md",
    }  # fmt: skip
    assert {one["name"]: one.get("absent") for one in network["inputs"]} == {
        "differences": None, "positions": None, "head": 0.0,
    }  # fmt: skip
    assert manifest["figures"]["onnx_against_keras"]["largest_difference"]["parts"] < 1e-5
    card = (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| made up | 2 (1) | 1 | 0.500 | 0.500 (0.00-1.00) |" in card
    assert "| torso | 1 of 2 | 0.50 | 1.00 | 0.67 | 0.50 | 0.50 |" in card
    assert "neck: not judged well enough from any side" in card
    assert "left knee: judged up to 30 degrees" in card
    assert "called 'no depth' only 25%" in card
    assert "off by more than 4 degrees or 0.11 m" in card
    assert "calibration error is 0.031" in card
    for one in (*network["inputs"], *network["outputs"]):
        assert f"`{one['name']}`" in card


def test_every_precision_answers_as_the_golden_cases_say(bundle: Path) -> None:
    opened = Bundle.open(bundle, TRUST)
    cases = read_golden(opened)["classifier"]
    assert [one.name for one in cases] == ["whole", "headless", "several"]
    for precision in PRECISIONS:
        worst = parity(OnnxNetwork(opened.network_path("classifier", precision)), cases)
        for name, far in worst.items():
            assert far <= tolerance(opened, "classifier", precision, name)


def test_it_is_signed_and_tells_what_each_precision_costs(bundle: Path) -> None:
    opened = Bundle.open(bundle, TRUST)
    assert opened.signer == "tests"
    network = opened.network("classifier")
    assert set(network.reasons) == set(network.tolerances) == set(PRECISIONS)
    assert all(axis.reason for axis in network.axes.values())
    figures = opened.manifest.figures["precisions"]
    assert figures["int8"]["calibrated_on"] == 3 and figures["int8"]["shipped"]
    assert figures["fp16"]["costs"]["made_up"]["repetitions"] == 3
    card = (bundle / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| int8 | " in card and "| made up | 3 |" in card
    assert "calibrated on\n3 repetitions" in card
    assert all(reason in card for reason in network.reasons.values())


def test_int8_is_measured_and_not_shipped_unless_asked_for_and_nothing_is_signed_without_a_key(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_files, "largest_differences", lambda *_: {})
    (tmp_path / "manifest.sig").write_text("of what was there before")
    bundle_files.write_bundle(model, REPORT, typical_file, tmp_path, prepared)
    assert not (tmp_path / "manifest.sig").exists()
    assert not (tmp_path / "classifier-int8.onnx").exists()
    opened = Bundle.open(tmp_path, Trust({}, allow_unsigned=True))
    assert set(opened.network("classifier").files) == {"fp32", "fp16"}
    assert opened.manifest.figures["precisions"]["int8"]["shipped"] is False


def test_int8_needs_something_to_be_calibrated_on(
    model: keras.Model, typical_file: Path, prepared: Prepared, tmp_path: Path
) -> None:
    bare = Prepared(prepared.golden)
    with pytest.raises(bundle_files.ExportError, match="--calibrate"):
        bundle_files.write_bundle(model, REPORT, typical_file, tmp_path, bare, with_int8=True)


def test_a_precision_that_is_too_far_off_is_not_shipped(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_files, "largest_differences", lambda *_: {})
    none = {"probabilities": 0.0, "parts": 0.0, "view": 0.0}
    monkeypatch.setitem(bundle_files.TOLERANCES, "fp16", none)
    with pytest.raises(bundle_files.ExportError, match="fp16 is off by"):
        bundle_files.write_bundle(model, REPORT, typical_file, tmp_path, prepared)


def test_a_network_that_onnx_gets_wrong_is_not_shipped(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_files, "largest_differences", lambda *_: {"parts": 0.1})
    with pytest.raises(bundle_files.ExportError, match=r"differ by 1\.0e-01 in parts"):
        bundle_files.write_bundle(model, REPORT, typical_file, tmp_path, prepared)
    assert not (tmp_path / "manifest.json").exists()


def test_a_network_that_is_too_large_is_not_shipped(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_files, "MAX_BYTES", 1000)
    monkeypatch.setattr(bundle_files, "largest_differences", lambda *_: {})
    with pytest.raises(bundle_files.ExportError, match="too many"):
        bundle_files.write_bundle(model, REPORT, typical_file, tmp_path, prepared)


def test_the_shipped_bundle_is_whole() -> None:
    bundle = Bundle.open(export.BUNDLE)
    assert bundle.network("classifier").outputs[0].classes == ["incorrect", "correct"]
    sets = {one["name"] for one in bundle.manifest.training["data"]}
    assert not sets & {"aitrainer", "wing"}


def test_the_benchmark_compares_both_in_one_run(model: keras.Model, bundle: Path) -> None:
    found = compare(model, bundle / "classifier.onnx", runs=2)
    assert found.keras_ms > 0 < found.onnx_ms
    assert found.ratio == pytest.approx(found.keras_ms / found.onnx_ms)
    assert found.largest_difference < 1e-5


def test_the_command_exports_and_signs_with_a_key_that_has_a_passphrase(
    model: keras.Model,
    typical_file: Path,
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_files, "largest_differences", lambda *_: {"parts": 1e-7})
    monkeypatch.setattr(export, "prepare_inputs", lambda *_: prepared)
    run, out = tmp_path / "run", tmp_path / "squat"
    run.mkdir()
    monkeypatch.setattr(keras.models, "load_model", lambda _: model)
    shutil.copyfile(typical_file, run / "typical.npz")
    (run / "report.json").write_text(json.dumps(REPORT))
    new_private_key(tmp_path / "anna.key", "secret")
    asked = ["--run", str(run), "--bundle", str(out)]
    wrong = CliRunner().invoke(export.main, [*asked, "--key", str(tmp_path / "anna.key")], "no\n")
    assert wrong.exit_code == 1 and "passphrase is wrong" in wrong.output
    assert not out.exists()
    right = CliRunner().invoke(
        export.main, [*asked, "--key", str(tmp_path / "anna.key")], "secret\n"
    )
    assert right.exit_code == 0, right.output
    assert "signed" in right.output and "secret" not in right.output
    assert Bundle.open(out, Trust.load([tmp_path])).signer == "anna"


def test_the_command_takes_what_the_maintainer_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = keypoints("good_2")
    clip.save(tmp_path / "good_2.npz")
    monkeypatch.setattr(export, "clip_tracks", lambda: {"a": clip.track, "b": clip.track})
    monkeypatch.setattr(export.Sets, "rendered", plain_examples([take(), take()]))
    found = export.prepare_inputs(["differences"], tmp_path, tmp_path, tmp_path)
    assert len(found.calibration) == 3 and set(found.calibration[0]) == {"differences"}
    assert set(found.measured) == {"rendered"}  # nothing was recorded here
    assert len(found.measured["rendered"][1]) == 1
    by_default = export.prepare_inputs(["differences"], tmp_path, tmp_path, None)
    assert len(by_default.calibration) == 1
