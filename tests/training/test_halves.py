"""Halves that nobody chose, and that stay as they are."""

from __future__ import annotations

from training.halves import halves

STRATA = {f"clip{number:02d}": "deep" if number % 3 else "shallow" for number in range(20)}


def test_a_group_is_in_one_half_and_every_group_in_some() -> None:
    found = halves("wing", STRATA)
    assert not set(found["guide"]) & set(found["final"])
    assert sorted(found["guide"] + found["final"]) == sorted(STRATA)


def test_each_half_has_its_share_of_every_stratum() -> None:
    found = halves("wing", STRATA)
    for stratum in ("deep", "shallow"):
        counts = [sum(STRATA[group] == stratum for group in half) for half in found.values()]
        assert abs(counts[0] - counts[1]) <= 1


def test_the_order_in_which_groups_are_named_does_not_matter() -> None:
    backwards = dict(reversed(STRATA.items()))
    assert halves("wing", STRATA) == halves("wing", backwards)


def test_another_set_is_dealt_out_anew() -> None:
    assert halves("wing", STRATA) != halves("aitrainer", STRATA)


def test_the_rule_is_never_changed_after_somebody_has_looked() -> None:
    found = halves("aitrainer", dict.fromkeys("abcdefgh", ""))
    assert found == {"guide": ["a", "b", "e", "h"], "final": ["c", "d", "f", "g"]}
