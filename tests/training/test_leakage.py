"""The checks find the leaks that are put before them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs .venv-training, see training/README.md")
pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")

from tests.training.made_up import take
from tests.training.reports import examples, shallow
from training.leakage import (
    dealt_once,
    length_alone,
    movement_hash,
    on_two_sides,
    person_predicts,
    same_movement,
    shuffled_labels,
)


def test_whoever_is_on_two_sides_is_found() -> None:
    sides = {"train": ["a", "b"], "test": ["b", "c"], "other": ["d"]}
    assert on_two_sides(sides)["train", "test"] == ["b"]
    assert on_two_sides(sides)["train", "other"] == []


def test_everybody_is_left_out_once() -> None:
    assert dealt_once([["a"], ["b", "c"]], ["a", "b", "b", "c"])
    assert not dealt_once([["a"], ["a", "b", "c"]], ["a", "b", "c"])
    assert not dealt_once([["a"]], ["a", "b"])


def test_a_moved_copy_under_another_name_is_the_same_movement() -> None:
    one = take("p1")
    copy = replace(one, person="p2", joints=one.joints + np.array([0.3, 0.1, 0.0]))
    other = shallow("p1", 0.9)
    assert movement_hash(one) == movement_hash(copy) != movement_hash(other)
    found = same_movement({"train": [one, other, one], "test": [copy]})
    assert found == {"within train": 1, "within test": 0, "train and test": 1}


def test_missing_joints_do_not_stop_the_search() -> None:
    one = replace(take(), joints=take().joints.copy())
    one.joints[3, 2] = np.nan
    assert movement_hash(one) != movement_hash(take())


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one number of the inputs be the whole summary."""
    monkeypatch.setattr(
        "training.leakage.summaries", lambda e: np.array([one[0, :2] for one in e.inputs])
    )


@pytest.mark.usefixtures("plain")
def test_a_person_that_gives_the_label_away_is_found() -> None:
    some = examples()
    number = np.unique(some.person, return_inverse=True)[1]
    for index, one in enumerate(some.inputs):
        one[0, :2] = [number[index] in (0, 1), number[index] in (0, 2)]
    apart = person_predicts(replace(some, labels=(number < 2).astype(np.int64)))
    assert apart["person"] == 1.0
    assert apart["label"] == 1.0
    # Everybody has as many correct ones as incorrect ones: the person tells nothing.
    assert person_predicts(some)["label"] == 0.5


@pytest.mark.usefixtures("plain")
def test_after_learning_from_shuffled_labels_all_is_chance() -> None:
    some = examples()
    for index, one in enumerate(some.inputs):
        one[0, :2] = some.labels[index]
    mean, spread = shuffled_labels(some)
    assert abs(mean - 0.5) < 0.2
    assert spread > 0


def test_a_length_that_gives_the_label_away_is_found() -> None:
    some = examples()
    inputs = [np.zeros((20 + 5 * int(label), 45), np.float32) for label in some.labels]
    assert length_alone(replace(some, inputs=inputs)) == {"area": 1.0, "accuracy": 1.0}
