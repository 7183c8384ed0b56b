"""The shipped network on ONNX Runtime, and what a network may and must have."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.classifier import Classifier
from edge.errors import BundleError, FeatureError
from edge.exercise import Repetition
from edge.explanation import PHASES
from edge.judging import View
from edge.preprocessing import MIN_FRAMES, PREPROCESSINGS, prepare
from edge.runtime import Array, Network, TensorSpec
from tests.bundles import TRUST, copy_bundle, edit, put
from tests.edge.people import squat_track, with_ears

TIMES = np.arange(0, 3, 1 / 30)
REPETITION = Repetition(0.5, 1.5, 2.5, 0.8)
WIDTHS = {"differences": 20, "positions": 20, "head": 5}
MEANINGS = {
    "probabilities": ["incorrect", "correct"],
    "parts": ["left_knee", "neck"],
    "view": ["yaw", "height"],
}


def test_a_score_is_a_probability_and_repeatable() -> None:
    classifier = Classifier.load()
    scores = {classifier.score(squat_track(TIMES)) for _ in range(3)}
    assert len(scores) == 1
    assert 0 <= scores.pop() <= 1


def test_a_judgement_has_what_the_bundle_names() -> None:
    classifier, bundle = Classifier.load(), Bundle.open(DEFAULT_BUNDLE)
    judgement = classifier.judge(squat_track(TIMES), REPETITION)
    assert judgement.score == classifier.score(squat_track(TIMES))
    outputs = {one.name: one.classes for one in bundle.network("classifier").outputs}
    assert list(judgement.parts) == outputs.get("parts", [])
    assert all(0 <= one <= 1 for one in judgement.parts.values())
    assert (judgement.view is not None) == ("view" in outputs)


@pytest.mark.parametrize("frames", [MIN_FRAMES, MIN_FRAMES + 1, 30, 600])
def test_any_length_can_be_scored(frames: int) -> None:
    track = squat_track(np.arange(frames) / 30, length=2.0)
    assert 0 <= Classifier.load().score(track) <= 1


def test_too_little_to_score() -> None:
    with pytest.raises(FeatureError):
        Classifier.load().score(squat_track(TIMES[: MIN_FRAMES - 1]))


def test_neither_tensorflow_nor_torch_is_loaded() -> None:
    Classifier.load()
    assert not {"tensorflow", "torch", "keras"} & set(sys.modules)


# ## Other bundles


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEFAULT_BUNDLE / "manifest.json").read_text())
    return found


def changed_bundle(
    tmp_path: Path, network: Mapping[str, Any] | None = None, **changes: Any
) -> Path:
    """Return a signed copy of the shipped bundle with some keys of the manifest changed.

    :param network: keys of the classifier's network that are changed.
    """
    folder = copy_bundle(tmp_path / "bundle")

    def change(found: dict[str, Any]) -> None:
        found.update(changes)
        if network:
            found["networks"]["classifier"].update(network)

    edit(folder, change)
    return folder


def inputs(**changes: Any) -> list[dict[str, Any]]:
    """Return the network's inputs with the first one changed."""
    first, *others = manifest()["networks"]["classifier"]["inputs"]
    return [{**first, **changes}, *others]


def outputs(**changes: Any) -> list[dict[str, Any]]:
    """Return the network's outputs with the probabilities changed."""
    return [
        {**one, **changes} if one["name"] == "probabilities" else one
        for one in manifest()["networks"]["classifier"]["outputs"]
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": inputs(preprocessing="magic")}, "preprocessing magic version 1"),
        ({"inputs": inputs(preprocessing_version=9)}, "version 9"),
        ({"inputs": inputs(name="other")}, "lacks an input or output"),
        ({"inputs": [*inputs(), {**inputs()[0], "name": "more"}]}, "lacks an input or output"),
        ({"outputs": outputs(name="other")}, "'probabilities' with a class 'correct' is missing"),
        ({"outputs": outputs(classes=["a", "b"])}, "class 'correct' is missing"),
        ({"outputs": [*outputs(), {**outputs()[0], "name": "smell"}]}, "lacks an input or output"),
    ],
)
def test_what_this_version_cannot_run_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=message):
        Classifier.load(changed_bundle(tmp_path, {"tolerances": {}, **changes}), trust=TRUST)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "pose"},
        {"networks": {}},
        {"networks": dict.fromkeys("ab", manifest()["networks"]["classifier"])},
    ],
)
def test_a_classifier_has_one_network(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="classifiers with one network"):
        Classifier.load(changed_bundle(tmp_path, **changes), trust=TRUST)


def test_a_bundle_of_another_exercise_is_refused(tmp_path: Path) -> None:
    folder = changed_bundle(tmp_path, exercise="push_up")
    with pytest.raises(BundleError, match=r"squat .* judges push_up, not squat"):
        Classifier.load(folder, trust=TRUST)
    Classifier.load(folder, "push_up", trust=TRUST)


@pytest.mark.parametrize(
    ("name", "message"),
    [("classifier.onnx", "not a network"), ("typical.npz", "no typical repetitions")],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(
    name: str, message: str, tmp_path: Path
) -> None:
    folder = changed_bundle(tmp_path)
    put(folder, name, b"nothing of the kind")
    with pytest.raises(BundleError, match=message):
        Classifier.load(folder, trust=TRUST)


# ## A network with everything that one may have


class TurnedNetwork(Network):
    """Stands in for a network: it finds everybody turned by a fixed angle."""

    runtime = "fake"
    inputs = tuple(TensorSpec(name, ("N", "T", width)) for name, width in WIDTHS.items())
    outputs = tuple(TensorSpec(name, ("N", len(one))) for name, one in MEANINGS.items())

    def __init__(self, yaw: float) -> None:
        self.yaw = yaw
        self.seen: dict[str, tuple[int, ...]] = {}

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.seen = {name: one.shape for name, one in inputs.items()}
        count = len(inputs["positions"])
        answers = {
            "probabilities": [0.3, 0.7],
            "parts": [0.9, 0.2],
            "view": [self.yaw, 1.2],
        }
        return {
            name: np.tile(np.array(one, np.float32), (count, 1)) for name, one in answers.items()
        }


def everything(tmp_path: Path, yaw: float) -> tuple[Classifier, TurnedNetwork]:
    """Return a classifier of three inputs and three outputs, and its network."""
    network = TurnedNetwork(yaw)
    first, answered = inputs()[0], outputs()[0]
    folder = changed_bundle(
        tmp_path,
        {
            "tolerances": {},
            "inputs": [
                {**first, "name": name, "preprocessing": name, "shape": ["N", "T", width]}
                for name, width in WIDTHS.items()
            ],
            "outputs": [
                {**answered, "name": name, "classes": one} for name, one in MEANINGS.items()
            ],
        },
        visible_to={"left_knee": 30.0, "neck": 20.0},
    )
    return Classifier.load(folder, opener=lambda *_: network, trust=TRUST), network


def test_every_input_is_made_and_every_output_is_told(tmp_path: Path) -> None:
    classifier, network = everything(tmp_path, yaw=-25.0)
    judgement = classifier.judge(with_ears(squat_track(TIMES)), REPETITION)
    frames = len(TIMES) - 1
    assert network.seen == {name: (1, frames, width) for name, width in WIDTHS.items()}
    assert judgement.score == pytest.approx(0.7)
    assert judgement.parts == pytest.approx({"left_knee": 0.9, "neck": 0.2})
    assert judgement.view == View(-25.0, float(np.float32(1.2)))
    assert judgement.hidden == {"neck"}  # turned by more than its 20 degrees


@pytest.mark.parametrize(("yaw", "hidden"), [(0.0, set()), (31.0, {"left_knee", "neck"})])
def test_parts_hide_as_the_person_turns(yaw: float, hidden: set[str], tmp_path: Path) -> None:
    classifier, _ = everything(tmp_path, yaw)
    assert classifier.judge(with_ears(squat_track(TIMES)), REPETITION).hidden == hidden


def test_a_part_whose_joints_nobody_saw_is_hidden_from_any_side(tmp_path: Path) -> None:
    """Without ears the neck's head has no input; its answer was told all the same."""
    classifier, _ = everything(tmp_path, yaw=0.0)
    assert classifier.judge(squat_track(TIMES), REPETITION).hidden == {"neck"}


def test_several_clips_are_scored_together() -> None:
    classifier = Classifier.load()
    prepared = prepare(squat_track(TIMES))
    one = classifier.inputs(prepared)
    scores = classifier.scores({name: np.stack([value] * 3) for name, value in one.items()})
    assert scores == pytest.approx([classifier.score(squat_track(TIMES))] * 3, abs=1e-6)
    assert all((name, 1) in PREPROCESSINGS for name in one)


# ## Explaining


def test_a_bundle_without_typical_repetitions_explains_nothing(tmp_path: Path) -> None:
    folder = changed_bundle(tmp_path)
    edit(folder, lambda found: found["files"].pop("typical.npz"))
    classifier, track = Classifier.load(folder, trust=TRUST), squat_track(TIMES)
    judgement = classifier.judge(track, REPETITION)
    assert classifier.explain(track, REPETITION, judgement) is None


def test_with_them_it_names_a_part_a_joint_and_a_moment(tmp_path: Path) -> None:
    joints = prepare(squat_track(np.linspace(0.5, 2.5, 61)))
    phases = np.linspace(0, len(joints) - 1, PHASES).astype(int)
    path = tmp_path / "made.npz"
    np.savez_compressed(path, joints=joints[phases][None], views=np.array([[0.0, 1.3]]))
    folder = changed_bundle(tmp_path)
    put(folder, "typical.npz", path.read_bytes())
    classifier, track = Classifier.load(folder, trust=TRUST), squat_track(TIMES)
    found = classifier.explain(track, REPETITION, classifier.judge(track, REPETITION))
    assert found is not None
    assert found.gain == max(found.gains.values())
    assert found.part in found.gains and "neck" not in found.gains  # nobody saw the ears
    assert REPETITION.start <= found.moment <= REPETITION.end
