"""The thesis's network: its shape, its padding, and that it learns."""

# ruff: noqa: E402 - what follows needs what may be skipped here

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

from tests.training.test_datasets import squat
from training.examples import Examples, varied_examples
from training.fitting import Batches, fit, pad, score
from training.measures import balanced_accuracy, figures, interval
from training.model import Hyperparameters, build, deployable

CHOICES = [
    Hyperparameters(lstm_outputs=outputs, dropout_after=place)
    for outputs in ("all", "direction")
    for place in ("dense", "lstm", "both")
]


@pytest.fixture(scope="module")
def examples() -> Examples:
    """Squats that differ in length."""
    return varied_examples([squat("p1"), squat("p2", correct=False)], 4, seed=1)


def test_the_layers_are_those_of_the_thesis() -> None:
    model = build(Hyperparameters(), trainable_with_padding=False)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    found = [(layer.filters, *layer.kernel_size) for layer in convolutions]
    assert found == [(32, 5), (64, 3), (64, 3)]
    assert model.get_layer("both_ways").output.shape == (None, 64)
    assert model.get_layer("dense").units == 32
    assert model.output_shape == (None, 2)
    assert model.input_shape == (None, None, 20)


def test_64_outputs_can_mean_64_per_direction() -> None:
    model = build(Hyperparameters(lstm_outputs="direction"), trainable_with_padding=False)
    assert model.get_layer("both_ways").output.shape == (None, 128)


def test_adam_has_the_learning_rate_of_the_thesis() -> None:
    model = build(Hyperparameters(), trainable_with_padding=True)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)
    assert [x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)] == [0.3]


@pytest.mark.parametrize("hyper", CHOICES, ids=lambda h: f"{h.lstm_outputs}-{h.dropout_after}")
def test_padding_does_not_change_the_answer(hyper: Hyperparameters) -> None:
    keras.utils.set_random_seed(3)
    trained = build(hyper, trainable_with_padding=True)
    plain = deployable(trained, hyper)
    rng = np.random.default_rng(0)
    inputs = [rng.normal(0, 0.05, (n, 20)).astype(np.float32) for n in (2, 9, 23, 24)]
    padded, lengths = pad(inputs)
    for row, length in zip(padded, lengths, strict=True):
        row[length:] = 7.0  # whatever stands in the padding must not matter
    with_padding = trained([padded, lengths], training=False).numpy()
    for index, one in enumerate(inputs):
        alone = plain(one[None], training=False).numpy()[0]
        assert np.abs(with_padding[index] - alone).max() < 1e-5


def test_batches_hold_every_example_once_and_pad_little(examples: Examples) -> None:
    batches = Batches(examples, seed=1, batch=4)
    lengths = np.concatenate([batches[i][0][1] for i in range(len(batches))])
    assert sorted(lengths) == sorted(len(one) for one in examples.inputs)
    for number in range(len(batches)):
        (padded, inside), _ = batches[number]
        assert padded.shape[1] == inside.max()


def test_it_learns_and_repeats_itself_from_the_same_seed() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(24) % 2
    inputs = [
        (rng.normal(0, 0.01, (int(rng.integers(8, 14)), 20)) * (1 + 3 * label)).astype(np.float32)
        for label in labels
    ]
    toy = Examples(inputs, labels, [squat()] * len(labels))
    answers = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        model = build(Hyperparameters(), trainable_with_padding=True)
        epochs, loss = fit(model, toy, epochs=10, seed=1, validation=toy, patience=10)
        assert 1 <= epochs <= 10
        assert loss < 0.3
        answers.append(score(model, toy))
    assert balanced_accuracy(labels, answers[0]) > 0.9
    assert np.abs(answers[0] - answers[1]).max() < 1e-5


def test_figures_stand_beside_the_trivial_answers() -> None:
    labels, scores = np.array([1, 1, 1, 0]), np.array([0.9, 0.8, 0.3, 0.4])
    found = figures(labels, scores, ["a", "a", "b", "b"], ["none", "none", "none", "knee"])
    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-4)
    assert found["always_good"]["accuracy"] == 0.75
    assert found["always_bad"]["accuracy"] == 0.25
    assert found["accuracy_by_group"] == {"a": 1.0, "b": 0.5}
    assert found["area_under_curve"] == pytest.approx(2 / 3, abs=1e-4)


def test_people_who_are_alike_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 100)
    groups = np.repeat([f"p{n}" for n in range(10)], 20)
    right = np.isin(groups, ["p0", "p1", "p2", "p3", "p4", "p5"])
    scores = np.where(right, labels, 1 - labels).astype(float)
    by_person = interval(labels, scores, list(groups))
    by_clip = interval(labels, scores, [str(n) for n in rng.permutation(len(labels))])
    assert by_person[1] - by_person[0] > by_clip[1] - by_clip[0]
