from __future__ import annotations

import threading

import pytest

from kiosk_ui.app import HEADERS, create_app
from tests.kiosk_ui.conftest import Web


def test_the_factory_starts_nothing(web: Web) -> None:
    before = threading.active_count()
    for face in ("device", "network"):
        create_app(web.config, web.services, face=face)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "path", ["/", "/phone", "/healthz", "/static/style.css", "/nowhere", "/api/v1/nowhere"]
)
def test_every_answer_is_protected(web: Web, path: str) -> None:
    for face in ("device", "network"):
        response = web.client(face).get(path)
        for name, value in HEADERS.items():
            assert response.headers[name] == value
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
