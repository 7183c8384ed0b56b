"""Turn a trained network into the bundle that the kiosk runs.

    python -m training.export --run training/runs/squat --key ~/squat.key

Reads what ``training.train`` left in the run's folder, converts the network to ONNX, proves that
both give the same answers, makes it smaller, measures what that costs, and writes the bundle:
networks, golden cases, typical repetitions, model card, manifest, signature.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras

from edge.errors import SignatureError
from edge.private_keys import unlock
from training.bundle_files import TYPICAL, ExportError, Prepared, write_bundle
from training.conversion import FRAMES, widths
from training.datasets import DataError
from training.feature_files import clip_tracks, from_examples, from_keypoints, golden_inputs
from training.sets import Sets

BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"


def prepare_inputs(
    names: Sequence[str], data: Path, folder: Path, calibrate: Path | None
) -> Prepared:
    """Return the inputs that the export needs beside the network.

    :param names: of the network's inputs.
    :param data: folder of the recorded sets; those that are missing are not measured on.
    :param folder: with what was made for the training: ``rendered/evaluation``.
    :param calibrate: folder with what ``training.extract`` left; None: every other rendered clip.
    """
    sets = Sets(data, folder)
    rendered = from_examples(sets.rendered, names)
    measured = {
        "rendered": ("every other clip of synthetic people drawn and tracked", rendered[1::2])
    }
    for name, what in {
        "recorded": "UI-PRMD",
        "aitrainer": "aitrainer, the dates that guide",
    }.items():
        try:
            examples = sets.recorded if name == "recorded" else sets.measured("aitrainer", "guide")
        except DataError as error:
            click.echo(f"not measured on {what}: {error}", err=True)
            continue
        measured[name] = (what, from_examples(examples, names))
    return Prepared(
        golden_inputs(clip_tracks(), names),
        rendered[::2] if calibrate is None else from_keypoints(calibrate, names),
        measured,
    )


def ask(what: str) -> str:
    """Ask for something that nobody else shall see."""
    return str(click.prompt(what, hide_input=True, err=True))


@click.command()
@click.option("--run", type=click.Path(path_type=Path, exists=True, file_okay=False),
              default=Path("training/runs/squat"), show_default=True,
              help="Folder that training.train wrote.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path), default=BUNDLE,
              help="Where to write [default: the shipped bundle].")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              show_default=True, help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              show_default=True, help="Where rendered clips are.")  # fmt: skip
@click.option("--calibrate", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Keypoints that training.extract left, for int8 "
                   "[default: every other rendered clip].")  # fmt: skip
@click.option("--int8", "with_int8", is_flag=True, help="Ship the int8 file too.")
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Private key to sign with; scripts/bundle new-key makes one.")  # fmt: skip
def main(  # noqa: PLR0917 - click gives the options by name
    run: Path,
    bundle: Path,
    data: Path,
    folder: Path,
    calibrate: Path | None,
    with_int8: bool,
    key: Path | None,
) -> None:
    """Export a trained network as a bundle."""
    model = keras.models.load_model(run / "classifier.keras")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    try:
        signing = unlock(key, ask) if key else None
        prepared = prepare_inputs(list(widths(model)), data, folder, calibrate)
        content = write_bundle(model, report, run / TYPICAL, bundle, prepared,
                               with_int8=with_int8, key=signing)  # fmt: skip
    except (ExportError, DataError, SignatureError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    apart = content["figures"]["onnx_against_keras"]["largest_difference"]
    worst = ", ".join(f"{name} {one:.1e}" for name, one in apart.items())
    click.echo(f"{bundle}: apart from Keras over {len(FRAMES)} lengths: {worst}")
    for name, about in content["files"].items():
        click.echo(f"  {name}: {about['bytes']} bytes")
    click.echo("signed" if signing else "NOT SIGNED: no kiosk opens it before scripts/bundle sign")


if __name__ == "__main__":
    main()
