"""A video that goes while it is looked at, on the screen and on a phone."""

from __future__ import annotations

import threading

from playwright.sync_api import Page, expect

from tests.e2e.accessibility import check_page
from tests.e2e.conftest import LANDSCAPE, NETWORK_NAME, PHONE, OpenPage, Shoot, playing
from tests.e2e.test_states import Stage, faulty, stage

__all__ = ["stage"]

SECONDS = 6.0


def test_it_goes_in_good_order_everywhere(stage: Stage, open_page: OpenPage, shoot: Shoot) -> None:
    stage.store.clip_seconds = SECONDS
    key = stage.keep(faulty())
    screen, phone = open_page(viewport=LANDSCAPE), open_page(**PHONE)
    screen.goto(f"http://localhost:{stage.port}/")
    screen.wait_for_selector('body[data-state="idle"]')
    stage.show("result", result=key, remaining=60.0, total=60.0)
    screen.click("[data-splash]")
    phone.goto(f"http://{NETWORK_NAME}:{stage.port}/scores/{key}")
    for page in (screen, phone):
        expect(page.locator(".until")).to_contain_text("in 1 minute")
        playing(page, 0.1)
    shoot(screen, "before")
    stop = threading.Event()

    def wipe() -> None:  # as the kiosk's thread does
        while not stop.wait(0.2):
            stage.store.videos.wipe(SECONDS)

    thread = threading.Thread(target=wipe)
    thread.start()
    try:
        for page, name in ((screen, "screen"), (phone, "phone")):
            without_its_video(page)
            shoot(page, name)
    finally:
        stop.set()
        thread.join()
    expect(screen.locator("[data-splash]")).to_have_count(0)  # nobody is told twice
    expect(phone.locator("#save")).to_have_count(0)
    check_page(phone, least_target=24)


def without_its_video(page: Page) -> None:
    expect(page.locator(".gone")).to_be_visible()
    expect(page.locator("video, [data-player], .until")).to_have_count(0)
    expect(page.locator("h1.verdict")).to_be_visible()
    assert page.locator(".rep").first.is_disabled()


def test_the_notice_on_the_screen(stage: Stage, open_page: OpenPage, shoot: Shoot) -> None:
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    page.click("#open-notice")
    expect(page.locator("#notice")).to_be_visible()
    shoot(page, "open")
    check_page(page, least_target=44)
    page.click("#close-notice")
    expect(page.locator("#notice")).to_be_hidden()
    page.click("#open-notice")
    stage.show("positioning", remaining=50.0, total=60.0, insist_in=5.0)
    expect(page.locator("#notice")).to_be_hidden()  # somebody has raised an arm
