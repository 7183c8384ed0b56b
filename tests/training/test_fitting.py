"""Learning: batches, losses that leave out what is unknown, and the same answer twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

import keras

from tests.training.made_up import toy
from training import fitting
from training.calibration import best_switch, calibrate, platt
from training.corpus import LABELS
from training.examples import Examples
from training.filming import INPUTS
from training.fitting import Batches, answer, balanced_crossentropy, fit, view_loss
from training.measures import balanced_accuracy
from training.model import Hyperparameters, build

OURS = Hyperparameters("parts", inputs=tuple(INPUTS), learning_rate=0.002)
LEFT = LABELS.index("left_knee")


def test_batches_hold_every_example_once_and_pad_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "BATCH", 4)
    examples = toy(22)
    batches = Batches(examples, OURS, seed=1)
    lengths, labels = [], []
    for number in range(len(batches)):
        inputs, targets = batches[number]
        assert set(inputs) == {*INPUTS, "lengths"} and set(targets) == set(OURS.outputs)
        assert inputs["differences"].shape[1] == inputs["lengths"].max()
        lengths += inputs["lengths"].tolist()
        labels += targets["probabilities"].tolist()
    assert sorted(lengths) == sorted(len(one) for one in examples.inputs)
    assert sum(labels) == examples.labels.sum()


def test_an_unknown_part_has_no_loss_and_rare_wrongs_weigh_as_much_as_the_many_fine() -> None:
    examples = toy(20)
    wrong = np.zeros((20, len(LABELS)), np.int64)
    wrong[:2, LEFT] = 1
    loss = balanced_crossentropy(replace(examples, wrong=wrong))
    said = np.full((1, len(LABELS)), 0.5, np.float32)

    def one(value: float) -> float:
        truth = np.full((1, len(LABELS)), -1, np.float32)
        truth[0, LEFT] = value
        return float(loss(truth, said)[0])

    assert one(-1) == 0
    assert one(1) / one(0) == pytest.approx(18 / 2, rel=1e-5)


def test_an_unknown_view_has_no_loss_and_no_nan() -> None:
    said = np.array([[10.0, 1.3]], np.float32)
    unknown = np.full((1, 2), np.nan, np.float32)
    assert float(view_loss(unknown, said)[0]) == 0
    assert float(view_loss(np.array([[30.0, 1.3]], np.float32), said)[0]) == pytest.approx(0.5)


@pytest.fixture(scope="module")
def learnt() -> tuple[Examples, list[np.ndarray]]:
    """Return people and what two networks of the same seed say of them."""
    people = toy(64)
    people.view[0] = np.nan
    people.wrong[1] = -1
    said = []
    for _ in range(2):
        model = fit(OURS, people, epochs=10, seed=1, validation=toy(24, seed=9))
        said.append(answer(model, OURS, toy(24, seed=2)))
    return toy(24, seed=2), said


def test_nobody_judges_the_neck_of_a_head_that_was_not_seen() -> None:
    people = toy(6)
    head = people.columns("head")
    for one in people.inputs[:3]:
        one[:, head] = 0.0
    for one in people.inputs[3:]:
        one[:, head.stop - 1] = 1.0
    said = answer(build(OURS, trainable_with_padding=True), OURS, people)
    assert said.parts is not None
    neck = said.parts[:, LABELS.index("neck")]
    assert not neck[:3].any() and (neck[3:] > 0).all()


def test_it_learns_and_repeats_itself_from_the_same_seed(learnt: tuple) -> None:
    people, (one, other) = learnt
    assert balanced_accuracy(people.labels, one.score) > 0.9
    assert ((one.parts[:, LEFT] >= 0.5) == people.wrong[:, LEFT]).mean() > 0.9
    assert np.abs(one.score - other.score).max() < 1e-5
    assert np.isfinite(one.view).all()


def test_answers_come_in_the_order_of_the_examples() -> None:
    hyper, people = Hyperparameters(), toy(24)
    model = build(hyper, trainable_with_padding=True)
    together = answer(model, hyper, people).score
    alone = [answer(model, hyper, people.take(np.array([i]))).score[0] for i in range(4)]
    assert together[:4] == pytest.approx(alone, abs=1e-5)


def test_scores_of_a_boasting_network_are_brought_down() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.02, 0.98, 4000)
    labels = (rng.random(4000) < true).astype(np.int64)
    logits = np.log(true / (1 - true))
    boasting = 1 / (1 + np.exp(-3 * logits - 0.6))
    scale, shift = platt(labels, boasting)
    assert scale == pytest.approx(1 / 3, rel=0.1)
    assert shift == pytest.approx(-0.2, abs=0.1)


def test_a_part_switches_where_it_is_most_often_right() -> None:
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    scores = np.array([0.3, 0.25, 0.2, 0.1, 0.08, 0.05, 0.04, 0.02])
    assert 0.1 < best_switch(labels, scores) < 0.2


def test_calibration_moves_the_switch_of_each_part_to_a_half() -> None:
    keras.utils.set_random_seed(1)
    model, people = build(OURS, trainable_with_padding=True), toy(60)
    before = answer(model, OURS, people)
    assert before.parts is not None
    # Somewhere above its middle every head is right, but for a tenth of the people.
    flipped = np.random.default_rng(0).random(before.parts.shape) < 0.1
    wrong = (before.parts > np.quantile(before.parts, 0.7, axis=0)) ^ flipped
    people = replace(people, wrong=wrong.astype(np.int64))
    calibrate(model, OURS, people)
    after = answer(model, OURS, people)
    assert after.parts is not None
    for index in range(len(LABELS)):
        said = before.parts[:, index] >= best_switch(people.wrong[:, index], before.parts[:, index])
        # Whoever is a hair from the switch may fall on either side.
        assert ((after.parts[:, index] >= 0.5) == said).mean() > 0.95
    with pytest.raises(ValueError, match="no parts"):
        plain = Hyperparameters()
        calibrate(build(plain, trainable_with_padding=True), plain, people)
