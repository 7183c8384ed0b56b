"""The menu's settings and their lock."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from edge.pin import FREE_TRIES
from edge.settings import KioskSettings
from tests.kiosk_ui.conftest import Web


def test_settings(web: Web, kiosk: FlaskClient) -> None:
    assert kiosk.get("/kiosk/settings").json == KioskSettings().model_dump()
    changed = kiosk.put("/kiosk/settings", json={"recording_seconds": 15})
    assert changed.json == KioskSettings(recording_seconds=15).model_dump()
    sound = {"volume": 35, "muted": True, "language": "ko", "live_words": False}
    changed = kiosk.put("/kiosk/settings", json=sound)
    assert changed.json == {**KioskSettings(recording_seconds=15).model_dump(), **sound}
    assert web.services.settings.get().recording_seconds == 15.0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"recording_seconds": 2}, "setting_invalid"),
        ({"recording_seconds": 31}, "setting_invalid"),
        ({"threshold": 1.1}, "setting_invalid"),
        ({"volume": 101}, "setting_invalid"),
        ({"language": "de"}, "setting_invalid"),
        ({"unknown": 1}, "setting_invalid"),
        ([1], "not_json"),
        (None, "not_json"),
    ],
)
def test_wrong_settings_change_nothing(web: Web, kiosk: FlaskClient, body: Any, code: str) -> None:
    answer = kiosk.put("/kiosk/settings", json=body)
    assert answer.status_code == 400
    assert answer.json is not None and answer.json["code"] == code
    if code == "setting_invalid":
        assert answer.json["errors"][0]["field"] in body
    assert web.services.settings.get().recording_seconds == 10.0


def test_a_pin_locks_the_settings(web: Web, kiosk: FlaskClient) -> None:
    assert kiosk.get("/kiosk/lock").json == {"has_pin": False, "locked": False, "pause": 0.0}
    assert kiosk.put("/kiosk/lock", json={"pin": "2468"}).status_code == 200
    refused = kiosk.put("/kiosk/settings", json={"recording_seconds": 15})
    assert refused.status_code == 423
    assert refused.json is not None and refused.json["code"] == "settings_locked"
    assert web.services.settings.get().recording_seconds == 10.0
    for change in ({"volume": 0}, {"muted": True}, {"language": "ko"}, {"live_words": False}):
        assert kiosk.put("/kiosk/settings", json=change).status_code == 423
    assert kiosk.get("/kiosk/settings").json == KioskSettings().model_dump()
    # Nobody else puts a PIN of their own in its place.
    assert kiosk.put("/kiosk/lock", json={"pin": "1111"}).status_code == 423
    assert kiosk.put("/kiosk/lock", json={"pin": None}).status_code == 423

    wrong = kiosk.post("/kiosk/unlock", json={"pin": "1111"})
    assert wrong.status_code == 403
    assert wrong.json is not None and wrong.json["code"] == "pin_wrong"
    opened = kiosk.post("/kiosk/unlock", json={"pin": "2468"})
    assert opened.json == {"has_pin": True, "locked": False, "pause": 0.0}
    assert kiosk.put("/kiosk/settings", json={"recording_seconds": 15}).status_code == 200
    assert kiosk.post("/kiosk/lock").json == {"has_pin": True, "locked": True, "pause": 0.0}
    assert kiosk.put("/kiosk/settings", json={"threshold": 0.1}).status_code == 423

    kiosk.post("/kiosk/unlock", json={"pin": "2468"})
    assert kiosk.put("/kiosk/lock", json={"pin": None}).json == {
        "has_pin": False, "locked": False, "pause": 0.0,
    }  # fmt: skip


def test_many_wrong_pins_must_wait(kiosk: FlaskClient) -> None:
    kiosk.put("/kiosk/lock", json={"pin": "2468"})
    for _ in range(FREE_TRIES):
        assert kiosk.post("/kiosk/unlock", json={"pin": "0000"}).status_code == 403
    answer = kiosk.post("/kiosk/unlock", json={"pin": "2468"})
    assert answer.status_code == 429
    assert answer.json is not None and answer.json["code"] == "pin_pause"
    assert int(answer.headers["Retry-After"]) in (4, 5)


@pytest.mark.parametrize("pin", ["123", "abcd", 1234, "1234567890123", ["1234"], ""])
def test_what_is_no_pin(kiosk: FlaskClient, pin: Any) -> None:
    answer = kiosk.put("/kiosk/lock", json={"pin": pin})
    assert answer.status_code == 400
    assert kiosk.get("/kiosk/lock").json == {"has_pin": False, "locked": False, "pause": 0.0}


def test_other_sites_pages_do_not_lock(kiosk: FlaskClient) -> None:
    evil = {"Origin": "http://evil.example"}
    for method, path in (("PUT", "lock"), ("POST", "lock"), ("POST", "unlock"), ("GET", "lock")):
        assert kiosk.open(f"/kiosk/{path}", method=method, headers=evil).status_code == 403


def test_the_network_has_no_settings(phone: FlaskClient) -> None:
    for path in ("settings", "lock"):
        assert phone.get(f"/kiosk/{path}").status_code == 404
    assert phone.post("/kiosk/unlock", json={"pin": "2468"}).status_code == 404
