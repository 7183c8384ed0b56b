"""Does it help to know a person's own good squat? Tried on UI-PRMD, every person left out in turn.

    python -m training.reference --data ../shared/data

Each person's first correct repetition is their reference; it is in no test, with or without being
used, so that both answer for the same repetitions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.baseline import summaries
from training.calibration import logits_of
from training.compare import OURS, Bench
from training.examples import Examples
from training.measures import figures
from training.sets import Sets

Array = npt.NDArray[np.float64]

STANDING: Final = slice(0, 20)
"""The columns of a summary that are the posture when standing: body proportions and the view."""

MODELS: Final[dict[str, Callable[[], Any]]] = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=2000)),
    "trees": lambda: HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08,
                                                    random_state=0),
}  # fmt: skip


def references(examples: Examples) -> npt.NDArray[np.int64]:
    """Return [N] the index of the first correct repetition of the same person and sensor."""
    first: dict[tuple[str, str], int] = {}
    keys = list(zip(examples.person.tolist(), examples.source.tolist(), strict=True))
    for index, key in enumerate(keys):
        if examples.labels[index] == 1:
            first.setdefault(key, index)
    return np.array([first[key] for key in keys])


def leave_one_out(inputs: Array, examples: Examples, make: Callable[[], Any]) -> Array:
    """Return [N] scores, every person's by a model that has learnt from the others."""
    scores = np.zeros(len(examples))
    for person in np.unique(examples.person):
        out = examples.person == person
        model = make().fit(inputs[~out], examples.labels[~out])
        scores[out] = model.predict_proba(inputs[out])[:, 1]
    return scores


def trial(bench: Bench) -> list[dict[str, Any]]:
    """Return the figures of every model with and without each kind of reference."""
    examples = bench.sets.recorded
    reference = references(examples)
    tested = np.flatnonzero(reference != np.arange(len(examples)))
    plain = summaries(examples)
    kinds = {
        "none": plain,
        "proportions and view": np.hstack([plain, plain[reference][:, STANDING]]),
        "a good repetition": np.hstack([plain, plain - plain[reference]]),
    }
    logits = logits_of(_lopo_scores(bench, examples))
    ours = {
        "none": logits[:, None],
        "a good repetition": np.stack([logits, logits - logits[reference]], axis=1),
    }
    rows = []
    for model, make in MODELS.items():
        for kind, inputs in kinds.items():
            scores = leave_one_out(inputs, examples, make)
            rows.append(_row(model, kind, examples, tested, scores))
    for kind, inputs in ours.items():
        scores = leave_one_out(inputs, examples, MODELS["logistic"])
        rows.append(_row("logistic on our network's score", kind, examples, tested, scores))
    return rows


def _lopo_scores(bench: Bench, examples: Examples) -> Array:
    """Return [N] what our network says of people whom it has not seen."""
    scores = np.zeros(len(examples))
    for out, run in bench.left_out_runs(OURS, "uiprmd", synthetic=True):
        scores[np.isin(examples.person, out)] = run.result()["unseen/score"]
    return scores


def _row(
    model: str, kind: str, examples: Examples, tested: npt.NDArray[np.int64], scores: Array
) -> dict[str, Any]:
    chosen = examples.take(tested)
    found = figures(chosen.labels, scores[tested], chosen.person.tolist(), chosen.error.tolist())
    return {"model": model, "reference": kind, **found}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              help="Where the runs of training.compare are.")  # fmt: skip
@click.option("--seed", default=1, help="Of the runs.")
def main(data: Path, folder: Path, seed: int) -> None:
    """Try a personal reference and print the table."""
    click.echo("| model | reference | accuracy | balanced (95 %) |\n|---|---|---|---|")
    for row in trial(Bench(Sets(data, folder), folder / "compare", seed)):
        low, high = row["balanced_accuracy_95"]
        click.echo(f"| {row['model']} | {row['reference']} | {row['accuracy']:.3f} "
                   f"| {row['balanced_accuracy']:.3f} ({low:.2f}-{high:.2f}) |")  # fmt: skip


if __name__ == "__main__":
    main()
