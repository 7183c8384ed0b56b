"""The phone's pages over plain HTTP and not as localhost, as on a gym's Wi-Fi."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from edge.frames.camera import DEMO_CLIPS
from tests.e2e.conftest import NETWORK_NAME, PHONE, OpenPage, Shoot, playing
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

DEMO = DEMO_CLIPS / "good.mp4"


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    with kiosk_process(tmp_path_factory.mktemp("kiosk")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def address(kiosk: KioskProcess) -> str:
    return f"http://{NETWORK_NAME}:{kiosk.port}"


def test_a_video_from_the_camera(address: str, open_page: OpenPage, shoot: Shoot) -> None:
    page = open_page(**PHONE)
    page.goto(address)
    assert page.evaluate("isSecureContext") is False
    field = page.locator("#film")
    assert field.get_attribute("capture") == "environment"
    shoot(page, "1-choose")
    field.set_input_files(DEMO)
    page.wait_for_url("**/scores/*")
    expect(page.locator(".result__work")).to_be_visible()
    shoot(page, "2-working")
    page.wait_for_selector("[data-finished]", timeout=120_000)
    playing(page)
    shoot(page, "3-result")
    page.screenshot(path=Path(__file__).parents[1] / "artefacts/phone-whole.png", full_page=True)
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "squat-replay.mp4"
    page.click("text=Film another set")
    expect(page.locator("#choose")).to_be_visible()


def test_sending_can_be_stopped(address: str, open_page: OpenPage, shoot: Shoot) -> None:
    page = open_page(**PHONE)
    page.goto(address)
    # A slow network: nothing of the answer comes for as long as the test lasts.
    page.route("**/api/v1/scores", lambda route: None)
    page.locator("#pick").set_input_files(DEMO)
    expect(page.locator("#sending")).to_be_visible()
    shoot(page, "sending")
    page.click("#stop")
    expect(page.locator("#choose")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_errors_are_told(
    address: str, open_page: OpenPage, shoot: Shoot, tmp_path: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    text = tmp_path / "notes.txt"
    text.write_text("not a video")
    page.locator("#pick").set_input_files(text)
    expect(page.locator("#error")).to_contain_text("not a video")
    shoot(page, "1-no-video")

    page.route("**/api/v1/scores", lambda route: route.abort())
    page.locator("#pick").set_input_files(DEMO)
    expect(page.locator("#error")).to_contain_text("connection broke off")
    page.unroute_all()

    page.evaluate("document.body.dataset.maxBytes = 1000")
    page.locator("#pick").set_input_files(DEMO)
    expect(page.locator("#error")).to_contain_text("too large")

    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"this is no video" * 10)
    page.locator("#pick").set_input_files(junk)
    page.wait_for_selector("[data-finished]", timeout=60_000)
    expect(page.locator("[data-card]")).to_have_attribute("data-state", "failed")
    shoot(page, "2-junk")


def test_without_scripts(address: str, open_page: OpenPage, shoot: Shoot) -> None:
    page = open_page(**PHONE, java_script_enabled=False)
    page.goto(f"{address}/phone")
    shoot(page, "1-choose")
    page.locator("input[name=video]").set_input_files(DEMO)
    page.locator(".without-script button").click()
    page.wait_for_url("**/scores/*")
    page.wait_for_selector("[data-finished]", timeout=120_000)  # the page asks again by itself
    expect(page.locator(".verdict")).to_be_visible()
    shoot(page, "2-result")


def test_the_kiosks_pages_are_not_there(address: str, open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    for path in ("/kiosk/settings", "/kiosk/live.mjpg", "/kiosk/events"):
        answer = page.goto(f"{address}{path}")
        assert answer is not None and answer.status == 404
