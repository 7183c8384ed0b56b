"""Figures that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures import f1_score, figures, interval, part_figures, reliability


def test_figures_stand_beside_the_trivial_answers() -> None:
    labels, scores = np.array([1, 1, 1, 0]), np.array([0.9, 0.8, 0.3, 0.4])
    found = figures(labels, scores, ["a", "a", "b", "b"], ["none", "none", "none", "knee"])
    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-4)
    assert found["always_good"]["accuracy"] == 0.75
    assert found["always_bad"]["accuracy"] == 0.25
    assert found["correct_called_good"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["incorrect_called_bad"] == 1.0
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


def test_a_part_is_measured_where_something_is_known_of_it() -> None:
    wrong = np.array([1, 1, 0, 0, 0, -1])
    found = part_figures(wrong, np.array([0.9, 0.2, 0.6, 0.1, 0.1, 0.9]))
    assert (found["wrong"], found["of"]) == (2, 5)
    assert found["precision"] == found["recall"] == found["f1"] == 0.5
    assert found["accuracy"] == found["majority"] == 0.6
    assert f1_score(np.zeros(2, bool), np.zeros(2, bool)) == 0


def test_probabilities_that_mean_what_they_say_have_no_gap() -> None:
    scores = np.repeat([0.25, 0.75], 400)
    labels = np.concatenate([np.arange(400) % 4 == 0, np.arange(400) % 4 != 0]).astype(int)
    assert reliability(labels, scores)["expected_calibration_error"] == 0
    boasting = reliability(labels, np.where(scores > 0.5, 0.95, 0.05))
    assert boasting["expected_calibration_error"] == pytest.approx(0.2)
