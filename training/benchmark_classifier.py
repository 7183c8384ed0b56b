"""How long one clip takes in Keras and in ONNX Runtime, measured side by side.

python -m training.benchmark_classifier --run training/runs/squat
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras
import numpy as np

from training.conversion import largest_differences, session, widths
from training.export import BUNDLE

CLIP: Final = 120
"""Frames of the clip: 4 s at 30 Hz."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both runtimes on the same clip in the same process.

    :param keras_ms: median of ``Model.predict``, milliseconds.
    :param onnx_ms: median of ONNX Runtime with one thread, milliseconds.
    :param largest_difference: between their probabilities, over many lengths.
    """

    keras_ms: float
    onnx_ms: float
    largest_difference: float

    @property
    def ratio(self) -> float:
        """How many times faster ONNX Runtime is."""
        return self.keras_ms / self.onnx_ms


def compare(model: keras.Model, path: Path, runs: int = 30) -> Comparison:
    """Measure both, taking turns so that a busy moment hits both.

    :param model: the deployable model.
    :param path: the same network as ONNX.
    :param runs: timed runs of each, after one to warm up.
    """
    rng, run = np.random.default_rng(0), session(path)
    clip = {
        name: rng.normal(0, 0.05, (1, CLIP, width)).astype(np.float32)
        for name, width in widths(model).items()
    }
    contenders: list[Callable[[], object]] = [
        lambda: model.predict(clip, verbose=0),
        lambda: run.run(None, clip),
    ]
    taken: list[list[float]] = [[], []]
    for turn in range(runs + 1):
        for contender, times in zip(contenders, taken, strict=True):
            start = time.perf_counter()
            contender()
            if turn:
                times.append(1000 * (time.perf_counter() - start))
    apart = largest_differences(model, path)["probabilities"]
    return Comparison(float(np.median(taken[0])), float(np.median(taken[1])), apart)


@click.command()
@click.option(
    "--run",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("training/runs/squat"),
    help="Folder that training.train wrote.",
)
@click.option("--bundle", type=click.Path(path_type=Path), default=BUNDLE, help="The bundle.")
@click.option("--runs", default=30, help="Timed runs of each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts/benchmark.")
def main(run: Path, bundle: Path, runs: int, as_json: bool) -> None:
    """Compare Keras and ONNX Runtime on one clip of 120 frames."""
    model = keras.models.load_model(run / "classifier.keras")
    found = compare(model, bundle / "classifier.onnx", runs)
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    click.echo(f"Keras predict  {found.keras_ms:8.2f} ms")
    click.echo(f"ONNX Runtime   {found.onnx_ms:8.2f} ms, {found.ratio:.0f} times faster")
    click.echo(f"largest difference {found.largest_difference:.1e}")


if __name__ == "__main__":
    main()
