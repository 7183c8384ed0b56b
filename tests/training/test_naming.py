"""Which part is named, and how often it is right."""

from __future__ import annotations

import numpy as np
import pytest

from training.corpus import LABELS
from training.naming import named, naming_figures, wrong_parts


def row(**values: float) -> list[float]:
    return [values.get(name, 0.0) for name in LABELS]


def test_the_likeliest_is_named_and_too_much_depth_is_the_hips() -> None:
    parts = np.array([row(torso=0.4, neck=0.3), row(too_deep=0.9, neck=0.8), row()])
    assert named(parts).tolist() == ["torso", "hip_joint", ""]


def test_unknown_parts_are_not_wrong() -> None:
    assert wrong_parts(np.array([[1, 0, 0, 0, 0, -1, 1]])) == [{"base_of_support", "hip_joint"}]


def test_each_part_counts_the_same_however_frequent() -> None:
    wrong = np.array([row(torso=1)] * 3 + [row(left_knee=1, right_knee=1)]).astype(np.int64)
    parts = np.array([row(torso=0.9)] * 3 + [row(torso=0.9)])
    found = naming_figures(wrong, parts)
    assert found is not None
    assert found["macro_recall"] == 0.5
    assert found["by_part"] == {"knees": {"right": 0, "of": 1}, "torso": {"right": 3, "of": 3}}


@pytest.mark.parametrize(("said", "right"), [("left_knee", 1), ("right_knee", 0)])
def test_a_single_knee_must_be_the_right_one(said: str, right: int) -> None:
    wrong = np.array([row(left_knee=1)]).astype(np.int64)
    found = naming_figures(wrong, np.array([row(**{said: 0.7})]))
    assert found is not None
    assert found["by_part"] == {"knees": {"right": right, "of": 1}}


def test_where_nothing_is_known_there_are_no_figures() -> None:
    assert naming_figures(np.full((3, 7), -1), np.full((3, 7), 0.5)) is None
