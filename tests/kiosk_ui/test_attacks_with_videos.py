"""Damaged videos through the front door of the real server."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from edge.classifier import Classifier
from edge.pose.scheduler import PoseScheduler
from kiosk_ui.server import CarefulServer
from kiosk_ui.worker import FAILED, ScoringWorker
from tests.edge.fuzzing import child_processes
from tests.edge.mutations import make_corpus, mutation
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import FakeClassifier, FakeEstimator, until
from tests.kiosk_ui.test_server import ask, health
from tests.kiosk_ui.wire import server

__all__ = ["server"]


def upload(server: CarefulServer, data: bytes) -> str:
    """Send a file as a phone's page does without scripts, and return its score's id."""
    form_body = (
        b'--B\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
        + data + b"\r\n--B--\r\n"
    )  # fmt: skip
    head = (
        "POST /api/v1/scores HTTP/1.1\nHost: localhost\nConnection: close\n"
        f"Content-Type: multipart/form-data; boundary=B\nContent-Length: {len(form_body)}"
    )
    status, _, answer = ask(server, head, form_body)
    assert status == 202, answer
    return str(json.loads(answer)["id"])


def open_files() -> list[str]:
    """Return what this process has open, without the database's pool."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(str(entry.readlink()))
    return sorted(name for name in found if "scores.sqlite3" not in name and name[0] == "/")


@pytest.mark.parametrize(
    "files", [6, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
def test_damaged_videos_are_scored_or_refused_in_words(
    web: Web, server: CarefulServer, files: int, tmp_path: Path
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    corpus = make_corpus(folder)
    before, children = open_files(), child_processes()
    worker = ScoringWorker(
        web.services.store,
        PoseScheduler(FakeEstimator()),
        lambda: cast(Classifier, FakeClassifier()),
    )
    worker.start()
    keys = [upload(server, mutation(corpus, 9000 + number)[2]) for number in range(files)]
    until(lambda: web.services.store.waiting() == 0, 600)
    ends = {"done": 0, "failed": 0}
    for key in keys:
        _, _, body = ask(server, f"GET /api/v1/scores/{key} HTTP/1.1\nHost: localhost")
        score = json.loads(body)
        ends[score["status"]] += 1
        if score["status"] == "failed":
            assert score["error"] and score["error"] != FAILED, score
        # The same page is there for people, whatever came of it.
        assert ask(server, f"GET /scores/{key} HTTP/1.1\nHost: localhost")[0] == 200
    worker.close()
    assert sum(ends.values()) == files and all(ends.values()), ends
    assert health(server) == 200
    assert list(web.services.store.incoming.iterdir()) == []
    until(lambda: set(child_processes()) <= set(children))
    until(lambda: open_files() == before)
