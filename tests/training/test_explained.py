"""The check of the explanation: which squats, and that a network is asked as the kiosk's is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

from edge.explanation import PHASES, Typical
from edge.joints import BODY_25
from edge.preprocessing import prepare
from tests.training.made_up import take
from training.compare import MODELS, OURS
from training.corpus import LABELS
from training.explained import Explained, KerasNetwork, explain_takes, single_faults
from training.filming import Shot, film
from training.model import build
from training.reporting.explanation import explained_table


@pytest.fixture(scope="module")
def network() -> KerasNetwork:
    return KerasNetwork(build(MODELS[OURS], trainable_with_padding=False), MODELS[OURS])


def test_only_squats_with_one_fault_are_explained_and_not_too_many_of_each() -> None:
    takes = [
        take("p1"),
        take("p1", "torso"),
        take("p1", "torso", "neck"),
        take("p1", "neck"),
        *[take("p1", "torso")] * 3,
    ]
    chosen = single_faults(takes, each=2)
    assert [np.flatnonzero(one.wrong == 1).tolist() for one in chosen] == [[3], [5], [3]]


def test_the_network_gets_the_inputs_of_the_kiosk(network: KerasNetwork) -> None:
    prepared = prepare(film(take(), Shot(), np.random.default_rng(0), None))
    inputs = network.inputs(prepared)
    assert {name: rows.shape[1] for name, rows in inputs.items()} == {
        "differences": 20, "positions": 20, "head": 5
    }  # fmt: skip
    scores = network.scores({name: np.stack([rows, rows]) for name, rows in inputs.items()})
    assert scores.shape == (2,)
    assert scores[0] == pytest.approx(scores[1])
    assert 0 <= scores[0] <= 1


def test_every_explanation_names_a_part_and_a_moment_in_the_squat(network: KerasNetwork) -> None:
    still = np.zeros((1, PHASES, len(BODY_25), 2))
    still[:, :, [11, 14], 1] = 1.0  # ankles below the hips
    typical = Typical(still, np.array([[0.0, 1.3]]))
    (found,) = explain_takes(network, typical, [take("p1", "torso")], seed=1)
    assert found.truth == "torso"
    assert found.part in LABELS[:6] and found.likeliest in LABELS[:6]
    assert 0 <= found.phase <= 1


def test_the_table_counts_those_called_bad_apart() -> None:
    one = Explained("left_knee", "left_knee", "torso", 0.2, 0.5)
    found = explained_table([one, replace(one, part="right_knee", score=0.8, phase=0.1)])
    assert "| left_knee | 2 | 0.500 | 1 | 1.000 | 0.000 | 0.500 |" in found
    assert replace(one, truth="too_deep", part="hip_joint").right
