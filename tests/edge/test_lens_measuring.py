"""A lens is measured from rendered views of the board, whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.errors import CameraSetupError
from edge.lens_board import Sighting, find_board
from edge.lens_measuring import (
    LEAST_VIEWS,
    Measured,
    ViewCollector,
    judge_lens,
    measure_lens,
)
from tests.edge.boards import BENT, SIZE, shown


@pytest.fixture(scope="module")
def views() -> list[Sighting]:
    found = [find_board(view) for view in shown(BENT)]
    return [view for view in found if view is not None]


def test_the_lens_is_found(views: list[Sighting]) -> None:
    found = judge_lens(measure_lens(views, SIZE, "bent"))
    assert found.focal == pytest.approx(BENT.focal, rel=0.02)
    assert found.middle == pytest.approx(BENT.middle, abs=4)
    assert found.error < 0.2
    # Straight lines: where a kiosk's person is, the map is right to a pixel.
    across, down = np.meshgrid(np.linspace(60, 580, 14), np.linspace(20, 460, 12))
    points = np.stack([across, down], axis=-1)
    ours = (found.points(points) - found.middle) / found.focal
    true = (BENT.points(points) - BENT.middle) / BENT.focal
    assert np.hypot(*((ours - true) * BENT.focal).reshape(-1, 2).T).max() < 2.0


def test_a_view_that_does_not_fit_is_left_out(views: list[Sighting]) -> None:
    rng = np.random.default_rng(0)
    wrong = replace(views[3], corners=views[3].corners + rng.normal(0, 6, views[3].corners.shape))
    measured = measure_lens([*views[:3], wrong, *views[4:]], SIZE, "bent")
    assert measured.lens.views < len(views)
    assert measured.lens.focal == pytest.approx(BENT.focal, rel=0.02)


def test_too_few_views_and_views_without_tilt(views: list[Sighting]) -> None:
    with pytest.raises(CameraSetupError, match="too few"):
        measure_lens(views[: LEAST_VIEWS - 1], SIZE, "bent")
    flat = views[0].known[:, :2] * 1.2 + [40, 60]
    frontal = [Sighting(views[0].ids, flat + 5.0 * n) for n in range(12)]
    with pytest.raises(CameraSetupError, match="tilt the board"):
        judge_lens(measure_lens(frontal, SIZE, "bent"))


def test_a_lens_that_is_not_certain_is_refused() -> None:
    with pytest.raises(CameraSetupError, match="flat"):
        judge_lens(Measured(BENT.model_copy(update={"error": 2.3}), 0.001))
    with pytest.raises(CameraSetupError, match=r"1\.5 %.*tilt"):
        judge_lens(Measured(BENT, 0.015))


def test_views_are_taken_when_the_board_is_still_at_a_new_place(views: list[Sighting]) -> None:
    collector = ViewCollector(SIZE)
    assert len(collector.missing) == 9
    assert not collector.push(views[0])  # it has just come there
    assert collector.push(views[0])
    assert not collector.push(views[0])  # the same view
    for view in views[1:]:
        moving = replace(view, corners=view.corners + 3.0)
        assert not collector.push(moving) and not collector.push(None)
        collector.push(view)
        collector.push(view)
    assert len(collector.views) > 12
    assert collector.missing == []
    assert collector.done
    assert collector.measure("bent").uncertainty < 0.005
