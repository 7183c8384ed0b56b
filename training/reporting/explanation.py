"""How often the explanation of a score names the part of the body that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edge.explanation import Typical
from training.compare import MODELS, OURS
from training.corpus import LABELS
from training.explained import Explained, KerasNetwork, explain_takes, single_faults
from training.naming import PART_OF_LABEL
from training.reporting.markdown import figure, table
from training.reporting.saved import Saved


def explained(saved: Saved) -> list[Explained]:
    """Explain synthetic people with one part wrong; empty where no network is trained."""
    if saved.shipped is None:
        return []
    return explain_takes(
        KerasNetwork(saved.shipped.plain, MODELS[OURS]),
        Typical.load(saved.shipped.typical),
        single_faults(saved.test_movements),
        saved.bench.seed,
    )


def explained_table(found: Sequence[Explained]) -> str:
    """Return how often the right part is named, by what is wrong, and when it is said to be."""
    rows = []
    for label in (*LABELS, "all"):
        some = [one for one in found if label in ("all", one.truth)]
        if some:
            called = [one for one in some if one.score < 0.5]
            rows.append([
                label, len(some), share(some, lambda one: one.right),
                len(called), share(called, lambda one: one.right),
                share(some, lambda one: one.likeliest == PART_OF_LABEL[one.truth]),
                share(some, lambda one: 0.25 <= one.phase <= 0.75),
            ])  # fmt: skip
    head = ["only this is wrong", "squats", "explanation right", "called bad",
            "of these right", "likeliest head right", "moment in the deeper half"]  # fmt: skip
    return table(head, rows)


def share(some: Sequence[Explained], of: Callable[[Explained], bool]) -> str:
    """Return the share for which something holds."""
    return figure(float(np.mean([of(one) for one in some])) if some else None)
