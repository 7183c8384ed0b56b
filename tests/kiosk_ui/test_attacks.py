"""What a page of another site could do in a browser that knows the kiosk.

docs/security.md says what is behind each.
"""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from kiosk_ui.config import WebConfig
from kiosk_ui.guard import SAFE
from tests.kiosk_ui.attacks import everything, routes
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import ON, keep, named

EVIL = "https://evil.example"


@pytest.fixture
def mobile(web: Web) -> FlaskClient:
    return web.client("network", ON)


def changing(client: FlaskClient) -> list[tuple[str, str]]:
    return [(method, path) for method, path in routes(client) if method not in SAFE]


OTHER_NAMES = (
    "evil.example", "evil.example:8080", "squat.local.evil.example", "evil.local", "squatx.local",
    "squat-x.local", "localhost.evil.example", "192.168.0.5.evil.example",
    "evil.example#squat.local", "squat.local@evil.example", "squat.local:80:80", "a b",
)  # fmt: skip


def test_dns_rebinding(web: Web) -> None:
    phone = everything(web)[1]
    for number, (method, path) in enumerate(routes(phone)):
        host = OTHER_NAMES[number % len(OTHER_NAMES)]
        answer = phone.open(path, method=method, headers={"Host": host})
        assert answer.status_code == 421, (method, path, host)


OUR_NAMES = (
    "squat.local", "SQUAT.local:8080", "squat-2.local", "squat.local.", "192.168.0.5",
    "192.168.0.5:8080", "[fe80::1]:8080", "localhost:8080", "kiosk", "squat.gym.example",
)  # fmt: skip


def test_our_own_names_are_no_rebinding(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_TRUSTED_HOSTS", "other.example, Squat.Gym.example")
    phone = web.client("network", WebConfig())
    for host in OUR_NAMES:
        assert phone.get("/phone", headers={"Host": host}).status_code == 200


FORGED = [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]  # fmt: skip


def test_cross_site_request_forgery(web: Web) -> None:
    for client in everything(web):
        tried = changing(client)
        assert len(tried) > 5
        for number, (method, path) in enumerate(tried * 2):  # each in two of the ways
            headers = FORGED[number % len(FORGED)]
            answer = client.open(path, method=method, headers=headers, data={"video": "x"})
            assert answer.status_code == 403, (method, path, headers)
        for headers in FORGED:
            method, path = tried[0]
            assert client.open(path, method=method, headers=headers).status_code == 403, headers
    assert web.station.calls == []
    assert web.services.store.waiting() == 0


def test_cross_site_upload_through_a_form(web: Web, phone: FlaskClient) -> None:
    """A page that sends a video as if its visitor did would fill the queue."""
    form = {"video": (io.BytesIO(b"video"), "squat.mp4")}
    answer = phone.post("/api/v1/scores", data=form, headers={"Origin": EVIL})
    assert answer.status_code == 403
    assert web.services.store.waiting() == 0
    assert not list(web.services.store.incoming.iterdir())


def test_cross_site_reading(web: Web) -> None:
    for client in everything(web):
        for method, path in routes(client):
            if path == "/kiosk/events" or path.endswith(".mjpg"):
                continue
            answer = client.open(
                path, method=method,
                headers={"Origin": EVIL, "Access-Control-Request-Method": "PUT"},
            )  # fmt: skip
            told = [name for name, _ in answer.headers if name.lower().startswith("access-control")]
            assert told == [], (method, path)


def test_login_forgery(web: Web, mobile: FlaskClient) -> None:
    """Who signs a visitor in as themselves would see what the visitor keeps from then on."""
    named(web.client("network", ON), "Attacker", "2468")
    answer = mobile.post(
        "/me/sign-in", data={"nickname": "Attacker", "pin": "2468"}, headers={"Origin": EVIL}
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


PAGES = ("/", "/phone", "/me", "/coach", "/study", "/trust", "/nowhere", "/api/v1/openapi.json",
         "/static/phone.js", "/ca.crt", "/healthz")  # fmt: skip


def test_clickjacking(web: Web) -> None:
    for client in everything(web):
        for path in PAGES:
            headers = client.get(path).headers
            assert headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_mime_sniffing(web: Web) -> None:
    for client in everything(web):
        for path in PAGES:
            headers = client.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Type"]


SCRIPT = "<script>alert(1)</script>"


def test_script_injection(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    answers = [
        mobile.get(f"/scores/{SCRIPT}", headers={"Accept": "text/html"}),
        mobile.get(f"/t/{SCRIPT}", headers={"Accept": "text/html"}),
        mobile.get(f"/phone?lang={SCRIPT}&deleted={SCRIPT}"),
        mobile.post("/me/name", data={"nickname": SCRIPT, "pin": "2468"}),
        mobile.post("/me/sign-in", data={"nickname": SCRIPT, "pin": SCRIPT, "result": SCRIPT}),
        mobile.post(f"/me/consent/{key}", data={"given": SCRIPT, "from": SCRIPT}),
        mobile.post("/phone", data={"video": (io.BytesIO(b"x"), SCRIPT), "threshold": SCRIPT},
                    headers={"Accept": "text/html"}),
]  # fmt: skip
    for answer in answers:
        assert SCRIPT not in answer.text
        # Where something of the kind came through, nothing inline would run.
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_script_injection_through_a_decoders_words(web: Web, phone: FlaskClient) -> None:
    from kiosk_ui.scores import Status  # noqa: PLC0415 - only here

    answer = phone.post("/phone", data={"video": (io.BytesIO(b"x"), "a.mp4")})
    key = answer.headers["Location"].rsplit("/", 1)[1]
    web.services.store.update(key, status=Status.FAILED, error=SCRIPT)
    assert SCRIPT not in phone.get(f"/scores/{key}").text
    assert SCRIPT not in phone.get(f"/scores/{key}/card").text


ELSEWHERE = (
    EVIL, "//evil.example", "/\\evil.example", "\\\\evil.example", "..//evil.example",
    "%2f%2fevil.example", "javascript:alert(1)", "/../..//evil.example",
)  # fmt: skip


def test_open_redirect(web: Web, mobile: FlaskClient) -> None:
    named(mobile)
    for target in ELSEWHERE:
        answers = [
            mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468", "result": target}),
            mobile.get(f"/phone/?next={target}"),
            mobile.post("/me/sign-out", data={"next": target, "result": target}),
        ]
        assert answers[0].status_code == 303
        for answer in answers:
            where = answer.headers.get("Location", "/")
            assert where.startswith("/") and not where.startswith(("//", "/\\")), where


LINE_ENDINGS = ["%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D", "\r\n"]


def test_header_injection(mobile: FlaskClient) -> None:
    named(mobile)
    for ending in LINE_ENDINGS:
        evil = f"x{ending}X-Evil: 1{ending}Set-Cookie: evil=1"
        answers = [
            mobile.get(f"/scores/{evil}"),
            mobile.get(f"/t/{evil}"),
            mobile.get(f"/phone?lang={evil}"),
            mobile.get(f"/static/{evil}"),
        ]
        for answer in (
            *answers,
            mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468", "result": evil}),
        ):
            assert "X-Evil" not in answer.headers
            assert "evil=1" not in answer.headers.getlist("Set-Cookie")
