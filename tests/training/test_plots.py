"""The report's plots: the same figures give the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="training needs .venv-training, see training/README.md")

from training import plots


def draw_all(folder: Path) -> list[bytes]:
    rng = np.random.default_rng(2)
    view = np.stack([rng.uniform(-40, 40, 200), rng.uniform(0.6, 2, 200)], axis=1)
    plots.reliability([(0.1, 0.2, 10), (0.9, 0.8, 12)], folder / "reliability.svg")
    plots.by_view(view, rng.random(200) < 0.9, (0, 20, 46), (0.6, 1.3, 2.01), folder / "view.svg")
    plots.severity([-0.2, 0.1, 0.6], [0.0, 0.5, 0.9], folder / "severity.svg")
    sets = {
        "made": {"depth": rng.normal(60, 5, 50), "head": rng.normal(80, 5, 50)},
        "real": {"depth": rng.normal(55, 5, 50), "head": np.full(50, np.nan)},
    }
    plots.overlap(sets, {"depth": "%", "head": "%"}, folder / "overlap.svg")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_plots_are_reproducible_and_carry_no_date(tmp_path: Path) -> None:
    first, second = draw_all(tmp_path / "one"), draw_all(tmp_path / "two")
    assert len(first) == 4
    assert first == second
    assert not any(b"dc:date" in content for content in first)
    assert b"depth, %" in first[0]


def test_shares_by_view_count_either_side_together() -> None:
    view = np.array([[-5.0, 1.0], [5.0, 1.0], [30.0, 1.0]])
    shares, counts = plots.view_shares(view, np.array([True, False, True]), (0, 20, 46), (0.6, 2))
    assert counts.tolist() == [[2], [1]]
    assert shares.tolist() == [[0.5], [1.0]]
