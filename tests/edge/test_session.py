"""From frames to clip, replay and assessment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.assessment import Verdict
from edge.errors import NetworkError, PoseError, SourceError
from edge.exercise import Repetition
from edge.frames import Frame
from edge.frames.video import VideoFile, VideoLimits
from edge.judging import Judgement
from edge.session import UPLOAD_LOOKS, ScoringSession
from edge.track import PoseTrack
from tests.edge.fakes import ConstantClassifier, ScriptedEstimator
from tests.edge.people import squat_track

TIMES = np.arange(0, 4, 1 / 30)
SQUAT = squat_track(TIMES)


def test_the_clip_is_clean_and_keeps_the_times(tmp_path: Path) -> None:
    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier(), clip=tmp_path / "clip.mp4"
    )
    frames = [Frame(np.full((120, 160, 3), 90, np.uint8), 10 + t) for t in TIMES]
    session.push_all([*frames, frames[-1]])  # a clock that stands still is passed over
    assert session.finish().frames.pushed == len(TIMES)
    assert session.track.times[0] == 0
    with VideoFile(tmp_path / "clip.mp4", VideoLimits(rate=1000.0)) as video:
        shown = list(video)
    assert len(shown) == len(TIMES)
    assert shown[60].time == pytest.approx(2.0, abs=1e-3)
    assert np.ptp(shown[60].picture.astype(int)) < 10  # no skeleton in it


def test_a_replay_is_drawn_along(tmp_path: Path) -> None:
    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier(),
        clip=tmp_path / "clip.mp4", replay=tmp_path / "along.mp4",
    )  # fmt: skip
    session.push_all(Frame(np.full((120, 160, 3), 90, np.uint8), 10 + t) for t in TIMES)
    session.finish()
    assert session.replay is not None
    assert session.replay.take(tmp_path / "replay.mp4")
    with VideoFile(tmp_path / "replay.mp4", VideoLimits(rate=1000.0)) as video:
        shown = list(video)
    assert len(shown) == len(TIMES)


def test_the_next_frame_is_looked_at_while_one_is_followed(tmp_path: Path) -> None:
    """What the model finds in a thread of its own is what it finds in ours."""
    frames = [Frame(np.full((120, 160, 3), 90, np.uint8), float(t)) for t in TIMES]
    one = ScoringSession(ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier())
    for frame in frames:
        one.push(frame)
    askers: set[str] = set()

    def source() -> Iterator[Frame]:
        for frame in frames:
            askers.add(threading.current_thread().name)
            yield frame

    other = ScoringSession(ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier())
    other.push_all(source())
    assert one.finish().to_dict() == other.finish().to_dict()
    assert np.array_equal(one.track.joints, other.track.joints, equal_nan=True)
    assert len(askers) == 1 and threading.current_thread().name not in askers


def test_a_clock_that_runs_backwards_is_passed_over() -> None:
    session = ScoringSession(ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier())
    frames = [Frame(np.zeros((48, 64, 3), np.uint8), float(t)) for t in TIMES]
    session.push_all(frames[:60])
    session.push_all(frames[50:])
    assert session.finish().frames.pushed == len(TIMES)


def test_a_replay_that_cannot_be_drawn_costs_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier(),
        clip=tmp_path / "clip.mp4", replay=tmp_path / "along.mp4",
    )  # fmt: skip
    frames = [Frame(np.full((120, 160, 3), 90, np.uint8), float(t)) for t in TIMES]
    session.push_all(frames[:-3])
    monkeypatch.setattr("edge.replay.draw_skeleton", fail)
    session.push_all(frames[-3:])
    assert session.finish().verdict is Verdict.GOOD
    assert session.replay is not None
    assert not session.replay.take(tmp_path / "replay.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_judge_that_fails_leaves_no_clip(tmp_path: Path) -> None:
    class Broken(ConstantClassifier):
        def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
            raise NetworkError("the GPU is lost")

    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), Broken(),
        clip=tmp_path / "clip.mp4", replay=tmp_path / "along.mp4",
    )  # fmt: skip
    session.push_all(Frame(np.full((120, 160, 3), 90, np.uint8), float(t)) for t in TIMES)
    with pytest.raises(NetworkError):
        session.finish()
    session.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_on_the_way_is_raised() -> None:
    def source(count: int) -> Iterator[Frame]:
        for number in range(count):
            yield Frame(np.zeros((48, 64, 3), np.uint8), float(number))
        raise SourceError("it is cut off")

    session = ScoringSession(ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier())
    with pytest.raises(SourceError, match="cut off"):
        session.push_all(source(3))
    calls = iter(range(100))
    broken = ScriptedEstimator(SQUAT, fails=lambda: next(calls) == 2)
    with pytest.raises(PoseError, match="the model failed"):
        ScoringSession(broken.open_stream(), ConstantClassifier()).push_all(source(9))
    with pytest.raises(ValueError, match="takes poses"):
        ScoringSession(None, ConstantClassifier()).push_all(source(1))


def test_of_an_upload_every_second_frame_is_looked_at(tmp_path: Path) -> None:
    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier(), looks=UPLOAD_LOOKS,
        clip=tmp_path / "clip.mp4", replay=tmp_path / "along.mp4",
    )  # fmt: skip
    tremble = np.random.default_rng(0).uniform(-0.002, 0.002, len(TIMES))
    session.push_all(Frame(np.full((120, 160, 3), 90, np.uint8), float(t)) for t in TIMES + tremble)
    result = session.finish()
    assert (result.frames.pushed, result.frames.skipped) == (len(TIMES) / 2, len(TIMES) / 2)
    assert result.verdict is Verdict.GOOD and len(result.repetitions) == 1
    assert session.replay is not None
    assert session.replay.take(tmp_path / "replay.mp4")
    for name in ("clip.mp4", "replay.mp4"):
        with VideoFile(tmp_path / name, VideoLimits(rate=1000.0)) as video:
            assert len(list(video)) == len(TIMES)  # all are shown


def test_a_video_of_few_frames_is_looked_at_as_a_whole() -> None:
    session = ScoringSession(
        ScriptedEstimator(SQUAT).open_stream(), ConstantClassifier(), looks=UPLOAD_LOOKS
    )
    for time in np.arange(0, 4, 1 / 20):
        session.push(Frame(np.zeros((48, 64, 3), np.uint8), float(time)))
    frames = session.finish().frames
    assert (frames.pushed, frames.skipped) == (80, 0)


def test_a_session_given_up_leaves_no_clip(tmp_path: Path) -> None:
    session = ScoringSession(
        ScriptedEstimator().open_stream(), ConstantClassifier(),
        clip=tmp_path / "clip.mp4", replay=tmp_path / "along.mp4",
    )  # fmt: skip
    session.push(Frame(np.zeros((48, 64, 3), np.uint8), 0.0))
    session.discard()
    assert list(tmp_path.iterdir()) == []


def test_wrong_use_is_an_error() -> None:
    with pytest.raises(ValueError, match="threshold"):
        ScoringSession(None, ConstantClassifier(), threshold=1.5)
    with pytest.raises(ValueError, match="takes poses"):
        ScoringSession(None, ConstantClassifier()).push(Frame(np.zeros((4, 4, 3), np.uint8), 0.0))
