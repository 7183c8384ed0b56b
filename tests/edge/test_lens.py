"""A lens's distortion is taken out of the joints: what is measured comes closer to the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.assessment import Assessment
from edge.errors import CameraSetupError
from edge.lens import FILE, LensCalibration
from edge.session import ScoringSession
from edge.track import PoseTrack
from tests.edge.boards import BENT, bend
from tests.edge.fakes import ConstantClassifier
from tests.edge.people import depth_at, poses_of, track_of


def test_straightening_undoes_what_the_lens_does() -> None:
    across, down = np.meshgrid(np.linspace(40, 600, 15), np.linspace(40, 440, 11))
    straight = np.stack([across, down], axis=-1)
    bent = bend(BENT, straight)
    assert np.hypot(*(bent - straight).reshape(-1, 2).T).max() > 15
    assert np.abs(BENT.points(bent) - straight).max() < 0.01


def test_what_is_not_seen_stays_so_and_guesses_outside_stay_near() -> None:
    points = np.full((25, 2), np.nan)
    assert np.isnan(BENT.points(points)).all()
    points[3] = 320, 900  # a foot that would be far below the picture
    moved = BENT.points(points)
    edge = BENT.points(np.array([320.0, 479.0]))
    assert moved[3] - points[3] == pytest.approx(edge - [320, 479])
    assert np.isnan(points[0]).all() and points[3, 1] == 900  # what was given is left alone


def test_it_is_for_one_camera_and_one_shape_of_picture() -> None:
    assert BENT.fitting("bent", (640, 480)) is BENT
    assert BENT.fitting("another", (640, 480)) is None
    assert BENT.fitting("bent", (1280, 720)) is None
    assert BENT.fitting("bent", None) is None
    double = BENT.fitting("bent", (1280, 960))
    assert double is not None
    at = np.array([[100.0, 80.0], [600.0, 400.0]])
    doubled = double.points((at + 0.5) * 2 - 0.5)
    assert (doubled + 0.5) / 2 - 0.5 == pytest.approx(BENT.points(at), abs=1e-4)


def test_it_is_kept_and_a_damaged_file_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "data" / FILE
    assert LensCalibration.read(path) is None
    assert caplog.text == ""
    BENT.keep(path)
    assert LensCalibration.read(path) == BENT
    path.write_text('{"camera": "bent"')
    assert LensCalibration.read(path) is None
    assert "not straightened" in caplog.text
    (tmp_path / "file").touch()
    with pytest.raises(CameraSetupError, match="cannot be written"):
        BENT.keep(tmp_path / "file" / FILE)


def assessed(track: PoseTrack, lens: LensCalibration | None) -> tuple[Assessment, PoseTrack]:
    session = ScoringSession(None, ConstantClassifier(), lens=lens, live_words=True)
    for time, pose in poses_of(track):
        session.push_poses(time, [pose])
    return session.finish(), session.track


def quantities(found: Assessment) -> dict[str, float]:
    return {q.name: q.value for q in found.quantities if q.value is not None}


def test_measures_of_a_person_in_a_wide_lens_come_closer_to_the_truth() -> None:
    """Somebody near the left edge squats before a lens that bends by up to 87 pixels."""
    times = np.arange(0, 4, 1 / 30)
    true = track_of(times, depth_at(times), scale=125.0, offset=(130.0, 455.0))
    bent = PoseTrack(times, bend(BENT, true.joints), true.confidence)
    truth = quantities(assessed(true, None)[0])
    plain = quantities(assessed(bent, None)[0])
    straightened, kept = assessed(bent, BENT)
    better = quantities(straightened)
    assert truth.keys() == plain.keys() == better.keys() and len(truth) >= 3
    off = {name: abs(plain[name] - truth[name]) for name in truth}
    left = {name: abs(better[name] - truth[name]) for name in truth}
    assert max(off.values()) > 1.0
    assert all(left[name] <= 0.05 * off[name] + 0.01 for name in truth)
    # Drawn over the picture, which is as the lens shows it.
    assert kept.joints == pytest.approx(bent.joints, nan_ok=True)


def test_without_a_lens_nothing_changes() -> None:
    times = np.arange(0, 4, 1 / 30)
    track = track_of(times, depth_at(times))
    flat = BENT.model_copy(update={"distortion": (0.0,) * 5})
    one, other = assessed(track, None)[0], assessed(track, flat)[0]
    assert one.verdict == other.verdict
    assert quantities(one) == pytest.approx(quantities(other), abs=1e-3)
