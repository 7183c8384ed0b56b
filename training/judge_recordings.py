"""What the shipped model is worth on your own recordings: each view and each load by itself.

    python -m training.judge_recordings --data DIR --split split.json

With a split only its test people are judged. The bundle is the one that the kiosk runs, so nothing
needs to be trained. Squats with a barbell or dumbbells are told apart, because the thesis's figures
and the model's training are for empty hands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from edge.bundle import DEFAULT_BUNDLE
from edge.classifier import Classifier
from edge.errors import BundleError
from training.datasets import Clip, DataError, people, read
from training.examples import Examples, plain_examples
from training.measures import accuracy, balanced_accuracy
from training.reporting.markdown import figure, table
from training.split import Split
from training.takes import recorded_takes

SOURCE = "recordings"


def kinds(clips: Sequence[Clip]) -> Iterator[tuple[str, str, list[Clip]]]:
    """Yield each view and load that there is, with its clips."""
    for view, load in sorted({(clip.view, clip.load) for clip in clips}):
        yield view, load, [clip for clip in clips if (clip.view, clip.load) == (view, load)]


def scores(classifier: Classifier, examples: Examples) -> npt.NDArray[np.float64]:
    """Return [N] the probability of correct, as the kiosk's own classifier says.

    :param classifier: of a bundle.
    """
    columns = {name: examples.columns(name) for name in classifier.names}
    return np.array([
        classifier.scores({name: one[None][..., where] for name, where in columns.items()})[0]
        for one in examples.inputs
    ])  # fmt: skip


def row(view: str, load: str, clips: Sequence[Clip], classifier: Classifier) -> list[Any]:
    """Return one line of the table."""
    examples = plain_examples(recorded_takes(clips))
    said, labels = scores(classifier, examples), examples.labels
    both = len(np.unique(labels)) == 2
    return [
        view,
        load,
        len(people(clips)),
        len(labels),
        int(labels.sum()),
        figure(accuracy(labels, said)),
        figure(balanced_accuracy(labels, said) if both else None),
        figure(float(labels.mean())),
        figure(1 - float(labels.mean())),
    ]


HEAD = ("view", "load", "people", "repetitions", "correct", "accuracy", "balanced", "always good",
        "always bad")  # fmt: skip


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with recordings/ and their keypoints.")  # fmt: skip
@click.option("--split", "path", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="Judge only the test people of this file of training.split.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path), default=DEFAULT_BUNDLE,
              help="The bundle; the shipped one by default.")  # fmt: skip
def main(data: Path, path: Path | None, bundle: Path) -> None:
    """Judge your own recordings with a bundle, each view and load by itself."""
    try:
        clips = read(SOURCE, data)
        if path is not None:
            clips = Split.load(path, data).part(clips)["test"]
    except DataError as error:
        raise click.ClickException(str(error)) from error
    if not clips:
        raise click.ClickException("no repetition to judge: see the warnings, or name another side")
    try:
        classifier = Classifier.load(bundle)
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(HEAD, [row(*kind, classifier) for kind in kinds(clips)]))


if __name__ == "__main__":
    main()
