"""A corpus is the same whoever makes it, and is never half one."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest

pytest.importorskip("anny", reason="training needs .venv-training, see training/README.md")

from training import corpus
from training.corpus import HIPS, JOINTS, LABELS, LOWEST, QUANTITIES, Corpus
from training.synthetic.limits import severities


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora") / "one"
    corpus.make(2, 2, seed=3, out=folder, workers=1)
    return folder


def same(one: Corpus, other: Corpus) -> bool:
    pairs = zip(one.joints, other.joints, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs) and np.array_equal(
        one.measured, other.measured
    )


def test_one_process_or_two_make_the_same(folder: Path, tmp_path: Path) -> None:
    corpus.make(2, 2, seed=3, out=tmp_path, workers=2)
    assert same(corpus.load(folder), corpus.load(tmp_path))


def test_an_interrupted_one_goes_on_where_it_stopped(folder: Path) -> None:
    whole = corpus.load(folder)
    kept, lost = (folder / f"person_{number:04d}.npz" for number in range(2))
    before = kept.stat().st_mtime_ns
    lost.unlink()
    with pytest.raises(click.ClickException, match="missing"):
        corpus.load(folder)
    corpus.make(2, 2, seed=3, out=folder, workers=1)
    assert kept.stat().st_mtime_ns == before
    assert same(whole, corpus.load(folder))


def test_labels_come_from_the_numbers_and_todays_limits(folder: Path) -> None:
    found = corpus.load(folder)
    assert len(found) == 4 and set(found.person) == {0, 1}
    for row, severity in zip(found.measured, found.severity, strict=True):
        expected = severities(dict(zip(QUANTITIES, row, strict=True)))
        assert severity == pytest.approx([expected[name] for name in LABELS])
    assert found.correct.tolist() == [int(max(one) <= 0) for one in found.severity]
    assert [bool(intent) for intent in found.intent] == [False, True] * 2
    assert all(one.shape[1:] == (len(JOINTS), 3) for one in found.joints)
    assert all(one[:, HIPS, 2].min() > LOWEST for one in found.joints)
    assert len(found.take(found.person == 1)) == 2


def test_a_folder_holds_one_corpus_only(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="another corpus"):
        corpus.make(2, 2, seed=4, out=folder)
    assert json.loads((folder / "corpus.json").read_text())["seed"] == 3
    with pytest.raises(click.ClickException, match=r"python -m training\.corpus"):
        corpus.load(tmp_path)
