"""Whoever is refused something is told why, before they do it in vain or where they look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from edge.words import MESSAGES
from kiosk_ui.room import Room
from tests.e2e.conftest import LANDSCAPE, PHONE, PORTRAIT, OpenPage, Shoot
from tests.e2e.wall import Wall, scored, screen_of, wall

__all__ = ["scored", "wall"]

FREE = 1_000_000
HTTPS = {"X-Forwarded-For": "192.168.0.42", "X-Forwarded-Proto": "https"}


@pytest.fixture
def disk(wall: Wall) -> Callable[[bool], None]:
    """Fill the disk, or make room."""
    free = [10 * FREE]
    wall.services.room = Room(Path(), FREE, free=lambda _: free[0])

    def fill(full: bool) -> None:
        wall.station.full = full
        free[0] = 0 if full else 10 * FREE

    return fill


def looked_again(page: Page) -> None:
    """Let the page ask once more, as it does by itself every few seconds."""
    page.clock.run_for(6000)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_hears_of_a_full_disk_before_it_films(
    wall: Wall, disk: Callable[[bool], None], open_page: OpenPage, shoot: Shoot, language: str
) -> None:
    disk(True)
    page = open_page(**PHONE)
    page.clock.install()
    page.goto(f"http://localhost:{wall.port}/phone?lang={language}")
    page.wait_for_selector("html.scripted")
    expect(page.locator("#full")).to_be_visible()
    for way in ("film", "pick"):
        expect(page.locator(f"#{way}")).to_be_disabled()
    page.locator("#full").scroll_into_view_if_needed()
    shoot(page, "full")
    disk(False)
    looked_again(page)
    expect(page.locator("#full")).to_be_hidden()
    expect(page.locator("#film")).to_be_enabled()
    shoot(page, "room")
    disk(True)
    looked_again(page)
    expect(page.locator("#full")).to_be_visible()


def test_nobody_films_in_the_page_while_the_disk_is_full(
    wall: Wall, disk: Callable[[bool], None], open_page: OpenPage, shoot: Shoot
) -> None:
    disk(True)
    page = open_page(**PHONE, extra_http_headers=HTTPS)
    page.clock.install()
    page.goto(f"http://localhost:{wall.port}/record")
    page.wait_for_selector("html.scripted")
    expect(page.locator("#full")).to_be_visible()
    expect(page.locator("#open")).to_be_disabled()
    shoot(page, "full")
    disk(False)
    looked_again(page)
    expect(page.locator("#full")).to_be_hidden()
    expect(page.locator("#open")).to_be_enabled()


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("shape", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_a_refused_again_says_why_beside_the_result(
    wall: Wall, disk: Callable[[bool], None], open_page: OpenPage, shoot: Shoot,
    language: str, shape: dict[str, int],
) -> None:  # fmt: skip
    wall.services.settings.update(language=language)
    page = screen_of(wall, open_page, shape)
    wall.show(page, wall.keep("bad"))
    page.clock.install()
    camera = {"ok": False, "name": "fake", "message": "the camera was unplugged", "picture": None}
    wall.station.set(camera=camera)
    page.click("#again")
    told = page.locator("#refused")
    expect(told).to_contain_text({"en": "There is no camera", "ko": "카메라"}[language])
    wall.station.set(repetitions=0)  # any news of the station
    page.clock.run_for(5000)
    expect(told).to_be_in_viewport(ratio=1)
    shoot(page, "no_camera")
    page.clock.run_for(5000)
    expect(told).to_be_hidden()
    wall.station.set(camera={**camera, "ok": True, "message": None})
    disk(True)
    page.click("#again")
    expect(told).to_contain_text(MESSAGES["disk_full"].model_dump()[language])
    expect(told).to_be_in_viewport(ratio=1)
    shoot(page, "disk_full")
    disk(False)
    page.click("#again")
    page.wait_for_selector('body[data-state="positioning"]')
    expect(told).to_be_hidden()
