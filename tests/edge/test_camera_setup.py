"""The camera's height: exact on exact projections, and as good as it says on rendered people."""

from __future__ import annotations

import json
from math import atan, inf, radians, tan

import numpy as np
import pytest

from edge.camera_setup import (
    ANKLES,
    EYES,
    EYES_FORWARD,
    SOLES,
    CameraPlace,
    Lens,
    Standing,
    Uncertainty,
    locate_camera,
)
from edge.errors import CameraSetupError
from tests.clips import ROOT

SIZE = (640, 480)
LENS = Lens.of(52.0, SIZE)
BODY = 1.76


def seen(height: float, tilt: float, distance: float, body: float = BODY) -> Standing:
    """Return what a pinhole camera sees of somebody (metres, degrees)."""

    def row(above: float, away: float) -> float:
        return LENS.middle - LENS.focal * tan(atan((above - height) / away) - radians(tilt))

    return Standing(
        row(EYES * body + SOLES, distance - EYES_FORWARD), row(ANKLES * body + SOLES, distance)
    )


@pytest.mark.parametrize("height", [0.7, 1.1, 1.3, 1.5, 2.0])
@pytest.mark.parametrize("tilt", [-15.0, -8.0, 0.0, 5.0])
@pytest.mark.parametrize("distances", [(2.0, 3.0), (2.3, 3.6), (4.5, 2.2)])
def test_exact_projections(height: float, tilt: float, distances: tuple[float, float]) -> None:
    found = locate_camera([seen(height, tilt, d) for d in distances], LENS, BODY)
    assert found.height == pytest.approx(height, abs=1e-6)
    assert found.tilt == pytest.approx(tilt, abs=1e-4)
    assert (found.near, found.far) == pytest.approx(sorted(distances))
    assert 0.03 < found.height_error < 0.09
    assert found.known


def test_the_error_it_states_holds_for_noise() -> None:
    """Rows, body, eyes, ankles and lens off by their deviations: 19 of 20 lie within the error."""
    rng, sigma, body = np.random.default_rng(0), Uncertainty(), 1.70
    misses, tries = 0, 400
    for _ in range(tries):
        height, tilt = rng.uniform(0.8, 1.8), rng.uniform(-10, 3)
        places = []
        real = body * (1 + rng.normal(0, sigma.eyes)) + rng.normal(0, sigma.body)
        for distance in (2.3, 3.6):
            exact = seen(height, tilt, distance, real)
            pixels = sigma.row * (exact.ankles - exact.eyes)
            places.append(
                Standing(*np.array([exact.eyes, exact.ankles]) + rng.normal(0, pixels, 2))
            )
        lens = Lens(LENS.focal * (1 + rng.normal(0, sigma.lens)), LENS.middle)
        found = locate_camera(places, lens, body)
        misses += abs(found.height - height) > found.height_error
    assert misses <= 0.06 * tries


def test_places_too_close_together_tell_nothing() -> None:
    with pytest.raises(CameraSetupError, match="1 m apart"):
        locate_camera([seen(1.3, -8, 2.5), seen(1.3, -8, 2.6)], LENS, BODY)
    near = locate_camera([seen(1.3, -8, 2.5), seen(1.3, -8, 2.9)], LENS, BODY)
    assert not near.known
    assert near.advice == "unknown"


@pytest.mark.parametrize(
    ("places", "lens", "body"),
    [
        ([Standing(95, 420)], LENS, BODY),
        ([Standing(95, 420), Standing(345, 150)], LENS, BODY),
        ([Standing(95, 420), Standing(95, 420)], LENS, BODY),
        ([seen(1.3, -8, 2.2), seen(1.3, -8, 3.6)], LENS, 176.0),
        ([Standing(0, 479), Standing(200, 220)], LENS, BODY),
    ],
)
def test_what_does_not_fit_is_refused(places: list[Standing], lens: Lens, body: float) -> None:
    with pytest.raises(CameraSetupError):
        locate_camera(places, lens, body)


def test_lenses() -> None:
    assert Lens.of(52.0, SIZE).focal == pytest.approx(492.1, abs=0.1)
    diagonal = Lens.of(78.0, (1280, 720), "diagonal")
    assert diagonal.focal == pytest.approx(906.8, abs=0.5)
    horizontal = Lens.of(60.0, SIZE, "horizontal")
    assert horizontal.focal == pytest.approx(554.3, abs=0.1)
    for field in (10.0, 180.0):
        with pytest.raises(CameraSetupError):
            Lens.of(field, SIZE)


@pytest.mark.parametrize(
    ("height", "error", "advice"),
    [(1.3, 0.05, "good"), (1.0, 0.05, "raise"), (1.6, 0.05, "lower"), (1.3, inf, "unknown")],
)
def test_advice(height: float, error: float, advice: str) -> None:
    assert CameraPlace(height, -8, 2, 3, height_error=error).advice == advice


def test_rendered_people_through_the_pose_model() -> None:
    """What training.synthetic.measure_camera_setup measured: three people, five heights."""
    measured = json.loads((ROOT / "tests" / "data" / "camera_setup.json").read_text())
    errors, tilts, stated = [], [], []
    for case in measured:
        lens = Lens.of(case["field_of_view"], tuple(case["size"]))
        places = [Standing(*rows) for rows in case["rows"]]
        found = locate_camera(places, lens, case["body"])
        errors.append(found.height - case["height"])
        tilts.append(found.tilt - case["tilt"])
        stated.append(found.height_error)
    assert len(errors) == 15
    assert (np.abs(errors) <= stated).all()
    assert np.abs(errors).max() < 0.03
    assert np.abs(tilts).max() < 0.5
