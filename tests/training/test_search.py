"""The grid search: every combination once, and on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("keras_tuner", reason="training needs .venv-training, see training/README.md")

from tests.training.test_compare import ToySets
from training import search
from training.compare import Bench
from training.model import Hyperparameters
from training.search import Search, space

# keras-tuner 1.4.8 asks for its thread in a way that Python has renamed.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{name}:DeprecationWarning")
    for name in ("currentThread", "getName")
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(ToySets(tmp_path, tmp_path), tmp_path / "compare", seed=1)


def test_an_interrupted_search_goes_on_where_it_stopped(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Hyperparameters] = []
    finished: list[Hyperparameters] = []

    def judge(_bench: Bench, hyper: Hyperparameters, *, small: bool) -> float:
        tried.append(hyper)
        if len(tried) == 3:
            raise KeyboardInterrupt
        finished.append(hyper)
        return 0.9 if hyper.dropout_after == "dense" and hyper.lstm_outputs == "all" else 0.5

    monkeypatch.setattr(search, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        Search(bench, space(), tmp_path / "search").search(verbose=0)
    assert len(finished) == 2
    again = Search(bench, space(), tmp_path / "search")
    again.search(verbose=0)
    assert len(finished) == len(set(finished)) == 6
    assert {(one.lstm_outputs, one.dropout_after) for one in finished} == {
        (outputs, place) for outputs in search.OUTPUTS for place in search.PLACES
    }
    assert all(one.dropout == 0.3 and one.learning_rate == 0.003 for one in finished)
    rows = again.table().splitlines()
    assert len(rows) == 2 + 6 and rows[2] == "| all | dense | 0.3 | 0.003 | 0.900 |"


def test_other_settings_are_another_search(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "judge", lambda *_, small: 0.5)
    for grid in (space(), space(dropouts=[0.2, 0.4])):
        Search(bench, grid, tmp_path / "search", trials=2).search(verbose=0)
    assert len([one for one in (tmp_path / "search").iterdir() if one.is_dir()]) == 2


def test_a_candidate_is_judged_on_people_it_has_not_seen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "THIRDS", 2)
    share = search.judge(bench, Hyperparameters("no_lstm"), small=True)
    assert 0 <= share <= 1
