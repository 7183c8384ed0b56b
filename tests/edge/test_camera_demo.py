"""The demo clip played as a camera."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from edge.errors import CameraError
from edge.frames import Frame
from edge.frames import camera_demo as module
from edge.frames.camera_demo import DemoCamera
from edge.frames.video import VideoFile
from tests.edge.videos import write_video


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "demo.mp4", times=[n / 30 for n in range(15)])


def test_the_demo_plays_at_its_own_pace_and_again(clip: Path) -> None:
    began = monotonic()
    with DemoCamera(clip) as demo:
        frames = list(itertools.islice(demo, 32))
    took = monotonic() - began
    gaps = np.diff([frame.time for frame in frames])
    # Over the seam as well; who is held up for a moment misses a picture.
    assert 30 * gaps == pytest.approx(np.round(30 * gaps), abs=0.1)
    assert np.median(gaps) == pytest.approx(1 / 30, abs=0.003)
    assert took > 0.95
    assert frames[0].time == pytest.approx(began, abs=0.5)


def test_who_is_slow_misses_frames_of_the_demo(clip: Path) -> None:
    with DemoCamera(clip) as demo:
        frames = iter(demo)
        first = next(frames)
        before = demo.missed  # on a busy machine it began late
        sleep(0.2)
        gap = next(frames).time - first.time
        assert gap > 0.15
        assert demo.missed - before == round(gap * 30) - 1


def test_where_the_machine_is_too_slow_to_decode_it_the_clip_stands_instead_of_giving_nothing(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to leave out every frame, and to fall further behind with each round."""
    now, frames = [100.0], VideoFile.__iter__

    def slowly(video: VideoFile) -> Iterator[Frame]:
        for frame in frames(video):
            now[0] += 0.2
            yield frame

    def pause(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(VideoFile, "__iter__", slowly)
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "sleep", pause)
    with DemoCamera(clip) as demo:
        times = [frame.time for frame in itertools.islice(demo, 40)]
    assert np.diff(times).min() > 0 and np.diff(times).max() < 0.61
    assert times[-1] == pytest.approx(now[0], abs=0.01)
    assert len(times) + demo.missed == pytest.approx(30 * (now[0] - 100.0), rel=0.1)


def test_missing_or_damaged_demo_clips_are_camera_errors(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="missing"):
        DemoCamera(tmp_path / "none.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    with pytest.raises(CameraError, match="cannot be read"), DemoCamera(tmp_path / "bad.mp4") as d:
        next(iter(d))


def test_the_demo_gives_way(clip: Path) -> None:
    asked = iter([False, True])
    with DemoCamera(clip, lambda: next(asked)) as demo:
        assert len(list(demo)) + demo.missed == 15
