from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from kiosk_ui.app import create_application
from kiosk_ui.faces import TwoFaces, is_device
from tests.kiosk_ui.conftest import Web


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "[::1]"]
)
def test_the_device_itself(address: str, host: str) -> None:
    assert is_device({"REMOTE_ADDR": address, "HTTP_HOST": host})


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.168.0.7", "HTTP_HOST": "localhost"},
        {"REMOTE_ADDR": "::ffff:192.168.0.7", "HTTP_HOST": "localhost"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "192.168.0.5:8080"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "evil.example"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost.evil.example"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:80@evil.example"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1.evil.example:8080"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": ":8080"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": ""},
        {"REMOTE_ADDR": "127.0.0.1"},
        {"REMOTE_ADDR": "localhost", "HTTP_HOST": "localhost"},
        {"HTTP_HOST": "localhost"},
        {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_X_FORWARDED_FOR": "192.168.0.7",
        },
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "HTTP_FORWARDED": "for=10.0.0.1"},
    ],
)
def test_everybody_else(environ: dict[str, Any]) -> None:
    assert not is_device(environ)


def both(web: Web) -> Client:
    return Client(create_application(web.config, web.services))


KIOSK_ROUTES = [
    ("GET", "/kiosk/events"),
    ("GET", "/kiosk/join"),
    ("GET", "/kiosk/live.mjpg"),
    ("GET", "/kiosk/settings"),
    ("PUT", "/kiosk/settings"),
    ("GET", "/kiosk/lock"),
    ("PUT", "/kiosk/lock"),
    ("POST", "/kiosk/lock"),
    ("POST", "/kiosk/unlock"),
    ("POST", "/kiosk/start"),
    ("POST", "/kiosk/cancel"),
    ("POST", "/kiosk/touched"),
    ("GET", "/kiosk/told"),
    ("GET", "/kiosk/figures"),
    ("GET", "/kiosk/report.txt"),
    ("GET", "/maintenance"),
    ("GET", "/metrics"),
]


def test_the_list_of_the_kiosks_routes_is_complete(kiosk: FlaskClient, phone: FlaskClient) -> None:
    def routes(client: FlaskClient) -> set[tuple[str, str]]:
        return {
            (method, rule.rule)
            for rule in client.application.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }

    assert routes(kiosk) - routes(phone) == set(KIOSK_ROUTES)
    assert not [rule for _, rule in routes(phone) if "kiosk" in rule]


@pytest.mark.parametrize(("method", "path"), KIOSK_ROUTES)
@pytest.mark.parametrize(
    "sender",
    [
        {"REMOTE_ADDR": "192.168.0.7", "HTTP_HOST": "192.168.0.5:8080"},
        {"REMOTE_ADDR": "192.168.0.7", "HTTP_HOST": "localhost:8080"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "rebound.example:8080"},
    ],
)
def test_no_route_of_the_kiosk_exists_on_the_network(
    web: Web, method: str, path: str, sender: dict[str, str]
) -> None:
    response = both(web).open(path, method=method, environ_overrides=sender)
    assert response.status_code == (421 if "rebound" in sender["HTTP_HOST"] else 404)
    assert response.mimetype == "application/problem+json"
    assert web.station.calls == []


def test_the_first_page_depends_on_the_face(web: Web) -> None:
    client = both(web)
    here = client.get("/", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    there = client.get("/", environ_overrides={"REMOTE_ADDR": "10.0.0.2", "HTTP_HOST": "10.0.0.1"})
    assert 'class="kiosk"' in here.text
    assert "/kiosk/" not in there.text
    assert there.text == client.get("/phone", headers={"Host": "10.0.0.1"}).text


def test_public_pages_exist_on_both(web: Web) -> None:
    client = both(web)
    for path in ("/phone", "/healthz", "/api/v1/openapi.json", "/static/style.css"):
        for host in ("localhost", "squat.local"):
            with client.get(path, headers={"Host": host}) as response:
                assert response.status_code == 200


def test_slots_are_given_back() -> None:
    def fine(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    def broken(environ: Any, start_response: Any) -> list[bytes]:
        raise RuntimeError("no")

    for application in (fine, broken):
        client = Client(TwoFaces(fine, application, limit=1))
        for _ in range(3):
            try:
                with client.get("/", headers={"Host": "kiosk"}) as response:
                    assert response.get_data() == b"ok"
            except RuntimeError:
                assert application is broken
