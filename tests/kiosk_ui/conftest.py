"""A web part with fakes behind it, one for each test."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.settings import SettingsStore
from kiosk_ui.app import create_app
from kiosk_ui.config import WebConfig
from kiosk_ui.services import Services
from kiosk_ui.store import ScoreStore
from tests.kiosk_ui.fakes import FakeCamera, FakeStation

CONFIG = WebConfig(disk_floor_mb=0, replay_patience=5.0, heartbeat=0.2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ScoreStore]:
    made = ScoreStore(tmp_path)
    yield made
    made.close()


class ReadingClient(FlaskClient):
    """Reads each answer to its end and closes it, as servers do."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **options})


@dataclass
class Web:
    """Both faces over the same services."""

    services: Services
    station: FakeStation
    camera: FakeCamera
    config: WebConfig = CONFIG
    apps: dict[str, Flask] = field(default_factory=dict)

    def client(self, face: Any = "network", config: WebConfig | None = None) -> FlaskClient:
        app = create_app(config or self.config, self.services, face=face)
        app.test_client_class = ReadingClient
        return app.test_client()


@pytest.fixture
def web(store: ScoreStore, tmp_path: Path) -> Iterator[Web]:
    station, camera = FakeStation(), FakeCamera()
    services = Services(
        store, SettingsStore(tmp_path / "settings.json"), station=station, camera=camera
    )
    services.ready.set()
    yield Web(services, station, camera)
    services.closing.set()


@pytest.fixture
def phone(web: Web) -> FlaskClient:
    return web.client("network")


@pytest.fixture
def kiosk(web: Web) -> FlaskClient:
    return web.client("device")


Post = Callable[..., TestResponse]


@pytest.fixture
def post(phone: FlaskClient) -> Post:
    """Send a video to the API."""

    def send(video: bytes | None = b"video", **fields: str) -> TestResponse:
        data: dict[str, Any] = dict(fields)
        if video is not None:
            data["video"] = (io.BytesIO(video), "squat.mp4")
        return phone.post("/api/v1/scores", data=data, content_type="multipart/form-data")

    return send
