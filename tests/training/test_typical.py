"""Typical squats: what an explanation compares with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.explanation import NEEDED, PHASES, Typical
from edge.joints import INDEX, MID_HIP
from edge.judging import View
from tests.training.made_up import take
from training import typical


def test_they_are_seen_from_every_side_and_the_kiosk_reads_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(typical, "PER_VIEW", 2)
    takes = [take("p1"), take("p2"), take("p3"), take("p4", "left_knee")]
    made = typical.typical_repetitions(takes, seed=1)
    views = len(typical.YAWS) * len(typical.HEIGHTS)
    assert made["joints"].shape == (views, PHASES, 25, 2) and made["views"].shape == (views, 2)
    assert np.isfinite(made["joints"][:, :, list(NEEDED)]).all()
    np.savez_compressed(tmp_path / "typical.npz", **made)
    read = Typical.load(tmp_path / "typical.npz")
    phases = np.linspace(0, 1, 5)
    front = read.at(phases, View(0.0, 1.3))
    hips = front[:, MID_HIP, 1]
    assert hips.argmax() == 2 and abs(hips[0]) < 0.1 and hips[2] > 0.5
    aside = read.at(phases, View(38.0, 1.3))
    wide, narrow = (
        one[0, INDEX["LShoulder"], 0] - one[0, INDEX["RShoulder"], 0] for one in (front, aside)
    )
    assert narrow < 0.9 * wide
