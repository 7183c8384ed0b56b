"""Whether the parts of the body that are named are those that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from training.corpus import LABELS
from training.examples import Examples
from training.filming import SQUAT
from training.fitting import Answers
from training.measured import Measured
from training.naming import GROUPS, PART_OF, naming_figures
from training.reporting.markdown import table
from training.reporting.saved import Told
from training.takes import SYNTHETIC
from training.train import parts_table

Array = npt.NDArray[np.float64]

FAULT_PARTS = {fault.name: fault.part for fault in SQUAT.faults}


def part_table(examples: Examples, said: Answers) -> str:
    """Return precision, recall and F1 of every part's head, beside the majority's accuracy."""
    keys = ("wrong", "of", "precision", "recall", "f1", "accuracy", "majority")
    found = parts_table(examples, said)
    return table(
        ["part", *keys[:-1], "always the majority"],
        [[name, *(one[key] for key in keys)] for name, one in found.items()],
    )


def confusion(examples: Examples, said: Told) -> str:
    """Return how often each kind is called bad, and how often each head says "wrong".

    Of synthetic people the kinds are the labels, where nothing else is wrong; of others they are
    the source's own words.
    """
    parts, bad = said.parts, said.score < 0.5
    kinds: dict[str, npt.NDArray[np.bool_]] = {}
    if set(examples.source.tolist()) <= {SYNTHETIC, "rendered"}:
        single = (examples.wrong > 0).sum(axis=1) == 1
        kinds = {n: (examples.wrong[:, i] > 0) & single for i, n in enumerate(LABELS)}
        kinds["nothing"] = examples.labels == 1
    else:
        kinds = {name: examples.error == name for name in sorted(set(examples.error.tolist()))}
    lines = []
    for name, rows in kinds.items():
        if rows.any():
            heads = [f"{share:.2f}" for share in (parts[rows] >= 0.5).mean(axis=0)]
            lines.append([name, int(rows.sum()), f"{bad[rows].mean():.2f}", *heads])
    return table(["only this is wrong", "repetitions", "called bad", *LABELS], lines)


def naming_table(answers: Mapping[str, tuple[npt.NDArray[np.int64], Array]]) -> str:
    """Return the recall of the named part in several sets.

    :param answers: by the set's name, [N, 7] what is wrong and [N, 7] how likely the heads say so.
    """
    rows = []
    for name, (wrong, parts) in answers.items():
        found = naming_figures(wrong, parts)
        if found:
            rows.append([name, f"**{found['macro_recall']:.3f}**", *naming_cells(found)])
    return table(["set", "mean recall", *GROUPS], rows)


def naming_cells(found: Mapping[str, Any]) -> list[str]:
    """Return the recall of each group of parts with its counts, or a dash."""
    return [
        f"{one['right'] / one['of']:.2f} ({one['right']} of {one['of']})"
        if (one := found["by_part"].get(group))
        else "-"
        for group in GROUPS
    ]


def joined(*many: tuple[npt.NDArray[np.int64], Array]) -> tuple[npt.NDArray[np.int64], Array]:
    """Return several sets' truths and answers as one set's."""
    wrong, parts = zip(*many, strict=True)
    return np.concatenate(wrong), np.concatenate(parts)


def rule_parts(measured: Measured) -> Array:
    """Return [N, 7] how likely the pack's rules alone hold each part to be wrong; 0: not seen."""
    parts = np.zeros((len(measured), len(LABELS)))
    for row, faults in zip(parts, measured.parts, strict=True):
        for fault, probability in faults.items():
            index = PART_OF.index(FAULT_PARTS[fault])
            row[index] = max(row[index], probability)
    return parts


def macro(answers: tuple[npt.NDArray[np.int64], Array]) -> float | None:
    """Return the mean recall of the named part."""
    found = naming_figures(*answers)
    return None if found is None else float(found["macro_recall"])


def least_f1(examples: Examples, said: Answers) -> tuple[str, float]:
    """Return the part whose head has the least F1, and that."""
    found = parts_table(examples, said)
    name = min(found, key=lambda part: found[part]["f1"])
    return name, float(found[name]["f1"])
