"""The maintainer's command: it waits for two places and says how high the camera hangs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge import camera_cli
from edge.camera_setup import CameraPlace
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.joints import INDEX
from edge.lens import FILE, LensCalibration
from edge.track import PoseTrack
from tests.edge.boards import BENT, Grey, bend, shown
from tests.edge.fakes import ScriptedEstimator
from tests.edge.people import track_of
from tests.edge.test_camera_setup import LENS, seen

OPTIONS = ["height", "--field-of-view", "52", "--across", "vertical", "--body-height", "176"]


class Shown(Camera):
    """A camera before which nothing is, then a board at one place after the other.

    :param views: of the board.
    """

    name = "shown"

    def __init__(self, views: tuple[Grey, ...]) -> None:
        self.views = views

    def close(self) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[Frame]:
        nothing = np.full_like(self.views[0], 110)
        twice = [view for view in self.views for _ in range(2)]  # it is held still
        for number, view in enumerate([nothing, *twice]):
            yield Frame(np.repeat(view[..., None], 3, axis=2), 0.2 * number)


def maintainer(height: float, tilt: float = -6.0) -> PoseTrack:
    """Return somebody who stands 2.6 m away, walks back and stands 3.9 m away."""
    times = np.arange(0, 9, 0.1)
    track = track_of(times, np.zeros(len(times)))
    joints = track.joints.copy()
    for name in ("REye", "LEye"):
        joints[:, INDEX[name]] = joints[:, INDEX["Nose"]]
    for n, distance in enumerate(np.interp(times, [0, 3.5, 5.5], [2.6, 2.6, 3.9])):
        rows, body = seen(height, tilt, float(distance)), joints[n]
        top, bottom = body[INDEX["REye"], 1], body[INDEX["RAnkle"], 1]
        scale = (rows.ankles - rows.eyes) / (bottom - top)
        joints[n] = (body - [320, top]) * scale + [320, rows.eyes]
    return PoseTrack(times, joints, np.isfinite(joints).all(axis=2).astype(float))


class TestCamera(Camera):
    """Frames at once, with the times of a camera."""

    __test__ = False

    def __init__(self, seconds: float, rate: float = 30.0) -> None:
        self.seconds = seconds
        self.rate = rate

    def close(self) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[Frame]:
        for time in np.arange(0, self.seconds, 1 / self.rate):
            yield Frame(np.zeros((480, 640, 3), np.uint8), float(time))


def run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, source: Camera, *words: str,
    track: PoseTrack | None = None,
) -> str:  # fmt: skip
    monkeypatch.setenv("KIOSK_DATA_DIR", str(folder))
    monkeypatch.setattr(camera_cli, "camera_opener", lambda *_: lambda: source)
    if track is not None:
        monkeypatch.setattr(camera_cli, "BlazePose", lambda: ScriptedEstimator(track))
    return CliRunner().invoke(camera_cli.main, words).output


@pytest.mark.parametrize(
    ("height", "words"), [(1.3, "within 110-150"), (0.9, "raise"), (1.6, "lower")]
)
def test_from_two_places_to_the_height(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, height: float, words: str
) -> None:
    told = run(monkeypatch, tmp_path, TestCamera(9.0), *OPTIONS, track=maintainer(height))
    assert f"height   {100 * height:.0f} cm" in told
    assert "6.0 degrees down" in told
    assert "go further back" in told
    assert words in told


def test_whoever_does_not_go_back_gets_no_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = run(monkeypatch, tmp_path, TestCamera(3.0), *OPTIONS, track=maintainer(1.3))
    assert "further back" in told and "height  " not in told
    assert "pictures have ended" in told


def test_a_measured_lens_needs_no_field_of_view_and_is_straightened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ("height", "--body-height", "176")
    track = maintainer(1.3)
    told = run(monkeypatch, tmp_path, TestCamera(9.0), *words, track=track)
    assert "--field-of-view" in told
    # The lens of test_camera_setup.seen, bent as that of the boards is.
    bent = BENT.model_copy(
        update={"camera": "camera", "focal": (LENS.focal, LENS.focal), "middle": (320.0, 240.0)}
    )
    bent.keep(tmp_path / FILE)
    seen = PoseTrack(track.times, bend(bent, track.joints), track.confidence)
    told = run(monkeypatch, tmp_path, TestCamera(9.0), *words, track=seen)
    assert "height   130 cm" in told and "6.0 degrees down" in told


def test_from_the_board_to_a_kept_lens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = run(monkeypatch, tmp_path, Shown(shown(BENT)), "lens")
    kept = LensCalibration.read(tmp_path / FILE)
    assert kept is not None, told
    assert kept.camera == "shown"
    assert kept.focal == pytest.approx(BENT.focal, rel=0.02)
    assert "10 views. " in told and "focal length 5" in told and "next start" in told
    assert "not seen: nearer" in told  # before the board came into the picture


def test_without_a_board_nothing_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = run(monkeypatch, tmp_path, TestCamera(65.0, rate=2), "lens")
    assert "not shown for a minute" in told
    assert not (tmp_path / FILE).exists()


def test_the_board_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = run(monkeypatch, tmp_path, TestCamera(0.0), "board", str(tmp_path / "board.svg"))
    assert "100 %" in told
    assert (tmp_path / "board.svg").read_text().startswith("<svg")


def test_what_is_unknown_is_said() -> None:
    told = camera_cli.report(CameraPlace(1.3, -6, 2.3, 2.8, height_error=0.3))
    assert "unknown" in told and "130" not in told


def test_a_board_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = run(monkeypatch, tmp_path, TestCamera(0.0), "board", str(tmp_path / "no" / "board.svg"))
    assert "cannot be written: No such file" in told


def test_the_demo_clip_is_not_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It was, and the rendered man told to go further back."""
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    for command in (["lens"], ["height", "--field-of-view", "52", "--body-height", "176"]):
        result = CliRunner().invoke(camera_cli.main, [*command, "--camera", "demo"])
        assert result.exit_code == 1 and "there is no camera to be measured" in result.output
