"""The real server with real sockets: slow, greedy and vanishing clients."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from kiosk_ui.config import WebConfig
from kiosk_ui.server import CarefulServer
from kiosk_ui.store import UPLOAD
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.servers import serving

CONFIG = WebConfig(
    max_upload_bytes=1_000_000,
    disk_floor_mb=0,
    uploads_at_once=2,
    network_requests=4,
    heartbeat=0.2,
)


@pytest.fixture
def server(web: Web) -> Iterator[CarefulServer]:
    with serving(CONFIG, web.services) as made:
        yield made


def connect(server: CarefulServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.effective_port), timeout=10)


def ask(server: CarefulServer, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send a request word by word as it is given, and read the whole answer."""
    with closing(connect(server)) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(wire)
        answer.begin()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def health(server: CarefulServer, host: str = "localhost") -> int:
    return ask(server, f"GET /healthz HTTP/1.1\nHost: {host}\nConnection: close")[0]


def form(size: int) -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    return head + b"x" * size + b"\r\n--B--\r\n"


POST = "POST /api/v1/scores HTTP/1.1\nHost: kiosk\nContent-Type: multipart/form-data; boundary=B\n"


def test_a_video_is_taken(web: Web, server: CarefulServer) -> None:
    body = form(800_000)
    status, headers, answer = ask(server, f"{POST}Content-Length: {len(body)}", body)
    assert status == 202
    key = json.loads(answer)["id"]
    assert headers["location"] == f"/api/v1/scores/{key}"
    assert web.services.store.path(key, UPLOAD).stat().st_size == 800_000
    assert headers["server"] == "squat-kiosk"


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (f"{POST}Content-Length: 5000000", 413, "too_large"),
        (f"{POST}Content-Length: 5000000\nExpect: 100-continue", 413, "too_large"),
        ("PUT /kiosk/settings HTTP/1.1\nHost: localhost\nContent-Length: 900000", 413, "too_large"),
        ("POST / HTTP/1.1\nHost: kiosk\nTransfer-Encoding: chunked", 413, "too_large"),
        ("GET / HTTP/1.1\nHost: kiosk\nContent-Length: many", 400, "bad_request"),
        ("GET / HTTP/1.1\nHost: kiosk\nX: " + "x" * 20_000, 431, "bad_request"),
    ],
)
def test_a_body_is_refused_before_it_is_sent(
    server: CarefulServer, head: str, status: int, code: str
) -> None:
    got, headers, body = ask(server, head)
    assert got == status
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == code


def test_a_video_sent_to_the_wrong_place_is_told_the_right_one(server: CarefulServer) -> None:
    _, _, body = ask(server, "POST /api/score HTTP/1.1\nHost: kiosk\nContent-Length: 170000")
    assert "/api/v1/scores" in json.loads(body)["detail"]


def test_a_full_disk_refuses_videos(server: CarefulServer) -> None:
    server.disk_floor = 1 << 60
    got, _, body = ask(server, f"{POST}Content-Length: 900000")
    assert (got, json.loads(body)["code"]) == (507, "disk_full")
    assert health(server) == 200


def test_few_videos_are_taken_at_once(server: CarefulServer) -> None:
    slow = [connect(server) for _ in range(2)]
    for wire in slow:
        wire.sendall(f"{POST}Content-Length: 500000\n\n".replace("\n", "\r\n").encode() + b"--B")
    until(lambda: server.uploads() == 2)
    got, headers, body = ask(server, f"{POST}Content-Length: 500000")
    assert (got, json.loads(body)["code"]) == (503, "busy")
    assert headers["retry-after"] == "30"
    # A piece is through in a moment, and whoever records is waiting.
    piece = "PATCH /api/v1/uploads/x HTTP/1.1\nHost: kiosk\nContent-Length: 500000"
    got, headers, _ = ask(server, piece)
    assert (got, headers["retry-after"]) == (503, "1")
    for wire in slow:
        wire.close()
    until(lambda: server.uploads() == 0)


def test_slow_clients_hold_up_nobody(server: CarefulServer) -> None:
    slow = [connect(server) for _ in range(100)]
    for wire in slow:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: ki")
    began = time.monotonic()
    assert health(server) == 200
    assert time.monotonic() - began < 1.0
    for wire in slow:
        wire.close()


def test_the_network_cannot_take_every_thread(web: Web) -> None:
    held = []

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        held.append(environ["HTTP_HOST"])
        web.services.closing.wait(20)
        start_response("200 OK", [])
        return [b""]

    from kiosk_ui.faces import TwoFaces  # noqa: PLC0415 - this test alone builds one

    def quick(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    faces = TwoFaces(quick, application, limit=CONFIG.network_requests)
    with serving(CONFIG, web.services, faces) as server:
        wires = [connect(server) for _ in range(CONFIG.network_requests)]
        for wire in wires:
            wire.sendall(b"GET / HTTP/1.1\r\nHost: kiosk\r\n\r\n")
        until(lambda: len(held) == CONFIG.network_requests)
        assert health(server, "kiosk") == 503
        assert health(server) == 200
        web.services.closing.set()
        for wire in wires:
            wire.close()


def test_events_come_at_once_and_a_closed_stream_is_noticed(
    web: Web, server: CarefulServer
) -> None:  # fmt: skip
    threads = server.task_dispatcher
    with closing(connect(server)) as wire:
        wire.sendall(b"GET /kiosk/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        lines = wire.makefile("rb")
        read_until(lines, b'"state": "idle"')
        until(lambda: threads.active_count == 1)
        web.station.set(state="recording")
        began = time.monotonic()
        read_until(lines, b'"state": "recording"')
        assert time.monotonic() - began < 1.0
        lines.close()
    until(lambda: threads.active_count == 0)


def read_until(lines: Any, wanted: bytes) -> None:
    for line in lines:
        if wanted in line:
            return
    raise AssertionError(f"{wanted!r} never came")


def test_streams_end_with_the_server(web: Web) -> None:
    with serving(CONFIG, web.services) as server:
        wires = [connect(server) for _ in range(6)]
        for number, wire in enumerate(wires):
            path = "live.mjpg" if number % 2 else "events"
            wire.sendall(f"GET /kiosk/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wire.recv(100)
        began = time.monotonic()
    assert time.monotonic() - began < 3.0
    for wire in wires:
        wire.close()


def test_a_clock_that_is_put_back_puts_no_look_at_slow_connections_off(
    server: CarefulServer,
) -> None:
    server.next_channel_cleanup = time.time() + 86_400
    assert health(server) == 200
    assert server.next_channel_cleanup <= time.time() + server.adj.cleanup_interval
