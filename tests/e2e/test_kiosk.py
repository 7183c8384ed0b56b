"""The kiosk's screen with the real station, camera (the demo clip) and models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LANDSCAPE, PORTRAIT, OpenPage, Shoot, playing
from tests.kiosk_ui.processes import KioskProcess, kiosk_process


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    with kiosk_process(tmp_path_factory.mktemp("kiosk")) as running:
        running.wait_until_ready()
        yield running


def in_state(page: Page, state: str, seconds: float = 15) -> None:
    page.wait_for_selector(f'body[data-state="{state}"]', timeout=seconds * 1000)


@pytest.fixture(params=[LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def screen(
    kiosk: KioskProcess, open_page: OpenPage, request: pytest.FixtureRequest
) -> Iterator[Page]:
    page = open_page(viewport=request.param)
    page.goto(f"http://localhost:{kiosk.port}/")
    in_state(page, "idle")
    yield page
    page.evaluate("fetch('/kiosk/cancel', {method: 'POST'})")
    in_state(page, "idle")


def test_from_start_to_the_replay(kiosk: KioskProcess, screen: Page, shoot: Shoot) -> None:
    page = screen
    page.wait_for_function("() => document.getElementById('live').naturalWidth > 0")
    assert "scaleX(-1)" in page.locator("#live").evaluate("e => getComputedStyle(e).transform") or (
        page.locator("#live").evaluate("e => getComputedStyle(e).transform").startswith("matrix(-1")
    )
    shoot(page, "1-idle")

    page.click("#start")
    in_state(page, "countdown")
    expect(page.locator("#countdown")).to_have_text("2", timeout=5000)
    shoot(page, "2-countdown")

    in_state(page, "recording")
    shoot(page, "3-go")
    expect(page.locator("#flash")).to_be_hidden(timeout=5000)
    expect(page.locator("#seconds")).to_have_text("5", timeout=15_000)
    ring = float(page.locator("#ring").evaluate("e => e.style.strokeDashoffset"))
    assert -0.65 < ring < -0.35
    expect(page.locator("#open-menu")).to_be_hidden()
    shoot(page, "4-recording")

    in_state(page, "result", 40)
    page.wait_for_selector("[data-finished]")
    verdict = page.locator("[data-card]").get_attribute("data-state")
    assert verdict in ("good", "bad")
    assert page.locator(".rep").count() >= 1  # the clip runs on: where the recording begins varies
    playing(page)
    shoot(page, "5-result")

    # Each moment had a sound of its own.
    sounds = page.evaluate("kioskSounds.map(notes => notes.map(note => note[0]))")
    assert sounds[:4] == [[440], [440], [440], [880]]
    assert [660, 660, 440] in sounds
    assert len({str(sound) for sound in sounds}) >= 4

    # A repetition leads to its place in the replay.
    last = page.locator(".rep").last
    start = float(last.get_attribute("data-start") or "nan")
    last.click()
    page.wait_for_function(
        "start => document.querySelector('video').currentTime >= start - 0.1", arg=start
    )

    # A replay that goes away just as it begins to play is no error on the page.
    page.evaluate(
        "() => { const video = document.querySelector('video'); video.load();"
        " document.querySelector('.rep').click(); video.remove(); }"
    )

    # The picture of the camera is not made while nobody sees it.
    assert page.locator("#live").get_attribute("src") is None
    page.click("#again")
    in_state(page, "countdown")
    expect(page.locator("#live")).to_be_visible()
    page.click("[data-show=countdown] [data-cancel]")
    in_state(page, "idle")


def test_settings_are_kept(kiosk: KioskProcess, screen: Page, shoot: Shoot) -> None:
    page = screen
    page.click("#open-menu")
    expect(page.locator("#menu")).to_be_visible()
    shoot(page, "menu")
    time = page.locator("[data-setting=recording_seconds]")
    before = int(time.locator("output strong").inner_text())
    time.locator("[data-step='-1']").click()
    expect(time.locator("output strong")).to_have_text(str(before - 1))
    page.locator("[data-setting=threshold] [data-step='5']").click()
    expect(page.locator("[data-menu=saved]")).to_be_visible()
    kept = kiosk.get("/kiosk/settings")[1]
    assert kept["recording_seconds"] == before - 1
    page.reload()
    in_state(page, "idle")
    page.click("#open-menu")
    expect(time.locator("output strong")).to_have_text(str(before - 1))
    time.locator("[data-step='1']").click()
    page.locator("[data-setting=threshold] [data-step='-5']").click()
    expect(page.locator("[data-menu=saved]")).to_be_visible()
    assert kiosk.get("/kiosk/settings")[1] == {"recording_seconds": before, "threshold": 0.5}
    page.click("[data-close]")
    expect(page.locator("#menu")).to_be_hidden()


def test_stop_while_recording(screen: Page) -> None:
    page = screen
    page.click("#start")
    in_state(page, "recording")
    page.click("[data-show=recording] [data-cancel]")
    in_state(page, "idle")
    expect(page.locator("#start")).to_be_enabled()
