"""The phone's pages over plain HTTP and not as localhost, as on a gym's Wi-Fi."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Request, Route, expect

from edge.frames.video import VideoFile
from tests.e2e.conftest import NETWORK_NAME, PHONE, OpenPage, Shoot, playing
from tests.edge.videos import write_video
from tests.faults.videos import short_squat
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

UPLOADS = "**/api/v1/uploads"
PIECES = "**/api/v1/uploads/*"

REORDER = """async (base64) => {
    const { indexFirst } = await import("/static/faststart.js");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const turned = await indexFirst(new Blob([bytes]));
    const all = new Uint8Array(await turned.arrayBuffer());
    return btoa(Array.from(all, (byte) => String.fromCharCode(byte)).join(""));
}"""

RECORD = """async (base64) => {
    const { openStream } = await import("/static/upload.js");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = openStream({ type: "video/mp4" });
    for (let begin = 0; begin < bytes.length; begin += 50_000)
        stream.append(new Blob([bytes.slice(begin, begin + 50_000)]));
    stream.finish();
    const { unsent } = await import("/static/unsent.js");
    while (!(await unsent()).length) await new Promise((resolve) => setTimeout(resolve, 20));
}"""
"""Records something while the kiosk cannot be reached."""


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of one squat, which is good."""
    return short_squat(tmp_path_factory.mktemp("video") / "squat.mp4")


@pytest.fixture
def large(squat: Path, tmp_path: Path) -> Path:
    """A video that goes in several pieces: the clip, and a box that players skip."""
    made, padding = tmp_path / "large.mp4", 3_000_000
    box = (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding)
    made.write_bytes(squat.read_bytes() + box)
    return made


def requests_of_uploads(page: Page) -> list[tuple[str, int]]:
    """Return a list that gets method and offset of each request that is sent from now on."""
    seen: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if "/uploads" in request.url:
            seen.append((request.method, int(request.headers.get("upload-offset", "0"))))

    page.on("request", note)
    return seen


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    with kiosk_process(tmp_path_factory.mktemp("kiosk")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def address(kiosk: KioskProcess) -> str:
    return f"http://{NETWORK_NAME}:{kiosk.port}"


def test_a_video_from_the_camera(
    address: str, open_page: OpenPage, shoot: Shoot, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    assert page.evaluate("isSecureContext") is False
    field = page.locator("#film")
    assert field.get_attribute("capture") == "environment"
    shoot(page, "1-choose")
    field.set_input_files(squat)
    page.wait_for_url("**/scores/*")
    expect(page.locator(".result__work")).to_be_visible()
    expect(page.locator("#delete")).to_be_hidden()
    shoot(page, "2-working")
    page.wait_for_selector("[data-finished]", timeout=120_000)
    playing(page)
    expect(page.locator("#delete")).to_be_visible()  # on the page that has waited, too
    shoot(page, "3-result")
    page.screenshot(path=Path(__file__).parents[1] / "artefacts/phone-whole.png", full_page=True)
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "squat-replay.mp4"
    page.click("text=Film another set")
    expect(page.locator("#choose")).to_be_visible()


def test_sending_can_be_stopped(
    address: str, open_page: OpenPage, shoot: Shoot, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    # A slow network: nothing of the answer comes for as long as the test lasts.
    page.route(PIECES, lambda route: None if route.request.method == "PATCH" else route.continue_())
    page.locator("#pick").set_input_files(squat)
    expect(page.locator("#sending")).to_be_visible()
    shoot(page, "sending")
    with page.expect_request(lambda request: request.method == "DELETE") as given_up:
        page.click("#stop")
    expect(page.locator("#choose")).to_be_visible()
    answer = given_up.value.response()
    assert answer is not None and answer.status == 204
    page.unroute_all(behavior="ignoreErrors")


def test_a_broken_connection_is_waited_for(
    address: str, open_page: OpenPage, shoot: Shoot, large: Path
) -> None:
    page = open_page(**PHONE)
    page.goto(address)
    passed: list[int] = []

    def let_two_pass(route: Route) -> None:
        if route.request.method == "PATCH" and len(passed) == 2:
            route.abort("internetdisconnected")
        else:
            passed.extend([1] * (route.request.method == "PATCH"))
            route.continue_()

    page.route(PIECES, let_two_pass)
    page.locator("#film").set_input_files(large)
    expect(page.locator("#waiting")).to_contain_text("goes on by itself")
    assert 5 < int(page.locator("#percent").inner_text()) < 95
    shoot(page, "1-waiting")
    page.context.set_offline(True)
    page.unroute_all()
    page.wait_for_timeout(1000)
    expect(page.locator("#waiting")).to_be_visible()
    page.context.set_offline(False)
    page.wait_for_url("**/scores/*")
    page.wait_for_selector("[data-finished]", timeout=120_000)
    expect(page.locator("[data-card]")).to_have_attribute("data-state", "good")


def test_the_index_of_a_video_is_sent_first(
    address: str, open_page: OpenPage, tmp_path: Path, squat: Path
) -> None:  # fmt: skip
    """As a phone's camera writes it, nothing can be looked at before the last byte is there."""
    page = open_page(**PHONE)
    page.goto(address)
    camera = write_video(tmp_path / "camera.mp4")
    data = camera.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(base64.b64decode(page.evaluate(REORDER, base64.b64encode(data).decode())))
    moved = turned.read_bytes()
    assert moved.index(b"moov") < moved.index(b"mdat") and len(moved) == len(data)
    with VideoFile(camera) as before, VideoFile(turned) as after:
        for one, other in zip(before, after, strict=True):
            assert one.time == other.time
            np.testing.assert_array_equal(one.picture, other.picture)
    for left in (squat.read_bytes(), b"no video at all", data[:-50], b""):  # sent as they are
        given = base64.b64encode(left).decode()
        assert page.evaluate(REORDER, given) == given


def test_a_page_that_was_reloaded_goes_on(
    address: str, open_page: OpenPage, large: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    seen = requests_of_uploads(page)
    page.route(PIECES, lambda route: route.abort() if len(seen) > 3 else route.continue_())
    page.locator("#film").set_input_files(large)
    expect(page.locator("#waiting")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    seen.clear()
    page.locator("#film").set_input_files(large)
    page.wait_for_url("**/scores/*")
    assert [method for method, _ in seen[:2]] == ["HEAD", "PATCH"]
    assert seen[1][1] > 500_000


def test_a_finished_recording_outlives_its_page(
    address: str, open_page: OpenPage, shoot: Shoot, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    page.route(UPLOADS, lambda route: route.abort())
    page.evaluate(RECORD, base64.b64encode(squat.read_bytes()).decode())
    page.reload()
    expect(page.locator("#unsent")).to_be_visible()
    shoot(page, "1-unsent")
    page.click("#send-unsent")
    expect(page.locator("#waiting")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    page.wait_for_url("**/scores/*")
    page.go_back()
    expect(page.locator("#choose")).to_be_visible()
    expect(page.locator("#unsent")).to_be_hidden()


def test_a_full_queue_is_waited_for(
    address: str, open_page: OpenPage, shoot: Shoot, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    full = {
        "code": "queue_full",
        "detail": "Many videos are waiting. Please try again in a minute.",
    }
    page.route(
        UPLOADS,
        lambda route: route.fulfill(status=429, json=full, headers={"Retry-After": "1"}),
        times=1,
    )
    page.locator("#film").set_input_files(squat)
    expect(page.locator("#waiting")).to_contain_text("Many videos are waiting")
    shoot(page, "full")
    page.wait_for_url("**/scores/*")


def test_errors_are_told(
    address: str, open_page: OpenPage, shoot: Shoot, tmp_path: Path, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE)
    page.goto(address)
    text = tmp_path / "notes.txt"
    text.write_text("not a video")
    page.locator("#pick").set_input_files(text)
    expect(page.locator("#error")).to_contain_text("not a video")
    shoot(page, "1-no-video")

    page.evaluate("document.body.dataset.maxBytes = 1000")
    page.locator("#pick").set_input_files(squat)
    expect(page.locator("#error")).to_contain_text("too large")

    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"this is no video" * 10)
    page.locator("#pick").set_input_files(junk)
    page.wait_for_selector("[data-finished]", timeout=150_000)
    expect(page.locator("[data-card]")).to_have_attribute("data-state", "failed")
    shoot(page, "2-junk")


def test_without_scripts(
    address: str, open_page: OpenPage, shoot: Shoot, squat: Path
) -> None:  # fmt: skip
    page = open_page(**PHONE, java_script_enabled=False)
    page.goto(f"{address}/phone")
    shoot(page, "1-choose")
    page.locator("input[name=video]").set_input_files(squat)
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
