"""Models side by side: nobody is on both sides, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

from tests.training.made_up import toy
from training import baseline, compare
from training.compare import BASELINE, MODELS, Bench, folds, with_synthetic
from training.examples import Examples
from training.fitting import Answers
from training.halves import Half
from training.sets import Sets

PEOPLE = [f"p{number}" for number in range(6)]


@dataclass(frozen=True)
class ToySets(Sets):
    """Six recorded people, each twice, and three synthetic ones, without any file."""

    @property
    def recorded(self) -> Examples:  # type: ignore[override]
        return toy(24)

    @property
    def recorded_varied(self) -> Examples:  # type: ignore[override]
        return toy(24, seed=1) + toy(24, seed=2)

    @property
    def train(self) -> Examples:  # type: ignore[override]
        found = toy(12, seed=3)
        return replace(found, person=np.array([f"synthetic-{one}" for one in found.person]))

    def measured(self, source: str, half: Half | None = None) -> Examples:
        return toy(24, seed=4)

    @property
    def hashes(self) -> Mapping[str, str]:  # type: ignore[override]
        return {"toy": "1"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(ToySets(tmp_path, tmp_path), tmp_path / "compare", seed=1)


@pytest.mark.parametrize("count", [None, 3, 4])
def test_everybody_is_left_out_once(count: int | None) -> None:
    dealt = folds(np.array(PEOPLE * 3), count)
    assert sorted(name for fold in dealt for name in fold) == PEOPLE
    assert len(dealt) == (count or len(PEOPLE))


@pytest.mark.parametrize("source", ["uiprmd", "aitrainer"])
@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("name", [BASELINE, "thesis"])
def test_nobody_is_judged_by_a_model_that_has_learnt_from_them(
    name: str, synthetic: bool, source: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[set[str]] = []
    judged: list[set[str]] = []

    def fit(*given: object, **_settings: object) -> object:
        learnt.append(set(next(one for one in given if isinstance(one, Examples)).person))
        return object()

    def answer(*given: object) -> Answers:
        unseen = next(one for one in given if isinstance(one, Examples))
        judged.append(set(unseen.person))
        return Answers(np.full(len(unseen), 0.5))

    for module in (compare, baseline):
        monkeypatch.setattr(module, "fit", fit)
        monkeypatch.setattr(module, "answer", answer)
    monkeypatch.setattr(Bench, "pretrain", lambda *_: {})
    bench.leave_out(name, source, synthetic)
    assert len(judged) == len(learnt) == (6 if source == "uiprmd" else compare.FOLDS)
    assert all(not unseen & seen for unseen, seen in zip(judged, learnt, strict=True))
    assert set.union(*judged) == set(PEOPLE)
    assert all(any("synthetic" in one for one in seen) is synthetic for seen in learnt)


def test_what_was_done_is_not_done_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.leave_out(BASELINE, "uiprmd", synthetic=True)
    runs = bench.left_out_runs(BASELINE, "uiprmd", synthetic=True)
    scores = np.concatenate([run.result()["unseen/score"] for _, run in runs])
    assert len(scores) == 24 and ((scores >= 0) & (scores <= 1)).all()
    monkeypatch.setattr(baseline, "fit", lambda *_: pytest.fail("it was done already"))
    bench.leave_out(BASELINE, "uiprmd", synthetic=True)


def test_another_seed_or_other_data_is_another_run(bench: Bench) -> None:
    other = Bench(bench.sets, bench.folder, seed=2)
    paths = {
        one.run("kind", "thesis", **settings).path
        for one in (bench, other)
        for settings in ({}, {"epochs": 3})
    }
    assert len(paths) == 4


def test_synthetic_people_are_mixed_in_by_the_same_chance() -> None:
    learn, synthetic = toy(4), toy(40, seed=3)
    one, other = (with_synthetic(learn, synthetic, seed=1) for _ in range(2))
    assert len(one) == 4 + round(compare.SYNTHETIC_EACH * 4)
    assert all(np.array_equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert len(with_synthetic(synthetic, learn, seed=1)) == 44  # no more than there are


def test_models_differ_in_one_thing_at_a_time() -> None:
    assert MODELS["thesis"].inputs == ("differences",)
    kinds = {hyper.kind for hyper in MODELS.values()}
    assert kinds == {"thesis", "no_lstm", "no_convolutions", "parts"}
