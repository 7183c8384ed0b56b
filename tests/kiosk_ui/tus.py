"""A server for uploads in pieces, and what sends to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Status
from kiosk_ui.server import CarefulServer
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.servers import serving

CONFIG = WebConfig(max_upload_bytes=3_000_000, disk_floor_mb=0, queue_limit=4, partial_uploads=3)
VIDEO = bytes(os.urandom(1_000_000))


@pytest.fixture
def server(web: Web) -> Iterator[CarefulServer]:
    with serving(CONFIG, web.services) as made:
        yield made


@pytest.fixture
def stream(server: CarefulServer) -> Iterator[Callable[..., Stream]]:
    made: list[Stream] = []

    def make(**options: Any) -> Stream:
        made.append(Stream(server.effective_port, **options))
        made[-1].begin()
        return made[-1]

    yield make
    for one in made:
        one.close()


def kept(web: Web, key: str) -> bytes:
    score = web.services.store.get(key)
    assert score is not None and score.status is Status.QUEUED
    return web.services.store.upload(key).read_bytes()
