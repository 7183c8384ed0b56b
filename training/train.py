"""Train the model to ship: from synthetic people, calibrated, and measured on everybody else.

    python -m training.train --data ../shared/data

In order: learn what a squat is from synthetic people (kept by ``training.compare``); calibrate on
other synthetic people; find from which views each part of the body can be judged; measure on people
and sets that the network has never seen. It does not go on with UI-PRMD: even gently (two epochs,
twice as many synthetic people mixed in), what its acted mistakes teach costs three points of
balanced accuracy on the dates of aitrainer that guide, and one on synthetic people.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import datetime, timezone
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import keras
import numpy as np

from training import corpus
from training.calibration import calibrate
from training.compare import MODELS, OURS, OURS_EPOCHS, Bench
from training.corpus import LABELS
from training.examples import Examples
from training.fitting import BATCH, Answers, answer
from training.measures import f1_score, figures, part_figures, reliability
from training.model import build, deployable
from training.naming import naming_figures
from training.runs import git_hash, weights_from_arrays
from training.sets import COPIES, RECORDED, Sets, visible
from training.takes import SYNTHETIC, corpus_takes
from training.typical import typical_repetitions

# ## What is fixed, and why

LICENCE: Final = "made by this project with anny 0.6 (Apache-2.0, body data CC0)"
YAWS: Final = (0, 10, 20, 30, 46)  # edges of bins of |yaw|, degrees
HEIGHTS: Final = (0.6, 0.8, 1.0, 1.3, 1.6, 1.8, 2.01)  # edges of bins, metres
STANDARD_YAW, STANDARD_HEIGHT = 12.0, (1.1, 1.5)  # the standard view: nearly as the thesis films
SEEN_F1: Final = 0.5  # a part is said to be visible in views where its head reaches this F1


def standard(examples: Examples) -> np.ndarray:
    """Return [N] which examples are seen from about the thesis's own view."""
    yaw, height = np.abs(examples.view[:, 0]), examples.view[:, 1]
    low, high = STANDARD_HEIGHT
    return np.asarray((yaw <= STANDARD_YAW) & (height >= low) & (height <= high))


# ## Learning


def learn(bench: Bench) -> keras.Model:
    """Return the network that has learnt from synthetic people, calibrated on others."""
    model = build(MODELS[OURS], trainable_with_padding=True)
    model.set_weights(weights_from_arrays(bench.pretrain(OURS)))
    calibrate(model, MODELS[OURS], bench.sets.validation)
    return model


# ## Measuring


def measure(examples: Examples, said: Answers, what: str) -> dict[str, Any]:
    """Return the figures of one measurement and what it is."""
    people, errors = examples.person.tolist(), examples.error.tolist()
    kept = {"what": what, **figures(examples.labels, said.score, people, errors)}
    if said.parts is None:
        return kept
    told = naming_figures(examples.wrong, said.parts)
    return kept | {"parts": parts_table(examples, said), "named": told}


def parts_table(examples: Examples, said: Answers) -> dict[str, Any]:
    """Return the figures of every part of which something is known."""
    if said.parts is None:
        return {}
    return {
        name: part_figures(examples.wrong[:, index], said.parts[:, index])
        for index, name in enumerate(LABELS)
        if (examples.wrong[:, index] > 0).any()
    }


def visibility(examples: Examples, said: Answers) -> dict[str, float]:
    """Return the greatest turn (degrees) at which each part can still be judged.

    :param examples: synthetic people of whom nothing was learnt, from all sides.
    """
    turn = np.abs(examples.view[:, 0])
    seen: dict[str, float] = {}
    for index, name in enumerate(LABELS):
        seen[name] = 0.0
        for low, high in pairwise(YAWS):
            rows = (turn >= low) & (turn < high) & (examples.wrong[:, index] >= 0)
            truth = examples.wrong[rows, index] == 1
            called = said.parts[rows, index] >= 0.5 if said.parts is not None else truth
            if f1_score(truth, called) < SEEN_F1:
                break
            seen[name] = float(high)
    return seen


def unseen_figures(bench: Bench, model: keras.Model) -> dict[str, Any]:
    """Return the figures of the network on everybody it has not seen, but for the final halves."""
    hyper, sets = MODELS[OURS], bench.sets
    test, said = sets.test, answer(model, hyper, sets.test)
    usual = np.flatnonzero(standard(test))
    found = {
        "synthetic": measure(test, said, "synthetic people held out, all views"),
        "synthetic_standard": measure(
            test.take(usual), said.take(usual), "synthetic people held out, standard view"
        ),
        "rendered": measure(
            sets.rendered,
            answer(model, hyper, sets.rendered),
            "synthetic people drawn to pixels and tracked, all views",
        ),
        "uiprmd": left_out_figures(bench),
    }
    guide = sets.measured("aitrainer", "guide")
    found["aitrainer_guide"] = measure(
        guide, answer(model, hyper, guide), "aitrainer, never seen, the dates that guide"
    ) | {"show_kinds": True}
    seen = visible(guide)
    found["aitrainer_guide_visible"] = measure(
        seen, answer(model, hyper, seen), "the same without lifted heels and toes"
    )
    wing = sets.measured("wing", "guide")
    found["wing_guide"] = measure(
        wing, answer(model, hyper, wing), "wing, never seen, the half that guides"
    ) | {"show_kinds": True}
    found["synthetic"]["calibration"] = reliability(test.labels, said.score)
    yaw, height = np.median(np.abs(np.asarray(said.view) - test.view), axis=0)
    found["synthetic"]["view_error"] = {"yaw": float(yaw), "height": float(height)}
    return found


def left_out_figures(bench: Bench) -> dict[str, Any]:
    """Return the figures of UI-PRMD, every person judged by a network without them."""
    examples = bench.sets.recorded
    scores = np.zeros(len(examples))
    bench.leave_out(OURS, "uiprmd", synthetic=True)
    for out, run in bench.left_out_runs(OURS, "uiprmd", synthetic=True):
        scores[np.isin(examples.person, out)] = run.result()["unseen/score"]
    found = measure(examples, Answers(scores), "UI-PRMD, both sensors, leave one person out")
    for source in RECORDED:
        rows = examples.source == source
        found[source] = round(float(((scores[rows] >= 0.5) == examples.labels[rows]).mean()), 4)
    return found | {"show_groups": True}


# ## What is written down


def about_training(bench: Bench) -> dict[str, Any]:
    """Return what the manifest says about how the network came about."""
    sets, hyper = bench.sets, MODELS[OURS]
    train = corpus.load(sets.folder / "corpus" / "train")
    rows = [{"name": SYNTHETIC, "licence": LICENCE, "people": len(np.unique(train.person)),
             "repetitions": len(train), "correct": int(train.correct.sum())}]  # fmt: skip
    libraries = ("tensorflow-cpu", "keras", "numpy", "scipy", "scikit-learn", "anny", "torch")
    return {
        "data": rows,
        "data_hashes": dict(sets.hashes),
        "git": git_hash(),
        "seed": bench.seed,
        "hyperparameters": {
            **hyper.as_dict(),
            "batch": BATCH,
            "epochs": OURS_EPOCHS,
            "copies": COPIES,
        },
        "date": datetime.now(timezone.utc).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in libraries},
        },
    }


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              help="Where corpora, rendered clips and runs are.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("training/runs/squat"),
              help="Results.")  # fmt: skip
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(data: Path, folder: Path, out: Path, seed: int) -> None:
    """Train the model to ship and measure it."""
    bench = Bench(Sets(data, folder), folder / "compare", seed)
    model = learn(bench)
    report = {"training": about_training(bench), "figures": unseen_figures(bench, model)}
    said = answer(model, MODELS[OURS], bench.sets.validation)
    report["visible_to"] = visibility(bench.sets.validation, said)
    for name, one in report["figures"].items():
        click.echo(f"{name}: {one['balanced_accuracy']} {one['balanced_accuracy_95']}")

    # Leave it for the export and for the one look at the final halves.
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / "trained.keras")
    deployable(model, MODELS[OURS]).save(out / "classifier.keras")
    takes = corpus_takes(corpus.load(folder / "corpus" / "validation"))
    typical = typical_repetitions(takes, seed)
    np.savez_compressed(out / "typical.npz", allow_pickle=False, **typical)
    (out / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
