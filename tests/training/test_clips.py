"""What is drawn for training: labels that hang on numbers, parts in balance, no gaps."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")

from training.corpus import LOWEST
from training.datasets import PARTS
from training.synthetic.body import sample_phenotype
from training.synthetic.clips import (
    KINDS,
    Movement,
    _targets,
    sample_bodies,
    sample_camera,
    sample_intent,
    sample_movement,
)
from training.synthetic.limits import LIMITS, TOO_DEEP, mean_of, measured, severities
from training.synthetic.rig import Rig
from training.synthetic.skeleton import BODY_25, JOINT

OWN = {kind: part for part, kinds in KINDS.items() for kind in kinds} | {"too deep": TOO_DEEP}
"""The label that each kind of fault is about."""


@pytest.fixture(scope="module")
def bodies() -> list[Rig]:
    return sample_bodies(np.random.default_rng(1), 3)


@pytest.fixture(scope="module")
def wrong(bodies: list[Rig]) -> dict[str, list[Movement]]:
    """Movements with one fault each, from slight to plain."""
    rng = np.random.default_rng(0)
    return {
        kind: [
            sample_movement(rng, bodies, intent={kind: severity}, rate=10.0)
            for severity in np.linspace(0.25, 0.95, 7)
        ]
        for kind in OWN
    }


def test_labels_follow_what_is_measured(wrong: dict[str, list[Movement]]) -> None:
    for movement in (one for several in wrong.values() for one in several):
        head_drop = movement.measured["head_drop"]
        again = mean_of(
            [
                measured(movement.joints, movement.times, repetition, head_drop)
                for repetition in movement.repetitions
            ]
        )
        assert movement.measured == pytest.approx(again)
        assert movement.wrong == severities(movement.measured)
        assert movement.correct == (max(movement.wrong.values()) <= 0)


@pytest.mark.parametrize("kind", OWN)
def test_each_intent_makes_its_own_part_wrong(kind: str, wrong: dict[str, list[Movement]]) -> None:
    hits = sum(movement.wrong[OWN[kind]] > 0 for movement in wrong[kind])
    assert hits >= len(wrong[kind]) - 2


def test_one_intent_seldom_makes_another_part_wrong(wrong: dict[str, list[Movement]]) -> None:
    others = [
        sum(severity > 0 for part, severity in movement.wrong.items() if part != OWN[kind])
        for kind, several in wrong.items()
        for movement in several
    ]
    assert np.mean(others) < 0.25


def test_who_means_to_squat_well_does(bodies: list[Rig]) -> None:
    rng = np.random.default_rng(4)
    good = [sample_movement(rng, bodies, correct=True, rate=10.0) for _ in range(20)]
    assert all(not movement.intent for movement in good)
    assert np.mean([movement.correct for movement in good]) >= 0.85


def test_nobody_sinks_through_the_floor(bodies: list[Rig]) -> None:
    """Below the ankles the solver of the posture once found a second place to sit."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        movement = sample_movement(rng, bodies, intent={"too deep": seed / 24}, rate=8.0)
        assert movement.joints[:, JOINT["MidHip"], 2].min() > LOWEST


def test_parts_are_in_balance() -> None:
    rng = np.random.default_rng(0)
    intents = [sample_intent(rng, correct=False) for _ in range(1500)]
    assert all(intents)
    counts = Counter(
        part for intent in intents for part in {p for p in PARTS if set(KINDS[p]) & set(intent)}
    )
    assert set(counts) == set(PARTS)
    # Knees mostly cave together, so that each is wrong more often than any other part.
    assert max(counts.values()) < 1.8 * min(counts.values())
    assert not sample_intent(rng, correct=True)
    assert all(0 <= much <= 1 for intent in intents for much in intent.values())


def test_densities_have_no_gap_at_a_limit() -> None:
    rng = np.random.default_rng(0)
    drawn = [_targets(rng, sample_intent(rng, correct=n % 2 == 0)) for n in range(12000)]
    for name, limits in LIMITS.items():
        values = np.array([targets[name] for targets in drawn])
        for limit in limits:
            severity = limit.severity(values)
            near = np.histogram(severity, np.linspace(-0.2, 0.2, 5))[0]
            assert near.min() > 0, f"{name} has a gap at {limit.edge}"


def test_seeds_reproduce(bodies: list[Rig]) -> None:
    first, again, other = (
        sample_movement(np.random.default_rng(seed), bodies) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first.joints, again.joints)
    assert first.faults == again.faults and first.intent == again.intent
    assert first.joints.shape != other.joints.shape or (first.joints != other.joints).any()
    assert first.joints.shape == (len(first.times), len(BODY_25), 3)
    assert np.isfinite(first.joints).all()
    assert sample_phenotype(np.random.default_rng(2)) == sample_phenotype(np.random.default_rng(2))
    assert sample_camera(np.random.default_rng(2)) == sample_camera(np.random.default_rng(2))


def test_several_repetitions_in_a_row(bodies: list[Rig]) -> None:
    movement = sample_movement(np.random.default_rng(3), bodies, count=3, rate=10.0)
    assert len(movement.repetitions) == 3
    assert movement.repetitions[-1].end < movement.times[-1]
