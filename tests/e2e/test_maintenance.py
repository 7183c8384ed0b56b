"""The maintainer's page in a real browser."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kiosk_ui.logs import RING
from tests.e2e.accessibility import PIXELS_PER_MM, check_page
from tests.e2e.conftest import LANDSCAPE, PORTRAIT, OpenPage, Shoot
from tests.e2e.test_states import Stage, said, stage
from tests.kiosk_ui.fakes import FakeCamera
from tests.kiosk_ui.test_figures import PIN
from tests.kiosk_ui.test_metrics import everything

__all__ = ["stage"]


@pytest.fixture
def remembered() -> Iterator[logging.Logger]:
    """A logger whose warnings are on the page."""
    logger = logging.Logger("edge.live")
    logger.addHandler(RING)
    yield logger
    RING._lines.clear()
    RING.counts.update(dict.fromkeys(RING.counts, 0))


def furnish(stage: Stage, remembered: logging.Logger) -> None:
    """Let there be something of everything, and some of it wrong."""
    stage.services.camera = dark = FakeCamera()
    dark.counts = replace(dark.counts, picture="dark")
    everything(stage.services)
    for number in range(12):
        remembered.warning("camera: /dev/video0 has stopped giving pictures, %d", number)
    remembered.error("the engine failed: CUDA says that an illegal address was used %s", "x" * 300)


LONG = pytest.mark.long


@pytest.mark.parametrize(
    ("shape", "language"),
    [
        pytest.param(LANDSCAPE, "en", id="landscape-en"),
        pytest.param(PORTRAIT, "ko", id="portrait-ko"),
        pytest.param(LANDSCAPE, "ko", id="landscape-ko", marks=LONG),
        pytest.param(PORTRAIT, "en", id="portrait-en", marks=LONG),
    ],
)
def test_the_page_is_read_at_a_glance_and_lives(
    stage: Stage, open_page: OpenPage, shoot: Shoot, remembered: logging.Logger,
    shape: dict[str, int], language: str,
) -> None:  # fmt: skip
    stage.services.settings.update(language=language)
    furnish(stage, remembered)
    page = open_page(viewport=shape)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    page.click("#open-menu")
    page.click("#maintenance")
    rate = page.locator('[data-part="camera"] [data-row="rate"] dd')
    expect(rate).to_have_text("30.0")
    expect(page.locator('[data-row="picture"][data-state="bad"]')).to_be_visible()
    shoot(page, "page")
    check_page(page, least_target=10 * PIXELS_PER_MM)
    assert page.locator("main").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.locator('[data-part="log"] dd').last.scroll_into_view_if_needed()
    expect(page.locator('[data-part="log"] dd').last).to_be_in_viewport()
    wide = page.evaluate(
        "[...document.querySelectorAll('.part *')].filter(e => e.scrollWidth > e.clientWidth + 2"
        " && getComputedStyle(e).display !== 'inline').map(e => e.outerHTML.slice(0, 90))"
    )
    assert wide == []
    # What changes is set in the elements that are there: nothing flickers, nothing jumps.
    page.evaluate("document.querySelectorAll('.part dd').forEach(e => { e.mine = true; })")
    stage.services.camera = slow = FakeCamera()
    slow.counts = replace(slow.counts, rate=12.5)
    expect(rate).to_have_text("12.5")
    expect(page.locator('[data-row="picture"][data-state="bad"]')).to_have_count(0)
    assert page.evaluate("[...document.querySelectorAll('.part dd')].every(e => e.mine)")
    remembered.error("one more")
    expect(page.locator('[data-part="log"] dd', has_text="one more")).to_be_visible()
    page.click("#leave")
    page.wait_for_selector('body[data-state="idle"]')


def test_a_pin_is_asked_for_and_locks_again(
    stage: Stage, open_page: OpenPage, shoot: Shoot, remembered: logging.Logger
) -> None:
    furnish(stage, remembered)
    stage.services.settings.set_pin(PIN)
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/maintenance")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#parts, #report")).to_have_count(0)
    shoot(page, "locked")
    check_page(page, least_target=10 * PIXELS_PER_MM)
    for digit in "1111":
        page.click(f'[data-digit="{digit}"]')
    page.click("#lock [type=submit]")
    expect(page.locator("[data-lock=wrong]")).to_be_visible()
    for digit in PIN:
        page.click(f'[data-digit="{digit}"]')
    page.click("#lock [type=submit]")
    expect(page.locator("#parts")).to_be_visible()
    assert not stage.services.settings.lock_state.locked
    page.click("#leave")
    page.wait_for_selector('body[data-state="idle"]')
    page.wait_for_function("async () => (await (await fetch('/kiosk/lock')).json()).locked")


def test_the_report_is_saved(
    stage: Stage, open_page: OpenPage, remembered: logging.Logger, tmp_path: Path
) -> None:
    furnish(stage, remembered)
    page = open_page(viewport=LANDSCAPE, accept_downloads=True)
    page.goto(f"http://localhost:{stage.port}/maintenance")
    with page.expect_download() as begun:
        page.click("#report")
    assert begun.value.suggested_filename == "squat-kiosk-report.txt"
    begun.value.save_as(tmp_path / "report.txt")
    assert "squat 0.4.0 · A · good" in (tmp_path / "report.txt").read_text()


def test_it_goes_back_by_itself(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(viewport=LANDSCAPE)
    page.clock.install()
    page.goto(f"http://localhost:{stage.port}/maintenance")
    expect(page.locator("#parts")).to_be_visible()
    page.clock.run_for(181_000)
    page.wait_for_url(f"http://localhost:{stage.port}/")


@pytest.mark.parametrize("language", [pytest.param("en", marks=LONG), "ko"])
def test_a_full_disk_is_said_on_the_screen(
    stage: Stage, open_page: OpenPage, shoot: Shoot, language: str
) -> None:
    stage.services.settings.update(language=language)
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    told = said("disk_full")
    stage.show("idle", message=told)
    expect(page.locator("#message")).to_contain_text(told["text"][language])
    shoot(page, "full")
    expect(page.locator("#start")).to_be_disabled()
    # Nothing is pushed off the screen or over another thing, above all not over the menu.
    expect(page.locator("#start")).to_be_in_viewport(ratio=1)
    page.click("#open-menu", trial=True)
    page.click("#open-notice", trial=True)
    stage.show("idle", message=None)
    expect(page.locator("#message")).to_be_hidden()
    expect(page.locator("#start")).to_be_enabled()
