"""Workers that score with fakes, and their jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.pose.scheduler import PoseScheduler
from edge.replay import ReplayAlong
from kiosk_ui.scores import Replay, Score
from kiosk_ui.store import ScoreStore
from kiosk_ui.worker import ScoringWorker
from tests.kiosk_ui.fakes import (
    FakeClassifier,
    FakeEstimator,
    FakeVideo,
)

Make = Callable[..., ScoringWorker]


@pytest.fixture
def make(store: ScoreStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Start workers and stop them at the end."""
    workers: list[ScoringWorker] = []

    def start(estimator: FakeEstimator | None = None, **options: Any) -> ScoringWorker:
        if "render" in options:  # what was drawn along is then never right
            monkeypatch.setattr(ReplayAlong, "take", lambda *_: False)
        options.setdefault("open_video", FakeVideo)
        worker = ScoringWorker(
            store,
            PoseScheduler(estimator or FakeEstimator()),
            options.pop("judge", FakeClassifier),
            **options,
        )
        worker.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.close()


def add(store: ScoreStore, content: bytes = b"video", threshold: float = 0.5) -> str:
    path = store.incoming / "some.bin"
    path.write_bytes(content)
    return store.add_upload(path, threshold=threshold, limit=20)


def finished(store: ScoreStore, key: str, *, replay: bool = True) -> Score:
    """Wait until a score, and its replay, are decided."""

    def done(score: Score) -> bool:
        return score.finished and (score.replay is not Replay.PENDING or not replay)

    score = store.wait_for(key, done, 30.0)
    assert score is not None and done(score)
    return score
