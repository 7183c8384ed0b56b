"""What a network is worth, on people that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.datasets import HARD_TO_SEE, read
from training.examples import Examples, plain_examples
from training.measures import figures


def measure(examples: Examples, scores: npt.NDArray[np.float64], what: str) -> dict[str, Any]:
    """Return the figures of one measurement and what it is.

    :param scores: [N] the probability of correct for each example.
    :param what: in words, for the tables.
    """
    people = [clip.person for clip in examples.clips]
    kinds = [clip.error for clip in examples.clips]
    return {"what": what, **figures(examples.labels, scores, people, kinds)}


def unseen_sets(folder: Path, score: Any) -> dict[str, Any]:
    """Measure a network on the sets that no weights are trained on.

    :param folder: where the data sets are.
    :param score: maps examples to the probability of correct, [N].
    """
    aitrainer = plain_examples(read("aitrainer", folder))
    visible = aitrainer.without_errors(HARD_TO_SEE)
    wing = plain_examples(read("wing", folder))
    return {
        "aitrainer": measure(aitrainer, score(aitrainer), "aitrainer, never seen, real video")
        | {"show_groups": True, "show_kinds": True},
        "aitrainer_visible": measure(
            visible, score(visible), "aitrainer without lifted heels and toes"
        ),
        "wing": measure(wing, score(wing), "wing, never seen, real video") | {"show_kinds": True},
    }
