from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.errors import PoseError, SourceError
from edge.exercise import Repetition
from edge.frames import Frame
from edge.judging import Judgement
from edge.pose.scheduler import PoseScheduler
from edge.session import ScoringSession
from edge.track import Pose, PoseTrack
from kiosk_ui.replays import load_track, save_track
from kiosk_ui.scores import Replay, Status
from kiosk_ui.store import CLIP, MIRRORED, REPLAY, TRACK, UPLOAD, ScoreStore
from kiosk_ui.worker import FAILED, ScoringWorker, progress, sentence
from tests.kiosk_ui.fakes import (
    FakeClassifier,
    FakeEstimator,
    FakeVideo,
    picture,
    track,
    until,
    write_video,
)
from tests.kiosk_ui.workers import Make, add, finished, make

__all__ = ["make"]


def test_an_upload_is_scored_and_its_replay_rendered(store: ScoreStore, make: Make) -> None:
    make()
    score = finished(store, key := add(store))
    assert score.status is Status.DONE and score.assessment is not None
    assert score.assessment["verdict"] == "good"
    assert score.assessment["pose_model"] == "fake-pose"
    assert len(score.assessment["repetitions"]) == 1
    assert score.replay is Replay.READY
    assert store.path(key, REPLAY).stat().st_size > 1000
    assert store.path(key, CLIP).is_file() and store.path(key, TRACK).is_file()


def test_the_file_of_a_stranger_is_not_kept(store: ScoreStore, make: Make) -> None:
    worker = make()
    good = finished(store, add(store)).id
    assert not store.path(good, UPLOAD).exists()
    worker.close()
    broken = add(store)

    def refuse(path: Path) -> FakeVideo:
        raise SourceError("this is not a video that can be read")

    make(open_video=refuse)
    finished(store, broken)
    until(lambda: not store.path(broken, UPLOAD).exists())


def test_the_threshold_of_the_upload_decides(store: ScoreStore, make: Make) -> None:
    make()
    score = finished(store, add(store, threshold=0.9))
    assert score.assessment is not None
    assert (score.assessment["verdict"], score.assessment["threshold"]) == ("bad", 0.9)


def test_a_real_file_is_decoded_in_a_child(store: ScoreStore, make: Make, tmp_path: Path) -> None:
    video = write_video(tmp_path / "squat.mp4")
    worker = ScoringWorker(store, PoseScheduler(FakeEstimator()), FakeClassifier)
    worker.start()
    score = finished(store, add(store, video.read_bytes()))
    junk = finished(store, add(store, b"this is no video" * 100))
    worker.close()
    assert score.status is Status.DONE and score.replay is Replay.READY
    assert junk.status is Status.FAILED
    assert junk.error == "This is not a video that can be read."


def test_left_and_right_of_a_mirrored_video_are_put_right(store: ScoreStore, make: Make) -> None:
    seen = []

    class Watching(FakeEstimator):
        def estimate(self, frame: Frame) -> list[Pose]:
            seen.append(frame.picture)
            return super().estimate(frame)

    make(Watching())
    path = store.incoming / "some.bin"
    path.write_bytes(b"video")
    key = store.add_upload(path, threshold=0.5, mirrored=True)
    assert finished(store, key).status is Status.DONE
    np.testing.assert_array_equal(seen[7], picture(14)[:, ::-1])  # every second one
    assert not store.path(key, MIRRORED).exists()


def test_nobody_in_the_picture_still_gives_a_replay(store: ScoreStore, make: Make) -> None:
    make(FakeEstimator(people=False))
    score = finished(store, add(store))
    assert score.assessment is not None
    assert score.assessment["reason_code"] == "no_person"
    assert score.replay is Replay.READY


def test_an_upload_gives_way_to_the_kiosk(store: ScoreStore, make: Make) -> None:
    recording = threading.Event()
    recording.set()
    estimator = FakeEstimator()
    make(estimator, give_way=recording.is_set)
    key = add(store)
    until(lambda: (s := store.get(key)) and s.status is Status.RUNNING)
    threading.Event().wait(0.3)
    assert estimator.frames == 0
    recording.clear()
    assert finished(store, key).status is Status.DONE


def test_a_failing_model_is_reported_and_the_next_job_is_scored(
    store: ScoreStore, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    estimator = FakeEstimator(error=PoseError("the network broke"), error_at=5)
    make(estimator)
    with caplog.at_level(logging.ERROR):
        first = finished(store, add(store))
    assert (first.status, first.error) == (Status.FAILED, FAILED)
    assert "the network broke" in caplog.text  # the traceback is in the log, not on the page
    estimator.error = None
    assert finished(store, add(store)).status is Status.DONE


def test_a_video_that_breaks_off_fails_with_its_reason(store: ScoreStore, make: Make) -> None:
    class Cut(FakeVideo):
        def __iter__(self) -> Iterator[Frame]:
            yield Frame(picture(0), 0.0)
            raise SourceError("the video is damaged or cut off")

    make(open_video=Cut)
    score = finished(store, key := add(store))
    assert score.error == "The video is damaged or cut off."
    until(lambda: not list(store.path(key, CLIP).parent.iterdir()))


def test_the_verdict_does_not_wait_for_the_replay(store: ScoreStore, make: Make) -> None:
    gate = threading.Event()

    def wait(clip: Path, track: PoseTrack, output: Path) -> None:
        gate.wait(20)

    make(render=wait)
    score = finished(store, add(store), replay=False)
    assert (score.status, score.replay) == (Status.DONE, Replay.PENDING)
    gate.set()


def test_a_replay_that_cannot_be_rendered_leaves_the_verdict(
    store: ScoreStore, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(clip: Path, track: PoseTrack, output: Path) -> None:
        raise SourceError("no")

    make(render=fail)
    score = finished(store, add(store))
    assert (score.status, score.replay) == (Status.DONE, Replay.FAILED)
    until(lambda: "cannot be rendered" in caplog.text)


def test_a_stopped_job_is_begun_again(store: ScoreStore, make: Make) -> None:
    estimator = FakeEstimator()
    estimator.gate.clear()
    worker = make(estimator)
    key = add(store)
    until(lambda: (s := store.get(key)) and s.status is Status.RUNNING)
    worker._stopping.set()
    estimator.gate.set()
    worker.close()
    score = store.get(key)
    assert score is not None
    assert (score.status, score.attempts) == (Status.QUEUED, 0)
    assert [p.name for p in store.path(key, UPLOAD).parent.iterdir()] == [UPLOAD]
    make()
    assert finished(store, key).status is Status.DONE


def test_a_job_that_the_end_of_the_program_breaks_is_begun_again(
    store: ScoreStore, make: Make
) -> None:
    class Ended(FakeClassifier):
        def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
            worker._stopping.set()
            raise RuntimeError("cannot schedule new futures after shutdown")

    worker = make(judge=Ended)
    key = add(store)
    until(worker._stopping.is_set)
    worker.close()
    score = store.get(key)
    assert score is not None
    assert (score.status, score.attempts) == (Status.QUEUED, 0)


def test_replays_are_rendered_after_a_restart(
    store: ScoreStore, make: Make, tmp_path: Path
) -> None:
    clip = write_video(tmp_path / "clip.mp4")
    key = store.add_recording(
        clip, {"verdict": "good", "threshold": 0.5}, lambda path: save_track(track(), path)
    )
    make()
    assert finished(store, key).replay is Replay.READY


def session_with_clip(clip: Path, seconds: float) -> ScoringSession:
    session = ScoringSession(FakeEstimator(), FakeClassifier(), clip=clip, pose_model="fake-pose")
    session.push_all(FakeVideo(clip, seconds))
    return session


def test_a_recording_of_the_kiosk_is_kept(store: ScoreStore, make: Make, tmp_path: Path) -> None:
    worker = make()
    session = session_with_clip(clip := tmp_path / "recording.mp4", 3.0)
    key = worker.save_kiosk_result(session, session.finish(), clip)
    score = finished(store, key)
    assert score.source.value == "kiosk" and score.assessment is not None
    assert score.assessment["verdict"] == "good"
    assert score.replay is Replay.READY
    assert not clip.exists()


def test_a_recording_without_any_frame_is_kept_without_a_replay(
    store: ScoreStore, make: Make, tmp_path: Path
) -> None:
    worker = make()
    session = session_with_clip(clip := tmp_path / "recording.mp4", 0.0)
    score = finished(store, worker.save_kiosk_result(session, session.finish(), clip))
    assert (score.status, score.replay) == (Status.DONE, Replay.NONE)


def test_a_deleted_job_does_not_end_the_worker(store: ScoreStore, make: Make) -> None:
    estimator = FakeEstimator()
    estimator.gate.clear()
    make(estimator)
    key = add(store)
    until(lambda: (s := store.get(key)) and s.status is Status.RUNNING)
    store.delete(key)
    estimator.gate.set()
    assert finished(store, add(store)).status is Status.DONE
    assert store.get(key) is None
    assert not store.path(key, CLIP).parent.exists()


@pytest.mark.parametrize(
    ("time", "count", "duration", "expected"),
    [(0.0, 0, 10.0, 0.0), (5.0, 1, 10.0, 0.5), (20.0, 1, 10.0, 0.99), (5.0, 0, None, 0.0)],
)
def test_progress(time: float, count: int, duration: float | None, expected: float) -> None:
    assert progress(time, count, duration) == pytest.approx(expected)


def test_progress_of_an_unknown_length_grows_and_never_ends() -> None:
    values = [progress(0.0, count, None) for count in range(0, 10_000, 100)]
    assert values == sorted(values)
    assert values[-1] <= 0.99


def test_sentences() -> None:
    assert sentence("the file is empty") == "The file is empty."
    assert sentence("Already one.") == "Already one."


def test_tracks_are_kept_exactly(tmp_path: Path) -> None:
    save_track(track(), tmp_path / "track.npz")
    again = load_track(tmp_path / "track.npz")
    np.testing.assert_array_equal(again.times, track().times)
    np.testing.assert_array_equal(again.joints, track().joints)
    np.testing.assert_array_equal(again.confidence, track().confidence)
