"""Every model side by side, on people it has not seen: one command, resumable.

    python -m training.compare --data ../shared/data

Each model is trained once on synthetic people and then, for every recorded person left out, goes
on from there with the others; and once more without synthetic people, from nothing. What each
says of whom it has not seen is kept in ``training/runs/compare``; ``training.report`` makes the
tables. aitrainer may not be shipped, but what can be learnt from it may be measured: its dates
are left out in turn, too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
import numpy.typing as npt

from training import baseline
from training.examples import Examples
from training.fitting import Answers, answer, fit
from training.model import Hyperparameters, build
from training.runs import Run, weights_as_arrays, weights_from_arrays
from training.sets import Sets

# ## Who takes part

BOTH: Final = ("differences", "positions")
MODELS: Final[dict[str, Hyperparameters]] = {
    "thesis": Hyperparameters(),
    "thesis without LSTM": Hyperparameters("no_lstm"),
    "thesis without convolutions": Hyperparameters("no_convolutions"),
    "thesis, positions too": Hyperparameters(inputs=BOTH),
    "without LSTM, positions too": Hyperparameters("no_lstm", inputs=BOTH),
    "without convolutions, positions too": Hyperparameters("no_convolutions", inputs=BOTH),
    "ours": Hyperparameters("parts", inputs=(*BOTH, "head"), learning_rate=0.002),
}
BASELINE: Final = "summary statistics"
OURS: Final = "ours"

# ## How they learn

SYNTHETIC_EPOCHS: Final = 5
OURS_EPOCHS: Final = 20
FINE_EPOCHS: Final = 4
FINE_RATE: Final = 0.0007
FRESH_EPOCHS: Final = 10  # without synthetic people, from nothing
FOLDS: Final = 4  # of aitrainer's dates, by turns

SYNTHETIC_EACH: Final = 1.0
"""Synthetic examples mixed in with each recorded one, so that what they taught is kept."""


def predictions(prefix: str, said: Answers) -> dict[str, npt.NDArray[Any]]:
    """Return answers under names to be kept by."""
    kept = {f"{prefix}/score": said.score}
    if said.parts is not None and said.view is not None:
        kept |= {f"{prefix}/parts": said.parts, f"{prefix}/view": said.view}
    return kept


@dataclass(frozen=True)
class Bench:
    """What all runs have in common.

    :param sets: whom models learn from and are measured on.
    :param folder: where runs are kept.
    :param seed: of everything that is left to chance.
    """

    sets: Sets
    folder: Path
    seed: int

    def run(self, kind: str, name: str, **settings: Any) -> Run:
        """Return a run of a model, done or to be done."""
        common = {"model": name, "seed": self.seed, "data": dict(self.sets.hashes)}
        folder = self.folder / kind / name.replace(" ", "-").replace(",", "")
        return Run(folder, common | settings)

    def pretrained(self, name: str) -> Run:
        """Return the run in which a model learns from synthetic people only."""
        hyper = MODELS.get(name)
        return self.run(
            "pretrained",
            name,
            hyper=hyper.as_dict() if hyper else "defaults of training.baseline",
            epochs=OURS_EPOCHS if name == OURS else SYNTHETIC_EPOCHS,
        )

    def pretrain(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Return a network's weights after it has learnt from synthetic people."""
        run = self.pretrained(name)

        def work() -> dict[str, npt.NDArray[Any]]:
            model = fit(MODELS[name], self.sets.train, epochs=int(run.settings["epochs"]),
                        seed=self.seed, validation=self.sets.validation)  # fmt: skip
            return weights_as_arrays(model.get_weights())

        return run.once(work)

    def unseen_run(self, name: str) -> Run:
        """Return the run in which a model that knows synthetic people only meets all others."""
        return self.run("unseen", name, start=self.pretrained(name).path.stem,
                        rendered=len(self.sets.rendered))  # fmt: skip

    def unseen(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Return what a model says of everybody it has not seen."""
        return self.unseen_run(name).once(lambda: self._unseen(name))

    def _unseen(self, name: str) -> dict[str, npt.NDArray[Any]]:
        if name == BASELINE:
            trees = baseline.fit(self.sets.train, self.seed)
            said = {k: baseline.answer(trees, v) for k, v in self.everybody().items()}
        else:
            hyper = MODELS[name]
            model = build(hyper, trainable_with_padding=True)
            model.set_weights(weights_from_arrays(self.pretrain(name)))
            said = {k: answer(model, hyper, v) for k, v in self.everybody().items()}
        return {k: v for which, one in said.items() for k, v in predictions(which, one).items()}

    def everybody(self) -> dict[str, Examples]:
        """Return all sets from which a model of synthetic people has learnt nothing."""
        sets = self.sets
        found = {"test": sets.test, "rendered": sets.rendered, "recorded": sets.recorded}
        for source in ("aitrainer", "wing"):
            found[f"{source}-guide"] = sets.measured(source, "guide")
        return found

    # ## Somebody new, again and again

    def left_out_runs(self, name: str, source: str, synthetic: bool) -> list[tuple[list[str], Run]]:
        """Return the runs of one model on one source, one for each group of people left out."""
        people = self.source(source)[1].person
        kind = f"{source}/{'with' if synthetic else 'without'}"
        start = self.pretrained(name).path.stem if synthetic else None
        fine = [FINE_EPOCHS, FINE_RATE, FRESH_EPOCHS, SYNTHETIC_EACH]
        return [
            (out, self.run(kind, name, left_out=out, start=start, fine=fine))
            for out in folds(people, None if source == "uiprmd" else FOLDS)
        ]

    def source(self, source: str) -> tuple[Examples, Examples]:
        """Return a source's examples to learn from, and the same people to be measured on."""
        if source == "uiprmd":
            return self.sets.recorded_varied, self.sets.recorded
        plain = self.sets.measured(source)
        return plain, plain

    def leave_out(self, name: str, source: str, synthetic: bool) -> None:
        """Do what is missing of one model's runs on one source."""
        varied, plain = self.source(source)
        for out, run in self.left_out_runs(name, source, synthetic):
            learn = varied.where(~np.isin(varied.person, out))
            unseen = plain.where(np.isin(plain.person, out))
            run.once(partial(self._left_out, name, learn, unseen, synthetic))

    def _left_out(
        self, name: str, learn: Examples, unseen: Examples, synthetic: bool
    ) -> dict[str, npt.NDArray[Any]]:
        """Return what a model says of unseen people after learning from the others."""
        if synthetic:
            learn = with_synthetic(learn, self.sets.train, self.seed)
        if name == BASELINE:
            trees = baseline.fit(learn, self.seed)
            return predictions("unseen", baseline.answer(trees, unseen))
        hyper = MODELS[name]
        if synthetic:
            start = weights_from_arrays(self.pretrain(name))
            model = fit(hyper, learn, epochs=FINE_EPOCHS, seed=self.seed, rate=FINE_RATE,
                        start=start)  # fmt: skip
        else:
            model = fit(hyper, learn, epochs=FRESH_EPOCHS, seed=self.seed)
        return predictions("unseen", answer(model, hyper, unseen))


def with_synthetic(
    learn: Examples, synthetic: Examples, seed: int, each: float = SYNTHETIC_EACH
) -> Examples:
    """Return recorded examples and ``each`` times as many synthetic ones."""
    rng = np.random.default_rng(seed)
    count = min(len(synthetic), round(each * len(learn)))
    return learn + synthetic.take(np.sort(rng.permutation(len(synthetic))[:count]))


def folds(people: npt.NDArray[np.str_], count: int | None) -> list[list[str]]:
    """Return who is left out together: each alone, or dealt into so many folds."""
    names = sorted(set(people.tolist()))
    return [[name] for name in names] if count is None else [names[i::count] for i in range(count)]


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              help="Where corpora, rendered clips and runs are.")  # fmt: skip
@click.option("--model", "names", multiple=True, help="Only these models.")
@click.option("--seed", default=1, help="Of everything that is left to chance.")
def main(data: Path, folder: Path, names: Sequence[str], seed: int) -> None:
    """Train and measure every model; what was done before is not done again."""
    bench = Bench(Sets(data, folder), folder / "compare", seed)
    for name in names or [BASELINE, *MODELS]:
        bench.unseen(name)
        click.echo(f"{name}: synthetic people done")
        for source in ("uiprmd", "aitrainer"):
            for synthetic in (True, False):
                bench.leave_out(name, source, synthetic)
            click.echo(f"{name}: {source} done")


if __name__ == "__main__":
    main()
