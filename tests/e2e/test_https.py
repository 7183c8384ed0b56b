"""Filming in the page over HTTPS, with nginx, real certificates, and a browser that trusts them."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.x509 import DNSName
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, expect

from kiosk_ui.phones.certificates import AUTHORITY
from tests.e2e.accessibility import check_page
from tests.e2e.conftest import Shoot
from tests.e2e.secure import (
    HOST,
    SecureKiosk,
    camera_file,
    needs_certutil,
    needs_nginx,
    phone_browser,
    secure_kiosk,
    trusting_home,
)
from tests.kiosk_ui.test_certificates import signed_by

pytestmark = [needs_nginx, needs_certutil]
STOPWATCH = Path(__file__).with_name("stopwatch.js")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKiosk]:
    with secure_kiosk(tmp_path_factory.mktemp("secure")) as running:
        yield running


@pytest.fixture(scope="module")
def home(secured: SecureKiosk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trusting_home(secured.folder, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return camera_file(tmp_path_factory.mktemp("camera") / "good.mjpeg")


def watched(page: Page) -> list[str]:
    """Return the list of what goes wrong in a page, from now on."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    return wrong


def state(page: Page, name: str) -> None:
    page.wait_for_selector(f"body[data-state={name}]", timeout=60_000)


def test_from_the_first_page_to_the_verdict(
    secured: SecureKiosk, home: Path, camera: Path, playwright: Playwright,
    tmp_path: Path, shoot: Shoot,
) -> None:  # fmt: skip
    with phone_browser(playwright, tmp_path, home=home, camera=camera, language="en") as browser:
        browser.add_init_script(path=STOPWATCH)
        page = browser.pages[0]
        wrong = watched(page)
        page.goto(f"{secured.plain}/phone")
        page.click("text=Record right here in the page")
        page.wait_for_selector("#trusted:visible")  # it has noticed by itself
        shoot(page, "1-trust")
        page.click("#trusted >> text=Film now")
        page.wait_for_url(f"{secured.address}/record")
        assert page.evaluate("isSecureContext")
        shoot(page, "2-start")
        page.click("#open")
        state(page, "framing")
        shoot(page, "3-framing")
        state(page, "countdown")  # nobody touched anything: who stands well is seen
        shoot(page, "4-countdown")
        state(page, "recording")
        shoot(page, "5-recording")
        page.wait_for_url("**/scores/*", timeout=60_000)
        page.wait_for_selector("[data-finished]", timeout=60_000)
        expect(page.locator("[data-card]")).to_have_attribute("data-state", "good")
        shoot(page, "6-result")
        assert wrong == []


@pytest.mark.long
def test_a_short_one_in_korean_by_touch(
    secured: SecureKiosk, home: Path, camera: Path, playwright: Playwright,
    tmp_path: Path, shoot: Shoot,
) -> None:  # fmt: skip
    with phone_browser(playwright, tmp_path, home=home, camera=camera, language="ko") as browser:
        page = browser.pages[0]
        wrong = watched(page)
        page.goto(f"{secured.address}/trust")
        expect(page.locator("#trusted")).to_be_visible()
        shoot(page, "1-trust")
        page.goto(f"{secured.address}/record")
        shoot(page, "2-start")
        page.click("#open")
        expect(page.locator("#order")).to_have_text(re.compile("[가-힣]"))
        page.click("#turn")
        state(page, "framing")
        page.click("#now")
        state(page, "countdown")
        page.click("#cancel")
        state(page, "framing")
        page.click("#now")
        state(page, "recording")
        page.wait_for_timeout(4000)
        page.click("#finish")
        page.wait_for_url("**/scores/*", timeout=60_000)
        page.wait_for_selector("[data-finished]", timeout=60_000)
        expect(page.locator(".verdict")).to_have_text(re.compile("[가-힣]"))
        shoot(page, "3-result")
        assert wrong == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_everybody_can_use_the_pages(
    secured: SecureKiosk, home: Path, camera: Path, playwright: Playwright,
    tmp_path: Path, language: str,
) -> None:  # fmt: skip
    with phone_browser(
        playwright, tmp_path, home=home, camera=camera, language=language
    ) as browser:
        page = browser.pages[0]
        for path in ("/trust", "/record"):
            page.goto(f"{secured.address}{path}")
            check_page(page, least_target=44)
        page.click("#open")
        state(page, "framing")
        page.route("**/api/v1/framing*", lambda route: route.abort())  # nothing begins by itself
        check_page(page, least_target=44)


def test_what_goes_wrong_is_told_in_plain_words(
    secured: SecureKiosk, home: Path, playwright: Playwright, tmp_path: Path, shoot: Shoot
) -> None:
    with phone_browser(playwright, tmp_path, home=home, camera=None, language="en") as browser:
        page = browser.pages[0]
        page.goto(f"{secured.address}/record")
        problem = page.locator("#problem")
        page.click("#open")
        expect(problem).to_contain_text(re.compile("no camera|may not use the camera"))
        shoot(page, "1-no-camera")
        for error, words in (
            ("NotAllowedError", "may not use the camera"),
            ("NotReadableError", "camera is in use"),
        ):
            page.evaluate(
                """name => navigator.mediaDevices.getUserMedia = async () => {
                    throw new DOMException("", name);
                }""",
                error,
            )
            page.click("#open")
            expect(problem).to_contain_text(words)
        page.evaluate("delete window.MediaRecorder")
        page.click("#open")
        expect(problem).to_contain_text("cannot film in a page")


def test_a_browser_refuses_the_kiosks_authority_for_any_other_host(
    secured: SecureKiosk, home: Path, playwright: Playwright, tmp_path: Path
) -> None:
    """A thief of the issuer's key signs for the kiosk and for a bank: nobody is fooled."""
    stolen = signed_by(secured.folder / AUTHORITY, DNSName(HOST), DNSName("bank.example"))
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        phone_browser(playwright, tmp_path, home=home, camera=None, language="en") as browser,
    ):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stolen)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    wire, _ = listener.accept()
                    with suppress(OSError):
                        context.wrap_socket(wire, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(PlaywrightError, match="ERR_CERT"):
            browser.pages[0].goto(f"https://{HOST}:{listener.getsockname()[1]}/")
        browser.new_page().goto(f"{secured.address}/phone")  # the kiosk itself is trusted


def test_the_code_on_the_screen_leads_to_the_phones_page(
    secured: SecureKiosk, playwright: Playwright, tmp_path: Path, shoot: Shoot
) -> None:
    address = next(
        (m[1] for line in secured.kiosk.log if (m := re.search(r" or (http://\S+)", line))), None
    )
    if address is None:
        pytest.skip("this machine is on no network")
    with phone_browser(playwright, tmp_path, home=None, camera=None, language="en") as browser:
        page = browser.pages[0]
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(f"http://localhost:{secured.kiosk.port}/")
        page.click("#open-join")
        shoot(page, "1-large")
        picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == address
        page.click("#close-join")
        shoot(page, "2-small")
