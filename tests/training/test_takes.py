"""Takes of recordings and of a corpus have one shape and one set of axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.joints import TEN
from tests.training.made_up import clip, movement
from training.corpus import JOINTS, LABELS, QUANTITIES, Corpus
from training.takes import corpus_takes, recorded_takes


def test_recordings_are_turned_to_the_axes_of_synthetic_people() -> None:
    (found,) = recorded_takes([clip()])
    times, joints = movement()
    np.testing.assert_allclose(found.joints, joints[:, :10], atol=1e-12)
    np.testing.assert_array_equal(found.times, times)
    assert found.which == TEN
    assert found.moments == pytest.approx((0.0, 1.0, 2.0))


def test_flat_recordings_stay_as_they_are() -> None:
    flat = clip().joints[..., :2] * [1, -1]
    (found,) = recorded_takes([replace(clip(), joints=flat)])
    np.testing.assert_array_equal(found.joints, flat)
    assert found.moments[1] == pytest.approx(1.0)


def test_of_a_correct_recording_every_part_is_fine_of_others_only_what_was_labelled() -> None:
    parts = np.array([-1, 1, 0, -1, -1, -1])
    good, bad = recorded_takes([clip(), replace(clip(correct=False), parts=parts)])
    assert good.correct == 1 and good.wrong.tolist() == [0] * len(LABELS)
    assert bad.correct == 0 and bad.wrong.tolist() == [-1, 1, 0, -1, -1, -1, -1]
    assert np.isnan(bad.severity).all()


def test_people_of_another_corpus_have_other_names() -> None:
    times, joints = movement()
    severity = np.full((2, len(LABELS)), -0.5)
    severity[1, LABELS.index("torso")] = 0.2
    made = Corpus(
        times=[times] * 2,
        joints=[joints.astype(np.float32)] * 2,
        moments=np.array([[0.0, 1.0, 2.0]] * 2),
        severity=severity,
        measured=np.zeros((2, len(QUANTITIES))),
        intent=[{}, {"forward lean": 0.2, "narrow": 0.1}],
        person=np.array([0, 1]),
        seed=7,
    )
    good, bad = corpus_takes(made)
    assert (good.correct, good.error, good.wrong.sum()) == (1, "none", 0)
    assert (bad.correct, bad.error) == (0, "forward lean + narrow")
    assert [name for name, one in zip(LABELS, bad.wrong, strict=True) if one] == ["torso"]
    assert good.which == JOINTS
    others = corpus_takes(replace(made, seed=8))
    assert not {good.person, bad.person} & {one.person for one in others}
