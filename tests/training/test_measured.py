"""What measured quantities alone are worth."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")

from tests.training.made_up import take
from tests.training.reports import shallow
from training.measured import (
    NAMES,
    best_threshold,
    coverage,
    measure_takes,
    ranking,
    threshold_accuracy,
)

LABELS = np.array([1, 1, 1, 0, 0, 0])


def test_a_quantity_ranks_whichever_way_it_goes() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
    assert ranking(LABELS, values) == {"area": 1.0, "higher": False, "count": 5}
    assert ranking(LABELS, -values) == {"area": 1.0, "higher": True, "count": 5}
    assert ranking(LABELS, np.array([1.0, 1.0, 1.0, np.nan, np.nan, np.nan])) is None


def test_the_best_threshold_knows_its_direction() -> None:
    values = np.array([5.0, 6.0, 7.0, 1.0, 2.0, 3.0])
    assert best_threshold(LABELS, values) == (5.0, True)
    assert best_threshold(1 - LABELS, values) == (5.0, False)


def test_a_threshold_is_never_chosen_on_whom_it_judges() -> None:
    # In each group the quantity is right, but the groups disagree on where the limit is.
    labels = np.array([1, 0, 1, 0])
    values = np.array([1.0, 0.0, 11.0, 10.0])
    groups = np.array(["a", "a", "b", "b"])
    assert threshold_accuracy(labels, values, groups) == 0.5
    assert threshold_accuracy(labels, values, np.array(["a"] * 4)) is None


def test_coverage_of_the_same_and_of_others() -> None:
    values = np.linspace(0, 1, 200)
    same, apart = coverage(values, values), coverage(values, values + 5)
    assert same is not None and apart is not None
    assert same["inside"] > 0.98 and same["common"] == pytest.approx(1.0)
    assert apart == {"inside": 0.0, "common": 0.0}
    assert coverage(values, np.full(3, np.nan)) is None


def test_a_squat_is_measured_as_the_kiosk_measures_it() -> None:
    found = measure_takes([take("p1"), shallow("p2", 0.5)])
    depth = found.values[:, NAMES.index("depth")]
    # Hips 0.84 m above the ankles sink by 0.45 m and by half of that; the ends are cut close.
    assert depth == pytest.approx([53, 27], abs=3)
    assert found.counts.tolist() == [1, 1]
    assert found.rules[0] > 0.5 > found.rules[1]
    assert max(found.parts[1], key=lambda name: found.parts[1][name]) == "too_shallow"
    assert found.where(found.labels == 0).groups.tolist() == ["p2"]
