"""Whether the part of the body that is named is the one that is wrong.

    found = naming_figures(examples.wrong, said.parts)
    found["macro_recall"]

The part named is the one that the network holds likeliest to be wrong, as the kiosk tells it: only
one can be named, so that nothing is won by calling everything wrong. The sets hardly ever say which
knee it was, so either knee is right where both are wrong; too much depth counts for the hips.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.corpus import LABELS
from training.synthetic.limits import TOO_DEEP

GROUPS: Final = ("base_of_support", "knees", "torso", "hip_joint", "neck")
"""What is counted by itself."""

GROUP_OF: Final = {"left_knee": "knees", "right_knee": "knees"}

PART_OF_LABEL: Final = {name: "hip_joint" if name == TOO_DEEP else name for name in LABELS}
"""For each of :data:`training.corpus.LABELS` the part of the body that is named."""

PART_OF: Final = tuple(PART_OF_LABEL.values())


def named(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Return [N] the part of the body that each repetition is told; empty where nothing is.

    :param parts: [N, 7] probability of wrong, of each of :data:`training.corpus.LABELS`.
    """
    return np.where(parts.max(axis=1) > 0, np.array(PART_OF)[np.argmax(parts, axis=1)], "")


def wrong_parts(wrong: npt.NDArray[np.int64]) -> list[set[str]]:
    """Return for each repetition the parts of the body that are known to be wrong.

    :param wrong: [N, 7] 1 wrong, 0 fine, -1 unknown.
    """
    return [{PART_OF[i] for i in np.flatnonzero(row == 1)} for row in wrong]


def naming_figures(
    wrong: npt.NDArray[np.int64], parts: npt.NDArray[np.float64]
) -> dict[str, Any] | None:
    """Return how often the part named is one that is wrong, by part and as their mean.

        naming_figures(examples.wrong, said.parts)["by_part"]["knees"]   # {"right": 40, "of": 51}

    :param wrong: [N, 7] 1 wrong, 0 fine, -1 unknown.
    :param parts: [N, 7] probability of wrong.
    :return: None where nothing is known to be wrong.
    """
    told = named(parts)
    by_part: dict[str, dict[str, int]] = {}
    for group in GROUPS:
        truths = [
            (name, truth)
            for name, truth in zip(told.tolist(), wrong_parts(wrong), strict=True)
            if any(GROUP_OF.get(part, part) == group for part in truth)
        ]
        if truths:
            right = sum(name in truth for name, truth in truths)
            by_part[group] = {"right": right, "of": len(truths)}
    if not by_part:
        return None
    recalls = [one["right"] / one["of"] for one in by_part.values()]
    return {"macro_recall": round(float(np.mean(recalls)), 4), "by_part": by_part}
