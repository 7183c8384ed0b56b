"""``scripts/benchmark``: one command, one table, on any machine."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from benchmarking.box import Watch, describe
from benchmarking.ours import Ours
from benchmarking.plain import PYTHON, ROOT, Keras, Plain
from benchmarking.served import serve
from benchmarking.table import Results, markdown
from edge.classifier import Classifier
from edge.frames.camera import DEMO_CLIPS
from edge.pose.blazepose import BlazePose

DEMOS: Final = [DEMO_CLIPS / "good.mp4", DEMO_CLIPS / "bad.mp4"]
MODEL: Final = ROOT / "training" / "runs" / "squat" / "classifier.keras"


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--repeats",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="How often each clip goes through each pipeline, in turns.",
)
@click.option(
    "--sets",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="Recordings at the live camera, which plays the first clip; 0: none.",
)
@click.option(
    "--seconds",
    default=6.0,
    show_default=True,
    type=click.FloatRange(1.0),
    help="How long such a recording lasts.",
)
@click.option(
    "--starts",
    default=3,
    show_default=True,
    type=click.IntRange(0),
    help="How often the server is started; 0: neither that nor its uploads.",
)
@click.option(
    "--uploads",
    default=8,
    show_default=True,
    type=click.IntRange(1),
    help="Videos that are sent to it.",
)
@click.option(
    "--keras",
    "model",
    default=MODEL,
    type=click.Path(path_type=Path),
    help="The Keras model of the plain pipeline, which training.train writes.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything that was measured, as JSON.")
def main(  # noqa: PLR0917 - click gives the options by name
    clips: tuple[Path, ...],
    repeats: int,
    sets: int,
    seconds: float,
    starts: int,
    uploads: int,
    model: Path,
    as_json: bool,
) -> None:
    """Measure CLIPS, or the demo clips, beside a plain pipeline in the same run."""
    chosen = list(clips) or DEMOS
    with ExitStack() as stack, Watch() as watch:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        classifier = Classifier.load()
        keras = None
        if not PYTHON.exists():
            predicting = "ONNX Runtime (there is no .venv-training, and so no Keras)"
        elif not model.exists():
            predicting = "ONNX Runtime (there is no trained Keras model; see training/README.md)"
        else:
            predicting = "Keras predict"
            keras = Keras(model, scratch)
            stack.callback(keras.close)
        results = Results(describe(), predicting)
        plain = Plain(classifier, keras.predict if keras else None)
        ours = Ours(classifier, BlazePose())
        for turn in range(repeats):
            for clip in chosen:
                for one in (plain, ours) if turn % 2 else (ours, plain):  # noise hits both
                    into = results.ours if one is ours else results.plain
                    into.append(one.run(clip, scratch))
                    done = f"{clip.name}, {'ours' if one is ours else 'plain'}"
                    click.echo(f"{done}: {into[-1].replay:.1f} s", err=True)
        if sets:
            results.live = ours.live(chosen[0], scratch, sets=sets, seconds=seconds)
        if starts:
            results.served = serve(chosen, scratch, starts=starts, uploads=uploads)
    results.use = watch.use
    click.echo(json.dumps(results.to_dict()) if as_json else markdown(results))


if __name__ == "__main__":
    main(prog_name="scripts/benchmark")
