"""Work that is not done twice."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest

from training.runs import Run, file_hash, weights_as_arrays, weights_from_arrays


def test_a_run_is_done_once_for_its_settings(tmp_path: Path) -> None:
    done: list[int] = []

    def work() -> dict[str, np.ndarray]:
        done.append(1)
        return {"score": np.array([0.5, 0.7])}

    run = Run(tmp_path / "new", {"kind": "thesis", "seed": 1})
    with pytest.raises(click.ClickException, match="was not run"):
        run.result()
    for _ in range(2):
        np.testing.assert_array_equal(run.once(work)["score"], [0.5, 0.7])
    assert len(done) == 1
    Run(tmp_path / "new", {"seed": 1, "kind": "thesis"}).once(work)  # the order says nothing
    assert len(done) == 1
    Run(tmp_path / "new", {"kind": "thesis", "seed": 2}).once(work)
    assert len(done) == 2
    assert run.about["settings"] == {"kind": "thesis", "seed": 1}
    assert run.about["cpu_seconds"] >= 0 and run.about["git"]


def test_work_that_fails_leaves_nothing_that_looks_done(tmp_path: Path) -> None:
    run = Run(tmp_path, {"seed": 1})

    def fails() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.once(fails)
    assert not run.path.exists()
    assert run.once(lambda: {"a": np.ones(1)})["a"] == 1


def test_weights_keep_their_order() -> None:
    weights = [np.full(2, number) for number in range(12)]
    again = weights_from_arrays({**weights_as_arrays(weights), "score": np.zeros(1)})
    assert [int(one[0]) for one in again] == list(range(12))


def test_a_hash_is_of_the_content(tmp_path: Path) -> None:
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    one, same, other = (file_hash(tmp_path / name) for name in "abc")
    assert one == same != other and len(one) == 16
