"""Train the thesis's classifier, and measure it honestly.

    python -m training.train --data ../shared/data

In order: film the recorded squats as the kiosk would see them; learn what a squat is from
synthetic people; leave every recorded person out in turn to see how it does on somebody new;
train the network to ship on all of them; measure that on sets it has never seen.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras
import numpy as np

from training.datasets import SOURCES, Clip, DataError, people, read_for_training, split_by_person
from training.evaluate import measure, unseen_sets
from training.examples import Examples, plain_examples, varied_examples
from training.fitting import BATCH, fit, score
from training.measures import accuracy
from training.model import Hyperparameters, build, deployable
from training.synthetic_clips import LICENCE, SOURCE, synthetic_clips

# ## What is fixed, and why

TRAINED_ON: Final = ("uiprmd-vicon", "uiprmd-kinect")
COPIES: Final = 6  # how often every recorded squat is filmed, each time differently
SYNTHETIC_PEOPLE: Final = 100
SYNTHETIC_EACH: Final = 12  # repetitions of each of them
SYNTHETIC_COPIES: Final = 4
SYNTHETIC_VALIDATION: Final = 0.2  # share of the synthetic people who only decide when to stop
FIRST_EPOCHS: Final = 12  # at most, on synthetic people
EPOCHS: Final = 5  # on recorded and synthetic people together; set by hand, not by the tests
FINE_RATE: Final = 0.001  # a third of the thesis's rate, once synthetic people are learnt

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Prepared:
    """Everything filmed.

    :param plain: recorded people, once each and exactly: to measure on.
    :param varied: recorded people, in many ways: to learn from.
    :param synthetic: synthetic people to learn from.
    :param synthetic_plain: other synthetic people, to decide when to stop.
    :param clips: the repetitions behind all of them.
    """

    plain: Examples
    varied: Examples
    synthetic: Examples
    synthetic_plain: Examples
    clips: list[Clip]


def prepare(data: Path, seed: int) -> Prepared:
    """Read, make up and film everything that the network may learn from.

    :raises click.ClickException: a data set is missing.
    """
    try:
        recorded = read_for_training(TRAINED_ON, data)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    made_up = synthetic_clips(SYNTHETIC_PEOPLE, SYNTHETIC_EACH, seed)
    learnt, held_out = part_synthetic(made_up)
    return Prepared(
        plain=plain_examples(recorded),
        varied=varied_examples(recorded, COPIES, seed),
        synthetic=varied_examples(learnt, SYNTHETIC_COPIES, seed),
        synthetic_plain=plain_examples(held_out),
        clips=recorded + made_up,
    )


def part_synthetic(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips of synthetic people to learn from, and of those who decide when to stop."""
    everybody = people(clips)
    return split_by_person(clips, everybody[: round(SYNTHETIC_VALIDATION * len(everybody))])


# ## Learning


def learn_synthetic(prepared: Prepared, hyper: Hyperparameters, seed: int) -> Weights:
    """Return the weights of a network that knows synthetic people only."""
    keras.utils.set_random_seed(seed)
    model = build(hyper, trainable_with_padding=True)
    fit(
        model,
        prepared.synthetic,
        epochs=FIRST_EPOCHS,
        seed=seed,
        validation=prepared.synthetic_plain,
    )
    return model.get_weights()


def learn_recorded(
    start: Weights,
    prepared: Prepared,
    hyper: Hyperparameters,
    seed: int,
    *,
    leave_out: Collection[str] = (),
) -> keras.Model:
    """Go on from synthetic people to recorded ones, some of whom are left out.

    As many synthetic examples are mixed in as recorded ones, so that what they taught is kept.
    The number of epochs is fixed: two or three people are too few to stop by.

    :param start: weights of :func:`learn_synthetic`.
    :param leave_out: recorded people of whom nothing is learnt.
    """
    everybody = people(prepared.varied.clips)
    recorded = prepared.varied.of_people([name for name in everybody if name not in leave_out])
    mixed = recorded + prepared.synthetic.sample(len(recorded), seed)
    keras.utils.set_random_seed(seed)
    model = build(hyper, trainable_with_padding=True)
    model.set_weights(start)
    model.optimizer.learning_rate = FINE_RATE
    fit(model, mixed, epochs=EPOCHS, seed=seed)
    return model


# ## Somebody new, ten times


def leave_one_out(
    start: Weights, prepared: Prepared, hyper: Hyperparameters, seed: int
) -> dict[str, Any]:
    """Return the figures of each recording, every person judged by a network without them."""
    tested, scores = Examples.none(), np.zeros(0)
    for name in people(prepared.plain.clips):
        model = learn_recorded(start, prepared, hyper, seed, leave_out=[name])
        unseen = prepared.plain.of_people([name])
        found = score(model, unseen)
        tested, scores = tested + unseen, np.concatenate([scores, found])
        click.echo(f"  without {name}: {accuracy(unseen.labels, found):.3f} right")
    figures = {}
    for source in TRAINED_ON:
        rows = [i for i, clip in enumerate(tested.clips) if clip.source == source]
        what = f"{source}, leave one person out"
        figures[source] = measure(tested.from_source(source), scores[rows], what)
        figures[source]["show_groups"] = True
    return figures


# ## What is written down


def about_data(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Return what the manifest says about each data set that was learnt from."""
    rows = []
    for name in (*TRAINED_ON, SOURCE):
        mine = [clip for clip in clips if clip.source == name]
        rows.append(
            {
                "name": name,
                "licence": LICENCE if name == SOURCE else SOURCES[name].licence,
                "people": len(people(mine)),
                "repetitions": len(mine),
                "correct": sum(clip.correct for clip in mine),
            }
        )
    return rows


def about_training(clips: Sequence[Clip], hyper: Hyperparameters, seed: int) -> dict[str, Any]:
    """Return what the manifest says about how the network came about."""
    libraries = ("tensorflow-cpu", "keras", "numpy", "scipy", "anny", "torch")
    return {
        "data": about_data(clips),
        "seed": seed,
        "hyperparameters": {
            **hyper.as_dict(),
            "batch": BATCH,
            "fine_learning_rate": FINE_RATE,
            "epochs": EPOCHS,
            "copies": COPIES,
            "synthetic_copies": SYNTHETIC_COPIES,
        },
        "date": datetime.now(timezone.utc).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in libraries},
        },
    }


# ## Everything in order


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("../shared/data"),
    help="Folder with the data sets.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("training/runs/squat"), help="Results."
)
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(data: Path, out: Path, seed: int) -> None:
    """Train the classifier and measure it."""
    hyper = Hyperparameters()

    # Film everything: exactly, to measure on, and in many ways, to learn from.
    prepared = prepare(data, seed)
    click.echo(f"{len(prepared.varied)} recorded and {len(prepared.synthetic)} synthetic examples")

    # Learn what a squat is from synthetic people, and see how far that carries.
    start = learn_synthetic(prepared, hyper, seed)
    model = build(hyper, trainable_with_padding=True)
    model.set_weights(start)
    strangers, recorded = prepared.synthetic_plain, prepared.plain
    figures = {
        "synthetic_only": measure(
            recorded, score(model, recorded), "UI-PRMD, by a network of synthetic people only"
        )
    }

    # Leave every recorded person out in turn.
    figures |= leave_one_out(start, prepared, hyper, seed)

    # The network to ship learns from everybody.
    model = learn_recorded(start, prepared, hyper, seed)
    figures["synthetic"] = measure(
        strangers, score(model, strangers), "synthetic people held out"
    ) | {"show_kinds": True, "accuracy_by_group": {}}
    figures |= unseen_sets(data, lambda examples: score(model, examples))
    for name, one in figures.items():
        click.echo(f"{name}: {one['accuracy']} {one['balanced_accuracy_95']}")

    # Leave it for the export.
    out.mkdir(parents=True, exist_ok=True)
    deployable(model, hyper).save(out / "classifier.keras")
    report = {"training": about_training(prepared.clips, hyper, seed), "figures": figures}
    (out / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
