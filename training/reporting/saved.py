"""What the saved runs hold, and what the report measures again from them; nothing is trained."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from edge.track import PoseTrack
from training import corpus
from training.compare import BASELINE, MODELS, OURS, Bench
from training.datasets import read_for_training
from training.examples import Examples
from training.explained import standard_shot
from training.filming import Shot, film
from training.fitting import Answers, answer
from training.measured import Measured, measure_rendered, measure_takes
from training.rendered_clips import RenderedClip, load_clips
from training.runs import file_hash
from training.sets import RECORDED
from training.synthetic.pose_errors import default_bank
from training.takes import Take, corpus_takes, recorded_takes

Array = npt.NDArray[np.float64]

GUIDES = ("aitrainer", "wing")
"""The sets that are only measured; the report looks at their guide halves."""


@dataclass(frozen=True)
class Told(Answers):
    """What a network with parts and view says of N examples; see :class:`Answers`."""

    parts: Array
    view: Array

    def take(self, chosen: npt.NDArray[np.int64]) -> Told:
        """Return what is said of the examples of these indices."""
        return Told(self.score[chosen], self.parts[chosen], self.view[chosen])


@dataclass(frozen=True)
class Shipped:
    """The shipped network and what it says of people from whom it has learnt nothing.

    :param model: as trained with padding, calibrated.
    :param plain: the same without padding, as it is deployed.
    :param report: what the training wrote down.
    :param typical: the file of typical repetitions.
    :param digest: hash of the file of the weights, as in the log of the final halves.
    """

    model: keras.Model
    plain: keras.Model
    report: dict[str, Any]
    typical: Path
    digest: str

    def answer(self, examples: Examples) -> Told:
        """Return what the network says of the examples."""
        said = answer(self.model, MODELS[OURS], examples)
        if said.parts is None or said.view is None:
            raise ValueError(f"{OURS} has no parts and no view")
        return Told(said.score, said.parts, said.view)


@dataclass(frozen=True)
class Saved:
    """The saved runs.

        saved = Saved(bench, Path("training/runs/squat"))
        saved.left_out("ours", "uiprmd", synthetic=True)   # [N] scores, or None: not run

    :param bench: what the runs of the comparison have in common.
    :param folder: what ``training.train`` wrote.
    """

    bench: Bench
    folder: Path

    # ## Runs

    def unseen(self, name: str) -> dict[str, npt.NDArray[Any]] | None:
        """Return what a model of synthetic people only says of everybody; None: not run."""
        if not self.clips:
            return None
        run = self.bench.unseen_run(name)
        return run.result() if run.path.exists() else None

    def left_out(self, name: str, source: str, synthetic: bool) -> Array | None:
        """Return [N] scores, everybody judged by a model without them; None: not all were run."""
        plain = self.bench.source(source)[1]
        scores = np.full(len(plain), np.nan)
        for out, run in self.bench.left_out_runs(name, source, synthetic):
            if not run.path.exists():
                return None
            scores[np.isin(plain.person, out)] = run.result()["unseen/score"]
        return scores

    @property
    def complete(self) -> bool:
        """Whether every run of the comparison is there."""
        names = (BASELINE, *MODELS)
        return all(self.unseen(name) is not None for name in names) and all(
            run.path.exists()
            for name in names
            for source in ("uiprmd", "aitrainer")
            for synthetic in (True, False)
            for _, run in self.bench.left_out_runs(name, source, synthetic)
        )

    @cached_property
    def shipped(self) -> Shipped | None:
        """The shipped network; None: not trained."""
        weights = self.folder / "trained.keras"
        needed = [weights, self.folder / "report.json", self.folder / "typical.npz",
                  self.folder / "classifier.keras"]  # fmt: skip
        if not all(path.exists() for path in needed):
            return None
        return Shipped(
            model=keras.models.load_model(weights, compile=False),
            plain=keras.models.load_model(self.folder / "classifier.keras"),
            report=json.loads(needed[1].read_text(encoding="utf-8")),
            typical=needed[2],
            digest=file_hash(weights),
        )

    @cached_property
    def said(self) -> dict[str, Told]:
        """What the shipped network says of each of :attr:`examples`; empty: not trained."""
        if self.shipped is None:
            return {}
        return {name: self.shipped.answer(one) for name, one in self.examples.items()}

    @cached_property
    def examples(self) -> dict[str, Examples]:
        """Everybody from whom the shipped network has learnt nothing, but the final halves."""
        sets = self.bench.sets
        found = {"synthetic": sets.test}
        if self.clips:
            found["rendered"] = sets.rendered
        return found | {name: sets.measured(name, "guide") for name in GUIDES}

    # ## Movements and what is measured of them

    @cached_property
    def clips(self) -> list[RenderedClip]:
        """Rendered clips that were tracked; empty: none were made."""
        try:
            return load_clips(self.bench.sets.folder / "rendered" / "evaluation")
        except FileNotFoundError:
            return []

    def movements(self, part: str) -> list[Take]:
        """Return the movements of the synthetic people of ``train``, ``validation`` or ``test``."""
        return corpus_takes(corpus.load(self.bench.sets.folder / "corpus" / part))

    @cached_property
    def test_movements(self) -> list[Take]:
        """Movements of synthetic people on whom everything is measured."""
        return self.movements("test")

    @cached_property
    def recorded(self) -> list[Take]:
        """The repetitions of UI-PRMD by either sensor."""
        return recorded_takes(read_for_training(RECORDED, self.bench.sets.data))

    @cached_property
    def tracks(self) -> list[PoseTrack]:
        """UI-PRMD's repetitions as tracks, filmed exactly."""
        rng = np.random.default_rng(self.bench.seed)
        return [film(take, Shot(), rng, None) for take in self.recorded]

    @cached_property
    def real(self) -> dict[str, Measured]:
        """The squat pack's quantities of the real sets, of the last two the guide halves."""
        sets = self.bench.sets
        guides = {f"{name} guide": measure_takes(sets.takes(name, "guide")) for name in GUIDES}
        return {"UI-PRMD": measure_takes(self.recorded), **guides}

    @cached_property
    def made(self) -> dict[str, Measured]:
        """The same of synthetic people: filmed exactly, from the standard view, from all sides."""
        takes, seed = self.test_movements, self.bench.seed
        rng, bank = np.random.default_rng(seed), default_bank()
        usual = [standard_shot(rng) for _ in takes]
        # Whose head is not in the picture has no neck to judge: here everybody's is.
        anywhere = [replace(Shot.random(rng), headless=False) for _ in takes]
        found = {
            "exactly": measure_takes(takes),
            "standard view": measure_takes(takes, usual, seed=seed, bank=bank),
            "all views": measure_takes(takes, anywhere, seed=seed, bank=bank),
        }
        return found | ({"rendered": measure_rendered(self.clips)} if self.clips else {})
