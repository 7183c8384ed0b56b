"""Choose what the thesis leaves open: the LSTM's outputs and where the dropout is.

    python -m training.search --data ../shared/data --dropout 0.2 --dropout 0.3 --dropout 0.4

Every candidate learns from synthetic people, then goes on with two thirds of the recorded people,
and is judged by its accuracy on the third that it has not seen. What was tried is kept in
``training/runs/search``, so that a search that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras_tuner
import numpy as np

from training.compare import FINE_EPOCHS, FINE_RATE, Bench, folds, with_synthetic
from training.fitting import answer, fit
from training.measures import accuracy
from training.model import Hyperparameters
from training.runs import Run
from training.sets import Sets

THIRDS: Final = 3

EPOCHS: Final = 3
"""On synthetic people: enough to compare, not to finish."""

SMALL: Final = 64
"""Synthetic examples with ``--small``, which shows that all works and says nothing."""

PLACES: Final = ("lstm", "dense", "both")
OUTPUTS: Final = ("all", "direction")
PLAIN: Final = Hyperparameters()


def judge(bench: Bench, hyper: Hyperparameters, *, small: bool = False) -> float:
    """Return the accuracy on people that were held out, over all thirds.

    :param small: learn from a few synthetic examples for one epoch only.
    """
    synthetic, epochs = bench.sets.train, EPOCHS
    if small:
        synthetic, epochs = synthetic.take(np.arange(min(SMALL, len(synthetic)))), 1
    learnt = fit(hyper, synthetic, epochs=epochs, seed=bench.seed).get_weights()
    varied, plain = bench.source("uiprmd")
    scores = np.zeros(len(plain))
    for held_out in folds(plain.person, THIRDS):
        learn = varied.where(~np.isin(varied.person, held_out))
        learn = with_synthetic(learn, synthetic, bench.seed)
        model = fit(hyper, learn, epochs=1 if small else FINE_EPOCHS, seed=bench.seed,
                    rate=FINE_RATE, start=learnt)  # fmt: skip
        unseen = np.flatnonzero(np.isin(plain.person, held_out))
        scores[unseen] = answer(model, hyper, plain.take(unseen)).score
    return accuracy(plain.labels, scores)


class Grid(keras_tuner.oracles.GridSearchOracle):
    """Goes over every combination, and knows after a restart where it was.

    keras-tuner 1.4.8 forgets the order of its trials when it reads them again, and then fails.
    """

    def set_state(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""
        super().set_state(state)
        for trial in self.start_order:
            self._ordered_ids.insert(trial)
            self._populate_next.append(trial)


class Search(keras_tuner.Tuner):
    """Tries every combination, each once.

        search = Search(bench, space(), folder, trials=None)
        search.search(verbose=0)

    :param bench: whom the candidates learn from.
    :param space: what is tried.
    :param folder: where the trials are kept.
    :param trials: at most so many; None: all of them.
    :param small: as in :func:`judge`.
    """

    def __init__(
        self,
        bench: Bench,
        space: keras_tuner.HyperParameters,
        folder: Path,
        *,
        trials: int | None = None,
        small: bool = False,
    ) -> None:
        self._bench = bench
        self._small = small
        settings = {
            "space": space.get_config(), "seed": bench.seed, "small": small, "epochs": EPOCHS,
            "fine": [FINE_EPOCHS, FINE_RATE], "data": dict(bench.sets.hashes),
        }  # fmt: skip
        oracle = Grid(
            objective=keras_tuner.Objective("accuracy", "max"),
            max_trials=trials,
            hyperparameters=space,
            seed=bench.seed,
            max_consecutive_failed_trials=1,
        )
        # Other data or settings are another search.
        name = Run(folder, settings).path.stem
        super().__init__(oracle, directory=folder, project_name=name, overwrite=False)

    def run_trial(self, trial: Any, *_args: Any, **_settings: Any) -> dict[str, float]:
        """Return how good one combination is."""
        hyper = replace(PLAIN, **trial.hyperparameters.values)
        return {"accuracy": judge(self._bench, hyper, small=self._small)}

    def table(self) -> str:
        """Return what was tried, the best first, as a Markdown table."""
        trials = [t for t in self.oracle.trials.values() if t.score is not None]
        trials.sort(key=lambda trial: -trial.score)
        rows = [
            "| 64 outputs | dropout after | dropout | learning rate | accuracy |",
            "|---|---|---|---|---|",
        ]
        for trial in trials:
            tried = trial.hyperparameters.values
            rows.append(
                f"| {tried['lstm_outputs']} | {tried['dropout_after']} | {tried['dropout']} "
                f"| {tried['learning_rate']} | {trial.score:.3f} |"
            )
        return "\n".join(rows)


def space(
    dropouts: Sequence[float] = (PLAIN.dropout,), rates: Sequence[float] = (PLAIN.learning_rate,)
) -> keras_tuner.HyperParameters:
    """Return the grid: what the thesis leaves open, times what is given."""
    grid = keras_tuner.HyperParameters()
    grid.Choice("lstm_outputs", list(OUTPUTS))
    grid.Choice("dropout_after", list(PLACES))
    grid.Choice("dropout", list(dropouts))
    grid.Choice("learning_rate", list(rates))
    return grid


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              help="Where corpora and the search are.")  # fmt: skip
@click.option("--dropout", "dropouts", type=float, multiple=True, default=[PLAIN.dropout],
              show_default=True, help="Try this share; may be given several times.")  # fmt: skip
@click.option("--rate", "rates", type=float, multiple=True, default=[PLAIN.learning_rate],
              show_default=True, help="Try this learning rate; likewise.")  # fmt: skip
@click.option("--trials", type=int, default=None, help="At most so many; all by default.")
@click.option("--small", is_flag=True, help="Only to see that it works.")
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(  # noqa: PLR0917
    data: Path,
    folder: Path,
    dropouts: Sequence[float],
    rates: Sequence[float],
    trials: int | None,
    small: bool,
    seed: int,
) -> None:
    """Compare every combination of what the thesis leaves open; go on where it stopped."""
    bench = Bench(Sets(data, folder), folder / "compare", seed)
    search = Search(bench, space(dropouts, rates), folder / "search", trials=trials, small=small)
    search.search(verbose=0)
    click.echo(search.table())


if __name__ == "__main__":
    main()
