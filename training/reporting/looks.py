"""Every look at the final halves, from the log that is kept with the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.naming import GROUPS
from training.reporting.markdown import table, trivial, with_interval
from training.reporting.parts import naming_cells


def looks_table(log: Sequence[dict[str, Any]], digest: str | None) -> str:
    """Return every look at the final halves.

    :param log: as :func:`training.final.read_log` returns.
    :param digest: of the shipped weights, whose looks are marked.
    """
    rows = []
    for entry in log:
        model = f"**{entry['model']}**" if entry["model"] == digest else entry["model"]
        for name, one in entry["figures"].items():
            rows.append([entry["date"], model, entry["git"], entry["why"], name,
                         one["repetitions"], f"{one['accuracy']:.3f}", with_interval(one),
                         *trivial(one)])  # fmt: skip
    head = ["date", "model", "code", "why", "set", "repetitions", "accuracy", "balanced (95 %)",
            "always good", "always bad"]  # fmt: skip
    return table(head, rows) if rows else "No model was looked at yet."


def looks_naming(log: Sequence[dict[str, Any]], digest: str | None) -> str:
    """Return how often the shipped network named the right part in the final halves."""
    rows = [
        [name, f"**{one['named']['macro_recall']:.3f}**", *naming_cells(one["named"])]
        for entry in log
        if entry["model"] == digest
        for name, one in entry["figures"].items()
        if one.get("named")
    ]
    return table(["final half of", "mean recall", *GROUPS], rows) if rows else ""
