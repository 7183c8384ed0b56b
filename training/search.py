"""Choose what the thesis leaves open: the LSTM's outputs and where the dropout is.

    python -m training.search --data ../shared/data

Every candidate learns from synthetic people, then from two thirds of the recorded people, and is
judged by its accuracy on the third that it has not seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras
import numpy as np

from training.datasets import people
from training.fitting import fit, log_loss, score
from training.measures import accuracy
from training.model import Hyperparameters, build
from training.train import Prepared, learn_recorded, prepare

THIRDS: Final = 3
EPOCHS: Final = 5
"""On synthetic people: enough to compare, not to finish."""

PLACES: Final = ("dense", "lstm", "both")
OUTPUTS: Final = ("all", "direction")


def judge(hyper: Hyperparameters, prepared: Prepared, seed: int) -> tuple[float, float]:
    """Return loss and accuracy on people that were held out, over all thirds."""
    keras.utils.set_random_seed(seed)
    model = build(hyper, trainable_with_padding=True)
    fit(model, prepared.synthetic, epochs=EPOCHS, seed=seed)
    learnt = model.get_weights()
    everybody = people(prepared.plain.clips)
    losses, rights = [], []
    for third in range(THIRDS):
        held_out = everybody[third::THIRDS]
        model = learn_recorded(learnt, prepared, hyper, seed, leave_out=held_out)
        unseen = prepared.plain.of_people(held_out)
        scores = score(model, unseen)
        losses.append(log_loss(unseen.labels, scores))
        rights.append(accuracy(unseen.labels, scores))
    return float(np.mean(losses)), float(np.mean(rights))


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("../shared/data"),
    help="Folder with the data sets.",
)
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(data: Path, seed: int) -> None:
    """Compare every combination of what the thesis leaves open."""
    prepared = prepare(data, seed)
    click.echo("| 64 outputs | dropout after | loss | accuracy |\n|---|---|---|---|")

    def right(outputs: str, place: str) -> float:
        hyper = Hyperparameters(lstm_outputs=outputs, dropout_after=place)
        loss, share = judge(hyper, prepared, seed)
        click.echo(f"| {outputs} | {place} | {loss:.3f} | {share:.3f} |")
        return share

    # One after the other: first the place, then the outputs with the dropout in the best place.
    shares = {place: right(OUTPUTS[0], place) for place in PLACES}
    right(OUTPUTS[1], max(shares, key=lambda place: shares[place]))


if __name__ == "__main__":
    main()
