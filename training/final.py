"""The one look at the final halves: run once for a model that is shipped, and logged for good.

    python -m training.final --data ../shared/data

The halves are fixed in :mod:`training.halves`. The log, ``training/final_log.json``, is kept with
the code; a model that was looked at already is told from it, not run again.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras

from training.compare import MODELS, OURS
from training.fitting import answer
from training.runs import file_hash, git_hash
from training.sets import Sets, visible
from training.train import measure

LOG: Final = Path(__file__).with_name("final_log.json")


def read_log() -> list[dict[str, Any]]:
    """Return every look that was ever taken, in order."""
    return list(json.loads(LOG.read_text(encoding="utf-8"))) if LOG.exists() else []


def look(sets: Sets, model: keras.Model) -> dict[str, Any]:
    """Return the figures of a model on the final halves."""
    hyper = MODELS[OURS]
    aitrainer, wing = sets.measured("aitrainer", "final"), sets.measured("wing", "final")
    seen = visible(aitrainer)
    measured = (
        ("aitrainer", aitrainer, "aitrainer, the final dates"),
        ("aitrainer_visible", seen, "aitrainer, the final dates, without lifted heels and toes"),
        ("wing", wing, "wing, the final half"),
    )
    return {name: measure(e, answer(model, hyper, e), what) for name, e, what in measured}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--run", "folder", type=click.Path(path_type=Path),
              default=Path("training/runs/squat"),
              help="Folder that training.train wrote.")  # fmt: skip
@click.option("--why", required=True, help="Why this model is looked at, for the log.")
def main(data: Path, folder: Path, why: str) -> None:
    """Measure a model that is to be shipped on the final halves, once."""
    path = folder / "trained.keras"
    log, digest = read_log(), file_hash(path)
    known = [entry for entry in log if entry["model"] == digest]
    if known:
        click.echo(f"this model was looked at on {known[0]['date']}; nothing was run")
    else:
        model = keras.models.load_model(path, compile=False)
        entry = {
            "model": digest,
            "date": datetime.now(timezone.utc).date().isoformat(),
            "git": git_hash(),
            "why": why,
            "figures": look(Sets(data, folder.parent), model),
        }
        known = [entry]
        LOG.write_text(json.dumps([*log, entry], indent=1) + "\n", encoding="utf-8")
    for name, figures in known[0]["figures"].items():
        click.echo(f"{name}: {figures['balanced_accuracy']} {figures['balanced_accuracy_95']}")


if __name__ == "__main__":
    main()
