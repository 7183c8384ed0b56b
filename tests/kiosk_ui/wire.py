"""A real server to which only 127.0.0.1 is the device itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk_ui import server as server_module
from kiosk_ui.config import WebConfig
from kiosk_ui.server import CarefulServer, _is_device
from kiosk_ui.uploads import form
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.servers import serving

CONFIG = WebConfig(
    max_upload_bytes=1_000_000, disk_floor_mb=0, uploads_at_once=6, uploads_per_client=2,
    connections_per_client=10, heartbeat=0.2, queue_limit=1000, queue_per_client=1000,
)  # fmt: skip


@pytest.fixture
def server(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[CarefulServer]:
    for module in (server_module, form):
        monkeypatch.setattr(module, "is_loopback", lambda address: address == "127.0.0.1")
    _is_device.cache_clear()
    with serving(CONFIG, web.services) as made:
        made.adj.cleanup_interval = 0.1
        made.next_channel_cleanup = 0
        yield made
    _is_device.cache_clear()
