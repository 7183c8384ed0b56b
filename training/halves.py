"""Which half of the sets that are only measured may guide choices, fixed before the first look.

    guide = halves("aitrainer", {date: "" for date in dates})["guide"]

Nobody chose who is in which half: within each stratum the groups are ordered by a hash of their
names and dealt out in turn. The *guide* half may be looked at as often as one likes; the *final*
half is run once for a model that is shipped, and every run of it is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import groupby
from typing import Literal

Half = Literal["guide", "final"]


def halves(source: str, strata: Mapping[str, str]) -> dict[Half, list[str]]:
    """Return the groups of each half, sorted.

    :param source: the data set's name.
    :param strata: for every group that must not be split (a date of aitrainer, a clip of wing)
        the stratum it belongs to, so that each half gets its share of every stratum.
    """
    parted: dict[Half, list[str]] = {"guide": [], "final": []}

    def order(group: str) -> tuple[str, str]:
        return strata[group], hashlib.sha256(f"{source}/{group}".encode()).hexdigest()

    for _, members in groupby(sorted(strata, key=order), key=lambda group: strata[group]):
        for number, group in enumerate(members):
            parted["guide" if number % 2 == 0 else "final"].append(group)
    return {half: sorted(groups) for half, groups in parted.items()}
