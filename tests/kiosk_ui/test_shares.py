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


def test_a_code_works_as_long_as_its_score_is_young() -> None:
    young = {"a": 400.0, "b": 0.0}
    shares = Shares(b"key", lambda seconds: young if seconds == LASTS else {})
    codes = {one: shares.code_for(one) for one in young}
    assert [shares.find(code) for code in codes.values()] == ["a", "b"]
    assert (shares.left("a"), shares.left("b")) == (LASTS - 400.0, LASTS)
    del young["a"]
    assert shares.find(codes["a"]) is None
    assert shares.left("a") is None
    assert shares.find(codes["b"]) == "b"


def test_a_code_cannot_be_guessed_and_outlives_a_restart() -> None:
    scores = dict.fromkeys(map(str, range(200)), 0.0)
    codes = [Shares(b"key", lambda _: scores).code_for(one) for one in scores]
    assert len(set(codes)) == 200
    assert all(re.fullmatch(r"[\w-]{12}", code) for code in codes)
    assert [Shares(b"key", lambda _: scores).code_for(one) for one in scores] == codes
    other = Shares(b"another kiosk", lambda _: scores)
    assert not {other.code_for(one) for one in scores} & set(codes)
    assert {other.find(wrong) for wrong in (*scores, "", "\N{SNOWMAN}", codes[0])} == {None}


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
    code = code_of(kiosk.get(f"/scores/{key}/card").text)
    web.services.shares.lasts = 0.0
    assert 'class="qr"' not in kiosk.get(f"/scores/{key}/card").text
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
    assert 'class="qr"' not in kiosk.get(f"/scores/{key}/card").text
    web.services.address = lambda: "http://192.168.0.7:8080"
    uploaded = post().json["id"]
    assert 'class="qr"' not in kiosk.get(f"/scores/{uploaded}/card").text
