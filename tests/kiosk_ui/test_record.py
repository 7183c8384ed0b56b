from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from flask.testing import FlaskClient

from kiosk_ui.phones.certificates import hosts_of, make_certificates
from kiosk_ui.phones.secure import SecureDoor
from tests.kiosk_ui.conftest import Web

HTTPS = {"X-Forwarded-For": "192.168.0.42", "X-Forwarded-Proto": "https"}


@pytest.fixture
def secured(web: Web, tmp_path: Path) -> Web:
    make_certificates(tmp_path / "https", "squat.local", ["192.168.0.17"])
    web.services.secure = SecureDoor(tmp_path / "https", 8443, lambda _: True)
    return web


def test_without_https_nothing_is_offered(phone: FlaskClient) -> None:
    assert "Record right here" not in phone.get("/phone").text
    assert phone.get("/record").headers["Location"] == "/trust"
    assert "HTTPS is not set up" in phone.get("/trust").text
    assert phone.get("/ca.crt").status_code == 404


def test_over_plain_http_the_way_leads_to_the_explanation(
    secured: Web, phone: FlaskClient
) -> None:  # fmt: skip
    assert 'href="/trust"' in phone.get("/phone").text
    answer = phone.get("/trust", headers={"Host": "192.168.0.17:8080"})
    assert 'href="https://192.168.0.17:8443/record"' in answer.text
    assert "connect-src https://192.168.0.17:8443;" in answer.headers["Content-Security-Policy"]
    moved = phone.get("/trust", headers={"Host": "192.168.0.99:8080"}).text
    assert 'href="https://squat.local:8443/record"' in moved
    assert phone.get("/record").status_code == 302


def test_a_made_up_host_does_not_get_into_the_page(secured: Web, phone: FlaskClient) -> None:
    for host in ("evil.example", "evil.example:8080", "a'b;connect-src *"):
        answer = phone.get("/trust", headers={"Host": host})
        if answer.status_code == 200:
            assert "evil" not in answer.text + str(answer.headers)
            assert "*" not in answer.headers["Content-Security-Policy"]


def test_over_https_the_page_films(secured: Web, phone: FlaskClient) -> None:
    assert 'href="/record"' in phone.get("/phone", headers=HTTPS).text
    page = phone.get("/record", headers=HTTPS)
    assert page.status_code == 200
    assert page.headers["Permissions-Policy"].startswith("camera=(self)")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert 'value="10" checked' in page.text
    # No other page gets the camera.
    for path in ("/phone", "/trust"):
        assert phone.get(path, headers=HTTPS).headers["Permissions-Policy"].startswith("camera=()")


def test_the_length_is_the_kiosks(secured: Web, phone: FlaskClient) -> None:
    secured.services.settings.update(recording_seconds=7.0)
    assert 'value="7" checked' in phone.get("/record", headers=HTTPS).text


def test_the_authority_is_given_as_phones_want_it(secured: Web, phone: FlaskClient) -> None:
    answer = phone.get("/ca.crt")
    assert answer.mimetype == "application/x-x509-ca-cert"
    found = x509.load_der_x509_certificate(answer.data)
    assert hosts_of(found) == ("squat.local", "192.168.0.17")


@pytest.mark.parametrize(
    ("agent", "first"),
    [("Mozilla/5.0 (iPhone)", "iPhone"), ("Mozilla/5.0 (Android 15)", "Android")],
)
def test_each_phone_sees_its_own_steps_open(
    secured: Web, phone: FlaskClient, agent: str, first: str
) -> None:
    text = phone.get("/trust", headers={"User-Agent": agent}).text
    opened = text.split("<details open>")[1]
    assert opened.lstrip().startswith(f"<summary>{first}")
    assert text.count("<details open>") == 1


def test_it_is_explained_in_korean(secured: Web, phone: FlaskClient) -> None:
    assert "무엇을 신뢰하나요" in phone.get("/trust?lang=ko").text
    assert "카메라 열기" in phone.get("/record?lang=ko", headers=HTTPS).text
