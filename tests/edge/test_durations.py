"""Durations: counted by size, the last ones kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.durations import LAST, Durations

BOUNDS = (0.01, 0.1, 1.0)


def test_nothing_yet() -> None:
    durations = Durations(BOUNDS)
    assert durations.count == 0
    assert durations.counts == (0, 0, 0, 0)
    assert durations.quantile(0.5) is None


def test_a_bound_belongs_to_what_is_below_it() -> None:
    durations = Durations(BOUNDS)
    for seconds in (0.0, 0.01, 0.011, 1.0, 7.0):
        durations.add(seconds)
    assert durations.counts == (2, 1, 1, 1)
    assert durations.total == 8.021


@given(st.lists(st.floats(0, 20), min_size=1, max_size=2 * LAST))
def test_they_are_counted_and_the_last_ones_told(all_of_them: list[float]) -> None:
    durations = Durations(BOUNDS)
    for seconds in all_of_them:
        durations.add(seconds)
    for bound, upto in zip(BOUNDS, (1, 2, 3), strict=True):
        assert sum(durations.counts[:upto]) == sum(s <= bound for s in all_of_them)
    assert durations.count == len(all_of_them)
    last = sorted(all_of_them[-LAST:])
    middle = durations.quantile(0.5)
    assert middle is not None
    assert sum(s <= middle for s in last) >= len(last) / 2
    assert sum(s < middle for s in last) <= len(last) / 2
    assert durations.quantile(1.0) == last[-1]
