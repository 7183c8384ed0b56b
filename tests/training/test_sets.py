"""The sets: who is in which half, and what may be learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.datasets import HARD_TO_SEE
from training.examples import plain_examples
from training.halves import Half
from training.sets import Sets, group, visible

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SETS = Sets(SHARED, Path("training/runs"))
pytestmark = pytest.mark.skipif(
    not (SHARED / "uiprmd_deepsquat_vicon.npz").is_file(),
    reason="the data sets are not beside the checkout",
)


@pytest.mark.parametrize("source", ["aitrainer", "wing"])
def test_no_group_is_in_both_halves_and_none_is_lost(source: str) -> None:
    takes: dict[Half, list[str]] = {
        half: [group(take) for take in SETS.takes(source, half)] for half in ("guide", "final")
    }
    assert takes["guide"] and takes["final"]
    assert not set(takes["guide"]) & set(takes["final"])
    assert sorted(takes["guide"] + takes["final"]) == sorted(map(group, SETS.takes(source)))


def test_what_cannot_be_seen_is_left_out() -> None:
    takes = SETS.takes("aitrainer", "guide")
    chosen = [
        next(take for take in takes if (take.error in HARD_TO_SEE) is hard)
        for hard in (True, False)
    ]
    both = plain_examples(chosen)
    assert len(both) == 2
    assert visible(both).error.tolist() == [chosen[1].error]


def test_both_sensors_saw_the_same_people() -> None:
    recorded = SETS.recorded
    by_source = [set(recorded.person[recorded.source == s]) for s in np.unique(recorded.source)]
    assert len(by_source) == 2 and by_source[0] == by_source[1] and len(by_source[0]) == 10


def test_every_set_that_is_there_has_a_hash() -> None:
    assert {"filming", "uiprmd-vicon", "aitrainer"} <= set(SETS.hashes)
    assert "recordings" not in SETS.hashes
