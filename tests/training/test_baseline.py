"""The plain baseline: numbers of a posture, and trees that learn from them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs .venv-training, see training/README.md")

from tests.training.made_up import examples, toy
from training import baseline


def test_summaries_of_one_squat_do_not_depend_on_how_long_it_is() -> None:
    found = examples("p1")
    rows = baseline.summaries(found)
    assert rows.shape[0] == 2 and np.isfinite(rows).all()
    np.testing.assert_array_equal(rows[0], rows[1])  # the labels differ, the movement does not
    slow = found.inputs[0].repeat(2, axis=0)
    again = baseline.summary(slow, found.columns("positions"))
    apart = np.flatnonzero(np.abs(again - rows[0]) > 0.02)
    assert len(apart) <= 2  # the tempo down and up


def test_the_trees_learn_and_repeat_themselves() -> None:
    train, test = toy(80), toy(40, seed=1)
    one, other = (baseline.answer(baseline.fit(train, seed=3), test).score for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert ((one >= 0.5) == test.labels).mean() > 0.9
