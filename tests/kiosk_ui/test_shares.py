"""Codes with which a result is taken home."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk_ui.shares import LASTS, Shares, drawing, lan_address
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


def test_the_drawing_is_safe_and_scans(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    np = pytest.importorskip("numpy")
    link = "http://192.168.100.200:8080/t/AbCdEf-123_4"
    svg = drawing(link)
    assert "style" not in svg and "script" not in svg  # the content security policy forbids them
    # Drawn anew from its own path, as a browser would, and read by another library.
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = np.full((side, side), 255, np.uint8)
    path = re.search(r'class="qrline" stroke="#000" d="([^"]+)"', svg)[1]  # type: ignore[index]
    x, y = 0.0, -0.5
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(value) for value in re.findall(r"-?[\d.]+", numbers)]
        if kind == "h":
            picture[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if kind == "M" else (x + values[0], y + values[1])
    found, *_ = cv2.QRCodeDetector().detectAndDecode(
        cv2.resize(picture, None, fx=8, fy=8, interpolation=0)
    )
    assert found == link


class Socket:
    def __init__(self, host: str | None) -> None:
        self.host = host

    def __call__(self, *_kind: Any) -> Socket:
        return self

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_error: Any) -> None:
        pass

    def connect(self, _address: Any) -> None:
        if self.host is None:
            raise OSError("Network is unreachable")

    def getsockname(self) -> tuple[str | None, int]:
        return self.host, 1


@pytest.mark.parametrize(
    ("host", "address"),
    [("192.168.0.7", "http://192.168.0.7:8080"), ("127.0.0.1", None), (None, None)],
)
def test_the_address_on_the_network(
    host: str | None, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", Socket(host))
    assert lan_address(8080) == address


@pytest.fixture
def key(web: Web, tmp_path: Path) -> str:
    web.services.address = lambda: "http://192.168.0.7:8080"
    clip = write_video(tmp_path / CLIP, 0.5)
    return web.services.store.add_recording(clip, assessment().to_dict(), lambda path: None)


def code_of(page: str) -> str:
    return re.search(r'href="http://192.168.0.7:8080/t/([\w-]+)"', page)[1]  # type: ignore[index]


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
