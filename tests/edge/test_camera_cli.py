"""The maintainer's command: it waits for two places and says how high the camera hangs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from click.testing import CliRunner

from edge import camera_cli
from edge.camera_setup import CameraPlace
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.joints import INDEX
from edge.track import PoseTrack
from tests.edge.fakes import ScriptedEstimator
from tests.edge.people import track_of
from tests.edge.test_camera_setup import seen

OPTIONS = ["--field-of-view", "52", "--across", "vertical", "--body-height", "176"]


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

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def close(self) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[Frame]:
        for time in np.arange(0, self.seconds, 1 / 30):
            yield Frame(np.zeros((480, 640, 3), np.uint8), float(time))


def run(monkeypatch: pytest.MonkeyPatch, track: PoseTrack, seconds: float = 9.0) -> str:
    monkeypatch.setattr(camera_cli, "camera_opener", lambda *_: lambda: TestCamera(seconds))
    monkeypatch.setattr(camera_cli, "BlazePose", lambda: ScriptedEstimator(track))
    return CliRunner().invoke(camera_cli.main, OPTIONS).output


@pytest.mark.parametrize(
    ("height", "words"), [(1.3, "within 110-150"), (0.9, "raise"), (1.6, "lower")]
)
def test_from_two_places_to_the_height(
    monkeypatch: pytest.MonkeyPatch, height: float, words: str
) -> None:
    told = run(monkeypatch, maintainer(height))
    assert f"height   {100 * height:.0f} cm" in told
    assert "6.0 degrees down" in told
    assert "go further back" in told
    assert words in told


def test_whoever_does_not_go_back_gets_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, maintainer(1.3), seconds=3.0)
    assert "further back" in told and "height" not in told
    assert "pictures have ended" in told


def test_what_is_unknown_is_said() -> None:
    told = camera_cli.report(CameraPlace(1.3, -6, 2.3, 2.8, height_error=0.3))
    assert "unknown" in told and "130" not in told
