"""Examples: labels as the shot shows them, kept under what they were made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.made_up import examples, take
from training.corpus import LABELS
from training.examples import Examples, _labels, make_examples, plain_examples
from training.filming import INPUTS, Shot

NECK, LEFT, RIGHT = (LABELS.index(name) for name in ("neck", "left_knee", "right_knee"))


def test_a_mirror_swaps_the_knees_and_nothing_else() -> None:
    one = take("p1", "left_knee", "torso")
    _, plain, _ = _labels(one, Shot())
    _, mirrored, severity = _labels(one, Shot(mirror=True))
    assert (plain[LEFT], plain[RIGHT]) == (1, 0)
    assert (mirrored[LEFT], mirrored[RIGHT]) == (0, 1)
    assert severity[RIGHT] == 0.5 and severity[LEFT] == -0.5
    assert np.delete(mirrored, [LEFT, RIGHT]).tolist() == np.delete(plain, [LEFT, RIGHT]).tolist()
    assert one.wrong[LEFT] == 1  # the take itself is unchanged


def test_without_a_head_nobody_can_judge_the_neck() -> None:
    headless = Shot(headless=True)
    correct, wrong, severity = _labels(take("p1", "neck"), headless)
    assert correct == 1 and wrong[NECK] == -1 and np.isnan(severity[NECK])
    correct, wrong, _ = _labels(take("p1", "neck", "torso"), headless)
    assert correct == 0 and wrong[LABELS.index("torso")] == 1
    # Of a recording nothing else is known: what the source says of the whole stays.
    unknown = replace(take("p1", "neck"), wrong=np.full(len(LABELS), -1), correct=0)
    assert _labels(unknown, headless)[0] == 0


def test_plain_examples_are_exact_and_know_their_view() -> None:
    found = plain_examples([take("p1"), take("p2", "neck")])
    assert found.labels.tolist() == [1, 0]
    assert found.view == pytest.approx(np.array([[0.0, 1.3]] * 2))
    assert all(one.shape[1] == sum(INPUTS.values()) for one in found.inputs)
    assert all(np.isfinite(one).all() and one.dtype == np.float32 for one in found.inputs)
    flat = replace(take(), joints=take().joints[..., [0, 2]] * [1, -1])
    assert np.isnan(plain_examples([flat]).view).all()


def test_the_same_seed_makes_the_same_and_what_was_made_is_read(tmp_path: Path) -> None:
    takes = [take("p1"), take("p2", "left_knee")]
    one, other = (make_examples(takes, 3, 5, tmp_path / name) for name in ("a", "b"))
    assert len(one) == 6 and len(list((tmp_path / "a").glob("*.npz"))) == 1
    assert all(np.array_equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert not np.array_equal(one.inputs[0], one.inputs[1])
    (kept,) = (tmp_path / "a").glob("*.npz")
    before = kept.stat().st_mtime_ns
    assert len(make_examples(takes, 3, 5, tmp_path / "a")) == 6
    assert kept.stat().st_mtime_ns == before
    make_examples(takes, 3, 6, tmp_path / "a")
    make_examples(takes[:1], 3, 5, tmp_path / "a")
    assert len(list((tmp_path / "a").glob("*.npz"))) == 3


def test_other_severities_are_other_examples(tmp_path: Path) -> None:
    """Films were once kept under the labels alone: new limits found the old severities."""
    one = take()
    for severity in (one.severity, one.severity + 0.1):
        made = make_examples([replace(one, severity=severity)], 1, 5, tmp_path)
        assert made.severity[0][~np.isnan(made.severity[0])][0] == pytest.approx(severity[0])


def test_a_copy_is_labelled_as_it_was_shot(tmp_path: Path) -> None:
    made = make_examples([take("p1", "left_knee")], 40, 1, tmp_path)
    mirrored = made.wrong[:, RIGHT] == 1
    assert 0.2 < mirrored.mean() < 0.8
    assert (made.wrong[:, LEFT] == 1 - mirrored).all()
    head = made.columns("head")
    known = np.array([one[0, head][4] == 1 for one in made.inputs])
    assert ((made.wrong[:, NECK] >= 0) == known).all()


def test_examples_are_kept_whole_and_chosen_together(tmp_path: Path) -> None:
    found = examples("p1", "p2")
    found.save(tmp_path / "kept.npz")
    again = Examples.load(tmp_path / "kept.npz")
    assert all(np.array_equal(a, b) for a, b in zip(found.inputs, again.inputs, strict=True))
    assert again.person.tolist() == ["p1", "p1", "p2", "p2"]
    one = again.where(again.person == "p2") + again.take(np.array([0]))
    assert one.person.tolist() == ["p2", "p2", "p1"] and one.labels.tolist() == [1, 0, 1]
    assert again.columns("positions") == slice(20, 40)
    with pytest.raises(KeyError):
        again.columns("smell")
