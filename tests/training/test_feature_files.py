"""Inputs of the network from tracks: every repetition, golden cases, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.preprocessing import MIN_FRAMES, prepare
from edge.track import PoseTrack
from tests.training.made_up import take
from tests.training.test_recordings import keypoints
from training.datasets import DataError
from training.examples import plain_examples
from training.feature_files import (
    AT_ONCE,
    GOLDEN_CLIPS,
    LONGEST,
    from_examples,
    from_keypoints,
    golden_inputs,
    headless,
    stretched,
)
from training.filming import INPUTS

NAMES = list(INPUTS)


def test_every_repetition_of_what_the_extraction_left_is_taken(tmp_path: Path) -> None:
    for name in ("good_2", "bad_2"):
        keypoints(name).save(tmp_path / f"{name}.npz")
    found = from_keypoints(tmp_path, NAMES)
    assert len(found) == 6  # three of each
    for one in found:
        assert {name: array.shape[::2] for name, array in one.items()} == {
            name: (1, width) for name, width in INPUTS.items()
        }
        assert {array.dtype for array in one.values()} == {np.dtype(np.float32)}


def test_without_a_repetition_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run training\.extract"):
        from_keypoints(tmp_path, NAMES)
    found = keypoints("good_2")
    nobody = PoseTrack(np.zeros(0), np.zeros((0, 25, 2)), np.zeros((0, 25)))
    replace(found, track=nobody).save(tmp_path / "nobody.npz")
    with pytest.raises(DataError, match="no repetition"):
        from_keypoints(tmp_path, NAMES)


def test_examples_come_apart_again() -> None:
    examples = plain_examples([take()])
    (one,) = from_examples(examples, NAMES)
    together = np.concatenate([one[name][0] for name in NAMES], axis=1)
    assert np.array_equal(together, examples.inputs[0])


def test_golden_cases_have_every_length_view_and_number() -> None:
    assert all(path.is_file() for path in GOLDEN_CLIPS.values())
    tracks = {name: keypoints(name).track for name in ("good_2", "bad_2")}
    cases = golden_inputs(tracks, NAMES)
    assert list(cases) == [
        "good_2-1", "good_2-2", "good_2-headless", "bad_2-1", "bad_2-2", "bad_2-headless",
        "shortest", "longest", "several", "between",
    ]  # fmt: skip
    shapes = {name: one["positions"].shape[:2] for name, one in cases.items()}
    assert shapes["shortest"] == (1, MIN_FRAMES - 1) and shapes["longest"] == (1, LONGEST)
    assert shapes["several"][0] == shapes["between"][0] == AT_ONCE
    assert not cases["good_2-headless"]["head"].any() and cases["good_2-1"]["head"].any()
    assert np.array_equal(cases["good_2-headless"]["positions"], cases["good_2-1"]["positions"])
    assert all(np.isfinite(array).all() for one in cases.values() for array in one.values())
    assert set(golden_inputs(tracks, ["differences"])["several"]) == {"differences"}


def test_a_clip_without_a_repetition_is_told() -> None:
    still = keypoints("good_2").track.between(0.0, 0.5)
    with pytest.raises(DataError, match="no repetition in the clip still"):
        golden_inputs({"still": still}, NAMES)


def test_a_stretched_movement_begins_and_ends_alike() -> None:
    whole = prepare(keypoints("good_2").track)
    slow = stretched(whole, 901)
    assert len(slow) == 901
    np.testing.assert_allclose(slow[[0, -1]], whole[[0, -1]])
    assert np.isnan(headless(whole)[:, 0]).all()
