"""Codes with which a result is taken home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk_ui.shares import LASTS, Shares
from kiosk_ui.store import CLIP
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import assessment, write_video


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_code_works_for_ten_minutes() -> None:
    clock = Clock()
    shares = Shares(clock=clock)
    code = shares.code_for("key")
    clock.now += LASTS - 0.1
    assert shares.find(code) == "key"
    assert shares.code_for("key") == code  # the same one, as long as it works
    clock.now += 0.2
    assert shares.find(code) is None
    assert shares.code_for("key") != code


def test_codes_cannot_be_guessed_and_are_forgotten() -> None:
    clock = Clock()
    shares = Shares(lasts=10, clock=clock)
    codes = {shares.code_for(str(number)) for number in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"[\w-]{12}", code) for code in codes)
    assert shares.find("key") is None
    assert Shares().find(codes.pop()) is None  # a restart ends them all
    clock.now += 20
    shares.find("x")
    assert not shares._codes


@pytest.fixture
def key(web: Web, tmp_path: Path) -> str:
    web.services.address = lambda: "http://192.168.0.7:8080"
    clip = write_video(tmp_path / CLIP, 0.5)
    return web.services.store.add_recording(clip, assessment().to_dict(), lambda path: None)


def code_of(page: str) -> str:
    return re.search(r'data-link="http://192.168.0.7:8080/t/([\w-]+)"', page)[1]  # type: ignore[index]


def test_the_kiosks_screen_shows_a_code_and_it_leads_to_the_result(
    kiosk: FlaskClient, phone: FlaskClient, key: str
) -> None:
    page = kiosk.get(f"/scores/{key}/card").text
    assert 'class="qr"' in page and "10 minutes" in page
    answer = phone.get(f"/t/{code_of(page)}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/scores/{key}")
    assert answer.headers["Cache-Control"] == "no-store"
    # The network never gets to see a code, and neither does a page that is no card.
    for client, path in ((phone, "/card"), (phone, ""), (kiosk, "")):
        assert "/t/" not in client.get(f"/scores/{key}{path}").text


def test_an_expired_code_is_told_as_a_page(
    web: Web, kiosk: FlaskClient, phone: FlaskClient, key: str
) -> None:
    clock = Clock()
    web.services.shares = Shares(clock=clock)
    code = code_of(kiosk.get(f"/scores/{key}/card").text)
    clock.now += LASTS + 1
    for language, word in (("en", "expired"), ("ko", "만료")):
        answer = phone.get(
            f"/t/{code}", headers={"Accept": "text/html", "Accept-Language": language}
        )
        assert (answer.status_code, answer.mimetype) == (410, "text/html")
        assert word in answer.text
    answer = phone.get("/t/never")
    assert answer.status_code == 410
    assert answer.json and answer.json["code"] == "code_expired"


def test_a_code_of_a_deleted_result_leads_nowhere(
    web: Web, kiosk: FlaskClient, phone: FlaskClient, key: str
) -> None:
    code = code_of(kiosk.get(f"/scores/{key}/card").text)
    web.services.store.delete(key)
    assert phone.get(f"/t/{code}").status_code == 410


def test_there_is_no_code_where_it_would_lead_nowhere(
    web: Web, kiosk: FlaskClient, key: str, post: Any
) -> None:
    web.services.address = lambda: None
    assert "qr" not in kiosk.get(f"/scores/{key}/card").text
    web.services.address = lambda: "http://192.168.0.7:8080"
    uploaded = post().json["id"]
    assert "qr" not in kiosk.get(f"/scores/{uploaded}/card").text
