"""WCAG 2.2 AA, keyboard and reduced motion, on the kiosk's screen and the phone's pages."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from edge.assessment import Verdict
from edge.positioning import Guidance
from tests.e2e.accessibility import PIXELS_PER_MM, check_page
from tests.e2e.conftest import LANDSCAPE, NETWORK_NAME, PHONE, PORTRAIT, OpenPage
from tests.e2e.test_states import PERSON, Stage, faulty, said, stage
from tests.kiosk_ui.fakes import assessment

__all__ = ["stage"]

KIOSK_TARGET = 10 * PIXELS_PER_MM
"""Every target at the kiosk; the main ones have 20 mm (:func:`test_main_targets`)."""

MAIN = ("#start", "#insist", "#again", ".outcome [data-cancel]", ".gate [data-cancel]")

STATES: dict[str, dict[str, Any]] = {
    "idle": {},
    "message": {"state": "idle", "message": said("camera_lost")},
    "positioning": {
        "guidance": Guidance(("turned", "moving"), True, box=PERSON).to_dict(),
        "insist_in": 0, "remaining": 50.0, "total": 60.0,
    },
    "countdown": {"remaining": 3.0, "total": 3.0},
    "recording": {"remaining": 20.0, "total": 30.0, "repetitions": 3},
    "scoring": {"remaining": None, "total": None},
    "verdict": {"state": "result", "remaining": 60.0, "total": 60.0},
    "result": {"remaining": 60.0, "total": 60.0},
}  # fmt: skip


@pytest.fixture(params=["en", "ko"])
def language(stage: Stage, request: pytest.FixtureRequest) -> str:
    stage.services.settings.update(language=request.param)
    return str(request.param)


def enter(stage: Stage, page: Page, name: str) -> None:
    changes = {"state": name, "message": None, **STATES[name]}
    if changes["state"] == "result":
        changes["result"] = stage.keep(faulty())
    stage.show(**changes)
    page.wait_for_selector(f'body[data-state="{changes["state"]}"]')
    if changes["state"] == "result":
        page.wait_for_selector("[data-finished]")
        expect(page.locator("[data-splash]")).to_be_visible()
    if name == "result":
        page.click("[data-splash]")
        expect(page.locator("[data-splash]")).to_have_count(0)
    expect(page.locator("#flash")).to_be_hidden()


@pytest.mark.parametrize(
    "shape",
    [LANDSCAPE, pytest.param(PORTRAIT, marks=pytest.mark.long)],
    ids=["landscape", "portrait"],
)
def test_the_kiosk(stage: Stage, language: str, shape: dict[str, int], open_page: OpenPage) -> None:
    page = open_page(viewport=shape, reduced_motion="reduce")  # nothing is on its way
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    for name in STATES:
        enter(stage, page, name)
        check_page(page, least_target=KIOSK_TARGET)
    enter(stage, page, "idle")
    page.click("#open-menu")
    check_page(page, least_target=KIOSK_TARGET)
    page.click("[data-close]")


def test_main_targets(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    seen = set()
    for name in STATES:
        enter(stage, page, name)
        for target in MAIN:
            if page.locator(target).is_visible():
                box = page.locator(target).bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 20 * PIXELS_PER_MM, (name, target, box)
                seen.add(target)
    assert seen == set(MAIN)


def test_the_kiosk_by_keyboard(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert "open-menu" in reached
    assert "start" in reached
    page.locator("#open-menu").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator("#open-menu")).to_be_focused()
    page.locator("#start").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector('body[data-state="positioning"]')
    assert stage.station.calls.count("start") == 1


def test_reduced_motion(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(viewport=LANDSCAPE, reduced_motion="reduce")
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    for name in STATES:
        enter(stage, page, name)
        moving = page.evaluate(
            """() => document.getAnimations()
                .filter(a => a.playState === "running" && !a.effect.target.matches(".spinner"))
                .map(a => a.effect.target.outerHTML.slice(0, 80))"""
        )
        assert moving == [], name


def test_phones(stage: Stage, language: str, open_page: OpenPage) -> None:
    page = open_page(
        **PHONE, reduced_motion="reduce", locale={"en": "en-GB", "ko": "ko-KR"}[language]
    )
    good = stage.keep(assessment(Verdict.GOOD, 0.87))
    for path in ("/phone", f"/scores/{good}", f"/scores/{stage.keep(faulty())}", "/scores/none"):
        page.goto(f"http://{NETWORK_NAME}:{stage.port}{path}")
        assert page.locator("html").get_attribute("lang") == language
        check_page(page, least_target=44)
