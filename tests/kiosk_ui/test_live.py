"""Recordings that are scored while they arrive, and what happens when that does not go well."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from edge.errors import PoseError
from edge.frames import Frame, FrameSource
from edge.frames.camera import DEMO_CLIPS
from edge.frames.sandbox import SandboxedVideo
from edge.pose.scheduler import PoseScheduler
from edge.track import PoseTrack
from kiosk_ui.scores import Replay, Score, Status
from kiosk_ui.store import CLIP, UPLOAD, ScoreStore
from kiosk_ui.uploads.live import LiveScorer, readable
from kiosk_ui.uploads.partial import PartialUploads
from kiosk_ui.worker import ScoringWorker
from tests.edge.videos import write_as_recorder, write_video
from tests.kiosk_ui.fakes import FakeClassifier, FakeEstimator, until

DEMO = DEMO_CLIPS / "good.mp4"
SECONDS = 4.0
FRAMES = 120
HALF = 80_000
"""Bytes that are some of each recording."""

Make = Callable[..., ScoringWorker]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the demo clip as recorders of browsers would have written it."""
    folder = tmp_path_factory.mktemp("recordings")
    names = ("webm", "mp4")
    paths = [write_as_recorder(DEMO, folder / f"r.{name}", SECONDS) for name in names]
    return {path.suffix[1:]: path.read_bytes() for path in paths}


@pytest.fixture
def uploads(store: ScoreStore) -> PartialUploads:
    return PartialUploads(store)


@pytest.fixture
def make(store: ScoreStore, uploads: PartialUploads) -> Iterator[Make]:
    workers: list[ScoringWorker] = []

    def draw(clip: Path, track: PoseTrack, output: Path) -> None:
        output.touch()

    def start(estimator: Any = None, **options: Any) -> ScoringWorker:
        workers.append(
            ScoringWorker(
                store,
                PoseScheduler(estimator or FakeEstimator()),
                FakeClassifier,
                uploads=uploads,
                render=draw,
                **options,
            )
        )
        workers[-1].start()
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


def send(uploads: PartialUploads, key: str, video: bytes, *, last: bool = True) -> None:
    offset = uploads.offset(key)
    length = offset + len(video) if last else None
    uploads.append(key, offset, io.BytesIO(video), len(video), length)


def begin(uploads: PartialUploads, **known: Any) -> str:
    return uploads.create(length=None, threshold=0.5, **known).key


def done(store: ScoreStore, key: str) -> Score:
    def decided(score: Score) -> bool:
        return score.finished and score.replay is not Replay.PENDING

    score = store.wait_for(key, decided, 60.0)
    assert score is not None and decided(score), score
    return score


@pytest.mark.parametrize(("kind", "mirrored"), [("webm", False), ("mp4", True)])
def test_a_recording_is_judged_as_a_file_is(
    store: ScoreStore,
    uploads: PartialUploads,
    make: Make,
    recordings: dict[str, bytes],
    kind: str,
    mirrored: bool,
) -> None:
    """The same frames, the same verdict, whichever way the file came; and most of it beforehand."""
    estimator = FakeEstimator()
    make(estimator)
    video, key = recordings[kind], begin(uploads, mirrored=mirrored)
    for share in range(9):
        part = video[share * len(video) // 10 : (share + 1) * len(video) // 10]
        send(uploads, key, part, last=False)
    until(lambda: estimator.frames > FRAMES / 4)  # and the upload is not even finished
    assert store.get(key) is None
    send(uploads, key, video[9 * len(video) // 10 :])
    score = store.get(key)
    assert score is not None and score.status is not Status.QUEUED
    live = done(store, key)
    assert estimator.frames == FRAMES / 2  # every second one is looked at

    path = store.incoming / "whole"
    path.write_bytes(video)
    queued = done(store, store.add_upload(path, threshold=0.5, mirrored=mirrored))
    assert live.assessment == queued.assessment
    assert live.assessment is not None and live.assessment["repetitions"]
    assert store.path(key, CLIP).read_bytes() == store.path(queued.id, CLIP).read_bytes()
    assert live.replay is Replay.READY
    assert not store.path(key, UPLOAD).exists()
    assert not list(store.incoming.iterdir())


def test_a_file_that_says_at_its_end_what_is_in_it(
    store: ScoreStore, uploads: PartialUploads, make: Make
) -> None:
    """An ordinary MP4 cannot be read while it grows: it goes through the queue."""
    make()
    key, video = begin(uploads), write_video(store.incoming / "a.mp4").read_bytes()
    (store.incoming / "a.mp4").unlink()
    assert video.index(b"moov") > video.index(b"mdat")
    send(uploads, key, video[:-100], last=False)
    send(uploads, key, video[-100:])
    assert done(store, key).status is Status.DONE


def test_junk_fails_with_the_queues_own_words(
    store: ScoreStore, uploads: PartialUploads, make: Make
) -> None:
    make()
    key = begin(uploads)
    send(uploads, key, b"this is no video" * 100)
    assert done(store, key).error == "This is not a video that can be read."
    assert not list(store.incoming.iterdir())


def test_a_recording_that_is_given_up_leaves_nothing(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    estimator = FakeEstimator()
    make(estimator)
    key = begin(uploads)
    send(uploads, key, recordings["webm"][:HALF], last=False)
    until(lambda: estimator.frames > 10)
    uploads.remove(key)
    until(lambda: not list(store.incoming.iterdir()))
    assert store.get(key) is None
    # And the place is free again.
    second = begin(uploads)
    send(uploads, second, recordings["webm"][:HALF], last=False)
    until(lambda: uploads._kept[second].taken)
    send(uploads, second, recordings["webm"][HALF:])
    assert done(store, second).attempts == 0


def test_a_finished_upload_that_is_forgotten_is_still_scored(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    estimator = FakeEstimator()
    make(estimator)
    key = begin(uploads)
    send(uploads, key, recordings["mp4"][:HALF], last=False)
    until(lambda: uploads._kept[key].taken)
    estimator.gate.clear()
    send(uploads, key, recordings["mp4"][HALF:])
    uploads.remove(key)
    estimator.gate.set()
    assert done(store, key).status is Status.DONE


def test_time_that_is_over_makes_no_verdict_of_a_part(
    store: ScoreStore,
    uploads: PartialUploads,
    make: Make,
    recordings: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk_ui.uploads.live.LONGEST", 0.0)
    make()
    key = begin(uploads)
    send(uploads, key, recordings["mp4"][:HALF], last=False)
    until(lambda: uploads._kept[key].tried)
    send(uploads, key, recordings["mp4"][HALF:])
    score = done(store, key)
    assert score.attempts == 1 and score.assessment is not None
    assert score.assessment["duration"] > SECONDS - 0.1


def test_who_finds_no_place_goes_through_the_queue(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    estimator = FakeEstimator()
    make(estimator)
    first, second = begin(uploads), begin(uploads)
    send(uploads, first, recordings["webm"][:HALF], last=False)
    until(lambda: estimator.frames > 10)
    send(uploads, second, recordings["webm"])
    assert done(store, second).attempts == 1
    send(uploads, first, recordings["webm"][HALF:])
    assert done(store, first).attempts == 0


def test_a_model_that_fails_meanwhile_gives_it_to_the_queue(
    store: ScoreStore,
    uploads: PartialUploads,
    make: Make,
    recordings: dict[str, bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    estimator = FakeEstimator(error=PoseError("the network broke"), error_at=20)
    make(estimator)
    key = begin(uploads)
    send(uploads, key, recordings["mp4"][:HALF], last=False)
    until(lambda: "while it arrives" in caplog.text)
    estimator.error = None
    send(uploads, key, recordings["mp4"][HALF:])
    score = done(store, key)
    assert (score.status, score.attempts) == (Status.DONE, 1)


def test_one_that_fails_after_the_end_goes_to_the_queue(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    estimator = FakeEstimator()
    estimator.gate.clear()
    make(estimator)
    key = begin(uploads)
    send(uploads, key, recordings["mp4"])
    score = store.get(key)
    assert score is not None
    estimator.error = PoseError("the network broke")
    if score.status is Status.RUNNING:  # it was taken before its end
        estimator.error_at = 10
    else:
        estimator.error = None
    estimator.gate.set()
    until(lambda: estimator.error is None or estimator.frames > 10)
    estimator.error = None
    assert done(store, key).status is Status.DONE


def test_a_worker_that_stops_leaves_it_to_the_next_start(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    estimator = FakeEstimator()
    worker = make(estimator)
    key = begin(uploads)
    send(uploads, key, recordings["mp4"][:HALF], last=False)
    until(lambda: estimator.frames > 10)
    worker.close()
    assert not list(store.incoming.iterdir())
    send(uploads, key, recordings["mp4"][HALF:])
    make()
    assert done(store, key).status is Status.DONE


def test_a_phone_does_not_wait_for_the_kiosk(
    store: ScoreStore, uploads: PartialUploads, make: Make, recordings: dict[str, bytes]
) -> None:
    """Whoever records at the kiosk goes first picture by picture, and not for the whole time."""
    recording = threading.Event()
    recording.set()
    make(give_way=recording.is_set)
    key = begin(uploads)
    send(uploads, key, recordings["mp4"][:HALF], last=False)
    until(lambda: uploads._kept[key].taken)
    send(uploads, key, recordings["mp4"][HALF:])
    score = store.wait_for(key, lambda score: score.finished, 30.0)
    assert score is not None and score.status is Status.DONE
    assert score.replay is Replay.PENDING  # this can wait
    recording.clear()
    done(store, key)


def test_silence_gives_the_place_to_somebody_else(
    store: ScoreStore, uploads: PartialUploads, recordings: dict[str, bytes], tmp_path: Path
) -> None:
    frames: list[Frame] = []

    class Session:
        def push(self, frame: Frame) -> None:
            frames.append(frame)

        def discard(self) -> None:
            frames.clear()

    def impatient(pieces: Iterator[bytes]) -> FrameSource:
        return SandboxedVideo(pieces, patience=1.0)

    live = LiveScorer(
        uploads,
        lambda partial, clip: cast(Any, Session()),
        lambda *result: None,
        waiting=lambda: 0,
        told=lambda *progress: None,
        scratch=tmp_path,
        open_video=impatient,
    )
    live.start()
    key = begin(uploads)
    send(uploads, key, recordings["webm"][:HALF], last=False)
    until(lambda: bool(frames))
    until(lambda: not frames)
    assert uploads.get(key) is not None
    send(uploads, key, recordings["webm"][HALF:])
    live.close()
    score = store.get(key)
    assert score is not None and score.status is Status.QUEUED


def test_a_whole_file_is_scored_while_it_arrives_if_nobody_waits(
    store: ScoreStore, uploads: PartialUploads, make: Make
) -> None:
    estimator = FakeEstimator()
    make(estimator)
    video = DEMO.read_bytes()
    keys = [uploads.create(length=len(video), threshold=0.5).key for _ in range(2)]
    estimator.gate.clear()
    send(uploads, keys[0], video[:HALF], last=False)
    until(lambda: uploads._kept[keys[0]].taken)
    send(uploads, keys[0], video[HALF:])
    send(uploads, keys[1], video[:HALF], last=False)
    estimator.gate.set()
    assert done(store, keys[0]).attempts == 0
    send(uploads, keys[1], video[HALF:])
    assert done(store, keys[1]).status is Status.DONE


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", False),
        (b"\x1a\x45\xdf\xa3 webm", True),
        (b"\0\0\0\x0cftypisom\0\0\0\x08moov", True),
        (b"\0\0\0\x0cftypisom\0\0\0\x08free\0\0\0\x09moov", True),
        (b"\0\0\0\x0cftypisom\0\0\0\x08mdat", False),
        (b"\0\0\0\x0cftypisom\0\0\0\x00mdat", False),
        (b"\0\0\0\x0cftypisom\0\0", False),
        (b"\0\0\0\0ftypisom\0\0", False),
        (b"\xff\xff\xff\xffftypisom\0\0", False),
    ],
)
def test_what_can_be_read_before_its_end(head: bytes, expected: bool) -> None:
    assert readable(head) is expected


def test_the_pieces_of_an_upload_that_is_gone(uploads: PartialUploads) -> None:
    key = begin(uploads)
    pieces = uploads.follow(key, lambda: False)
    uploads.remove(key)
    assert list(pieces) == []
    with pytest.raises(FileNotFoundError):
        uploads.follow(key, lambda: False)


def test_pieces_are_followed_to_the_end(uploads: PartialUploads, store: ScoreStore) -> None:
    key = begin(uploads)
    got: list[bytes] = []
    pieces = uploads.follow(key, lambda: False)
    thread = threading.Thread(target=lambda: got.extend(pieces))
    thread.start()
    for part in (b"a" * 100, b"b" * 200_000, b"c"):
        send(uploads, key, part, last=part == b"c")
    thread.join(10)
    assert b"".join(got) == b"a" * 100 + b"b" * 200_000 + b"c"
    assert b"".join(uploads.follow(key, lambda: False)) == b"".join(got)
