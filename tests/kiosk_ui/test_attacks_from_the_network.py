"""What a stranger on the Wi-Fi could do without a wire of their own.

docs/security.md says what is behind each.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from kiosk_ui.app import create_application
from kiosk_ui.guard import BURST, GUESS_BURST
from tests.kiosk_ui.attacks import routes
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import ON, keep, named
from tests.kiosk_ui.test_coach import PIN

SECRET_FILES = ("secret.key", "scores.sqlite3", "settings.json")


@pytest.fixture
def mobile(web: Web) -> FlaskClient:
    return web.client("network", ON)


UPWARDS = ["../", "..%2f", "%2e%2e/", "..%252f", "....//", "..\\", "%00../"]


def test_path_traversal(web: Web, mobile: FlaskClient) -> None:
    for name in SECRET_FILES:
        (web.services.store.data_dir / name).touch()
    for name in ("secret.key", "../../../etc/passwd"):
        for way in UPWARDS:
            for before in ("/static/", "/scores/", "/api/v1/scores/", "/api/v1/uploads/", "/t/"):
                for after in ("", "/clip.mp4"):
                    for deep in (1, 3):
                        answer = mobile.get(
                            f"{before}{way * deep}{name}{after}", headers={"Tus-Resumable": "1.0.0"}
                        )
                        assert answer.status_code in (400, 404, 405, 410), answer.request.path
                        assert b"SQLite" not in answer.data and b"root:" not in answer.data


OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]


def test_method_override(web: Web) -> None:
    """Only uploads know it, and there it does nothing that the method itself would not."""
    key = keep(web)
    mobile = web.client("network", ON.model_copy(update={"replay_patience": 0.0}))
    for name in OVERRIDES:
        for method, path in list(routes(mobile)):
            if "/uploads/" in path or "xxx" not in path or method != "GET":
                continue
            for wanted in ("DELETE", "POST"):
                mobile.open(path.replace("x" * 22, key), method=method, headers={name: wanted})
                mobile.open(f"{path.replace('x' * 22, key)}?_method={wanted}", method=method)
        assert web.services.store.get(key) is not None
        answer = mobile.post(
            f"/api/v1/uploads/{'x' * 22}", headers={"X-HTTP-Method-Override": "DELETE"}
        )
        # Without the protocol's own header, which no form can send.
        assert answer.status_code == 412


def test_spoofed_proxy_headers(web: Web) -> None:
    """Who is not on this machine speaks for nobody else, not even to be counted."""
    application = Client(create_application(ON, web.services))
    spoofs = {
        "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=::1",
        "X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https", "Host": "localhost",
    }  # fmt: skip
    sender = {"REMOTE_ADDR": "192.168.0.66"}
    answer = application.post("/kiosk/start", headers=spoofs, environ_overrides=sender)
    assert answer.status_code == 404
    assert web.station.calls == []
    codes = [
        application.get(
            "/t/none", headers={"X-Forwarded-For": f"10.0.0.{n}"}, environ_overrides=sender
        ).status_code
        for n in range(GUESS_BURST + 5)
    ]
    assert codes.count(429) >= 4


def test_hiding_behind_the_proxy(web: Web) -> None:
    """Behind nginx every phone comes from this machine: what nginx says of it is what counts."""
    application = Client(create_application(ON, web.services))

    def code(forwarded: str) -> int:
        return application.get(
            "/t/none", headers={"X-Forwarded-For": forwarded},
            environ_overrides={"REMOTE_ADDR": "127.0.0.1"},
        ).status_code  # fmt: skip

    # nginx replaces the header; one that only added to it would add at the end.
    codes = [code(f"10.0.0.{n}, 192.168.0.66") for n in range(GUESS_BURST + 5)]
    assert codes.count(429) >= 4
    assert code("192.168.0.7") == 410  # a neighbour notices nothing


def ask_from(client: FlaskClient, address: str, path: str, **options: Any) -> TestResponse:
    return client.open(path, environ_overrides={"REMOTE_ADDR": address}, **options)


def test_flood_of_requests(web: Web) -> None:
    config = ON.model_copy(update={"requests_per_second": 0.01})
    application = Client(create_application(config, web.services))
    flooding = {"REMOTE_ADDR": "192.168.0.66"}

    def status(sender: dict[str, str]) -> int:
        return application.get("/ca.crt", environ_overrides=sender, buffered=True).status_code

    codes = [status(flooding) for _ in range(BURST + 20)]
    assert codes.count(429) == 20
    assert status({"REMOTE_ADDR": "192.168.0.7"}) == 404  # a neighbour notices nothing
    screen = application.get("/kiosk/settings", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert screen.status_code == 200  # nor does the screen
    # An IPv6 client has more addresses than there are grains of sand.
    codes = [status({"REMOTE_ADDR": f"2001:db8::{n:x}"}) for n in range(1, BURST + 20)]
    assert codes.count(429) == 19


def test_guessing_the_code_of_a_result(mobile: FlaskClient) -> None:
    codes = [ask_from(mobile, "192.168.0.66", f"/t/guess{n}").status_code for n in range(30)]
    assert codes[:GUESS_BURST] == [410] * GUESS_BURST
    assert set(codes[GUESS_BURST:]) == {429}
    assert ask_from(mobile, "192.168.0.7", "/t/typed").status_code == 410


def test_guessing_a_participants_code(web: Web, mobile: FlaskClient) -> None:
    web.services.studies.create("spring", participants=2, seed=1)
    codes = [
        ask_from(mobile, "192.168.0.66", "/study/join", method="POST",
                 data={"code": f"GUESS{n}", "agreed": "1"}).status_code
        for n in range(GUESS_BURST + 5)
]  # fmt: skip
    assert codes == [404] * GUESS_BURST + [429] * 5


def test_guessing_pins_over_many_nicknames(web: Web, mobile: FlaskClient) -> None:
    """Each PIN has its own pauses; who tries one PIN on everybody meets the other limit."""
    codes = [
        ask_from(mobile, "192.168.0.66", "/me/sign-in", method="POST",
                 data={"nickname": f"Person{n}", "pin": "1234"}).status_code
        for n in range(GUESS_BURST + 5)
]  # fmt: skip
    assert codes == [403] * GUESS_BURST + [429] * 5


def test_guessing_the_coachs_pin(web: Web, mobile: FlaskClient) -> None:
    web.services.labels.set_pin(PIN)
    codes = [
        ask_from(mobile, f"192.168.0.{n}", "/coach/sign-in", method="POST",
                 data={"pin": f"{n:04}"}).status_code
        for n in range(6)
]  # fmt: skip
    assert codes == [403] * 3 + [429] * 3 or codes == [403] * 4 + [429] * 2
    # A restart of the kiosk frees nobody.
    again = web.client("network", ON)
    assert again.post("/coach/sign-in", data={"pin": PIN}).status_code == 429


def test_finding_out_who_trains_here(
    web: Web, mobile: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nickname that somebody has answers as one that nobody has: in words, work and pauses."""
    named(web.client("network", ON), "Minsu", "2468")
    work: list[int] = []
    real = hashlib.scrypt

    def counted(*args: Any, **options: Any) -> bytes:
        work.append(1)
        return real(*args, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    answers = {}
    for name in ("Minsu", "Nobody"):
        work.clear()
        tries = [
            ask_from(mobile, f"192.168.1.{n}", "/me/sign-in", method="POST",
                     data={"nickname": name, "pin": "1111"})
            for n in range(6)
        ]  # fmt: skip
        pages = [re.sub(r"\d+ s\.", "# s.", answer.text.replace(name, "N")) for answer in tries]
        answers[name] = ([answer.status_code for answer in tries], pages, len(work))
    assert answers["Minsu"] == answers["Nobody"]
    assert answers["Minsu"][2] >= 3


NO_PINS = ["\ud800", "9" * 60_000, "１２３４", "1234\n"]


def test_pins_that_are_none(web: Web, kiosk: FlaskClient, mobile: FlaskClient) -> None:
    web.services.settings.set_pin("2468")
    for pin in NO_PINS:
        web.services.labels.set_pin(PIN)  # another salt, and so no pause yet
        assert kiosk.post("/kiosk/unlock", json={"pin": pin}).status_code in (403, 429)
        sent = pin.encode(errors="replace")
        assert mobile.post("/coach/sign-in", data={"pin": sent}).status_code == 403
        answer = mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": sent})
        assert answer.status_code in (403, 429)


def test_brackets_within_brackets(kiosk: FlaskClient) -> None:
    for body in ("[" * 60_000, '{"a":' * 10_000, "[" * 30_000 + "]" * 30_000):
        answer = kiosk.put("/kiosk/settings", data=body, content_type="application/json")
        assert answer.status_code == 400
