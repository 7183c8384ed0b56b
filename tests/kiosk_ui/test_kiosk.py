from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk_ui.kiosk import BOUNDARY, MOST_STREAMS, event_stream, live_stream
from tests.kiosk_ui.conftest import Web


def test_the_screen_has_what_the_thesis_asks_for(kiosk: FlaskClient) -> None:
    page = kiosk.get("/").text
    for part in ('id="start"', 'id="countdown"', 'id="ring"', 'id="menu"', 'id="result"'):
        assert part in page
    assert 'min="3" max="30"' in page  # as the settings declare it


def test_start_and_cancel(web: Web, kiosk: FlaskClient) -> None:
    started = kiosk.post("/kiosk/start")
    assert started.status_code == 202
    assert started.json is not None and started.json["state"] == "positioning"
    again = kiosk.post("/kiosk/start")
    assert again.status_code == 409
    assert again.json is not None and again.json["code"] == "busy"
    cancelled = kiosk.post("/kiosk/cancel")
    assert cancelled.json is not None and cancelled.json["state"] == "idle"
    assert web.station.calls == ["start", "start", "cancel"]


def test_a_touch_is_passed_on(web: Web, kiosk: FlaskClient) -> None:
    assert kiosk.post("/kiosk/touched").status_code == 204
    assert web.station.calls == ["touched"]


def test_start_without_a_camera_says_so(web: Web, kiosk: FlaskClient) -> None:
    web.station.set(camera={"ok": False, "name": "", "message": "plug it in"})
    answer = kiosk.post("/kiosk/start")
    assert answer.status_code == 409
    assert answer.json is not None and answer.json["code"] == "no_camera"
    assert "Please tell the staff" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/kiosk/start", "/kiosk/cancel"])
def test_get_presses_nothing(web: Web, kiosk: FlaskClient, path: str) -> None:
    assert kiosk.get(path).status_code == 405
    assert web.station.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_other_sites_pages_press_nothing(
    web: Web, kiosk: FlaskClient, headers: dict[str, str]
) -> None:
    for method, path in (("POST", "start"), ("POST", "cancel"), ("PUT", "settings"),
                         ("GET", "live.mjpg"), ("GET", "events")):  # fmt: skip
        answer = kiosk.open(f"/kiosk/{path}", method=method, headers=headers)
        assert answer.status_code == 403
        assert answer.mimetype == "application/problem+json"
    assert web.station.calls == []


def test_our_own_page_may(kiosk: FlaskClient) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert kiosk.post("/kiosk/start", headers=headers).status_code == 202


def take(stream: Iterator[bytes]) -> tuple[str, dict[str, Any]]:
    name, data = next(stream).decode().strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_events(web: Web) -> None:
    stream = event_stream(web.services, 0.05, draw=lambda key: f"card of {key}")
    assert take(stream) == ("hello", {"instance": web.services.instance})
    assert take(stream)[1]["state"] == "idle"
    assert next(stream) == b": alive\n\n"
    web.station.set(state="recording", repetitions=2)
    kind, state = take(stream)
    assert (kind, state["state"], state["repetitions"]) == ("state", "recording", 2)
    assert "card" not in state
    web.station.set(state="result", result="first")
    assert take(stream)[1]["card"] == "card of first"
    web.station.set(remaining=30.0)
    assert "card" not in take(stream)[1]
    web.services.closing.set()
    assert list(stream) == []


def test_events_while_the_models_are_loaded(web: Web) -> None:
    web.services.station = None
    stream = event_stream(web.services, 0.05, draw=str)
    take(stream)
    assert take(stream)[1]["state"] == "starting"
    web.services.station = web.station
    assert take(stream)[1]["state"] == "idle"


def test_nothing_works_while_the_models_are_loaded(web: Web, kiosk: FlaskClient) -> None:
    web.services.station = web.services.camera = None
    for method, path in (("POST", "start"), ("POST", "cancel"), ("GET", "live.mjpg")):
        answer = kiosk.open(f"/kiosk/{path}", method=method)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]


def test_events_are_not_kept_by_anybody_between(kiosk: FlaskClient) -> None:
    answer = kiosk.get("/kiosk/events", buffered=False)
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()


def test_live_pictures(web: Web) -> None:
    closing = threading.Event()
    stream = live_stream(web.camera, web.camera.jpeg(0, 1.0), closing)
    assert next(stream) == BOUNDARY
    for number in (1, 2, 3):
        part = next(stream)
        head, body = part.split(b"\r\n\r\n", 1)
        assert b"picture %d" % number in body
        assert body.endswith(b"\r\n" + BOUNDARY)
        length = int(head.rsplit(b" ", 1)[1])
        assert len(body) == length + len(b"\r\n" + BOUNDARY)
    closing.set()
    assert list(stream) == []


def test_a_lost_camera_repeats_its_last_picture(web: Web) -> None:
    stream = live_stream(web.camera, web.camera.jpeg(0, 1.0), threading.Event())
    next(stream)
    first = next(stream)
    web.camera.broken = True
    assert next(stream) == first
    web.camera.broken = False
    next(stream)
    assert b"picture 3" in next(stream)


def test_no_camera_no_picture(web: Web, kiosk: FlaskClient) -> None:
    web.camera.broken = True
    answer = kiosk.get("/kiosk/live.mjpg")
    assert answer.status_code == 503
    assert answer.json is not None and answer.json["code"] == "no_camera"


def test_open_streams_have_a_limit(web: Web) -> None:
    client = web.client("device")
    held: list[TestResponse] = [
        client.get("/kiosk/live.mjpg", buffered=False) for _ in range(MOST_STREAMS)
    ]
    assert client.get("/kiosk/events").status_code == 503
    held.pop().close()
    answer = client.get("/kiosk/events", buffered=False)
    assert answer.status_code == 200
    for response in (*held, answer):
        response.close()
