from __future__ import annotations

from flask.testing import FlaskClient

from kiosk_ui.qr import code_for
from tests.kiosk_ui.conftest import CONFIG, Web

ADDRESS = "http://192.168.0.17:8080"


def test_without_a_network_the_screen_says_nothing_of_phones(kiosk: FlaskClient) -> None:
    assert kiosk.get("/kiosk/join").text.strip() == ""
    assert "open-join" not in kiosk.get("/").text


def test_the_code_and_the_words_follow_the_address(web: Web, kiosk: FlaskClient) -> None:
    web.services.address = lambda: ADDRESS
    said = kiosk.get("/kiosk/join").text
    assert code_for(ADDRESS) in said
    assert "192.168.0.17:8080" in said
    assert "on this gym's Wi-Fi" in said.replace("&#39;", "'")
    assert code_for(ADDRESS) in kiosk.get("/").text
    web.services.address = lambda: "http://10.42.0.1:8080"
    web.services.address_by_name = lambda: "http://squat.local:8080"
    said = kiosk.get("/kiosk/join").text
    assert code_for("http://10.42.0.1:8080") in said
    assert code_for(ADDRESS) not in said
    assert "squat.local:8080" in said and "or 10.42.0.1:8080" in said


def test_the_wifi_is_named(web: Web) -> None:
    web.services.address = lambda: ADDRESS
    config = CONFIG.model_copy(update={"wifi_name": "<Gym>"})
    said = web.client("device", config).get("/kiosk/join").text
    assert "“&lt;Gym&gt;”" in said
