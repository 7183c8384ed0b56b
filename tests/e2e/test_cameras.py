"""What the screen says of the camera's picture, idle and at the gate."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from edge.positioning import Guidance
from edge.words import MESSAGES, PICTURES
from tests.e2e.conftest import Shoot
from tests.e2e.test_states import (  # noqa: F401 - fixtures
    PERSON,
    Stage,
    nothing_is_cut_off,
    said,
    screen,
    stage,
)

WELL = {"ok": True, "name": "fake", "message": None, "picture": None}


def spoilt(code: str) -> dict[str, object]:
    return {**WELL, "picture": {"code": code, "text": PICTURES[code].model_dump()}}


@pytest.mark.parametrize("turned", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_picture_is_spoilt(
    stage: Stage,  # noqa: F811
    screen: Page,  # noqa: F811
    shoot: Shoot,
    *,
    turned: bool,
) -> None:
    wide = screen.viewport_size is not None and screen.viewport_size["width"] > 1100
    language = "en" if wide != turned else "ko"
    if language != "en":
        stage.services.settings.update(language=language)
        screen.reload()
        screen.wait_for_selector('body[data-state="idle"]')
    trouble, order = screen.locator("#trouble"), screen.locator("#order")
    expect(trouble).to_be_hidden()
    second = "ko" if language == "en" else "en"
    for code, text in PICTURES.items():
        stage.show("idle", camera=spoilt(code), message=None)
        expect(trouble.locator("strong")).to_have_text(getattr(text, language))
        expect(trouble.locator("span")).to_have_text(getattr(text, second))
        expect(screen.locator("#start")).to_be_enabled()
        screen.wait_for_timeout(300)
        shoot(screen, f"{code}-idle")
        nothing_is_cut_off(screen)
        guidance = Guidance(("nobody",)) if code != "dark" else Guidance((), True, 1.0, box=PERSON)
        stage.show("positioning", remaining=50.0, total=60.0, guidance=guidance.to_dict(),
                   insist_in=0)  # fmt: skip
        screen.wait_for_selector('body[data-state="positioning"]')
        expect(trouble).to_be_visible()
        expect(order).to_be_hidden()  # one thing at a time
        # Nobody can be seen then; whether it is too dark is an opinion.
        expect(screen.locator("#insist")).to_be_visible(visible=code == "dark")
        screen.wait_for_timeout(300)
        shoot(screen, f"{code}-gate")
        nothing_is_cut_off(screen)
        stage.show("positioning", camera=WELL)
        expect(trouble).to_be_hidden()
        expect(order).to_be_visible()
    stage.show("idle", camera=spoilt("black"), message=said("not_seen"))
    expect(screen.locator("#message")).to_contain_text(getattr(MESSAGES["not_seen"], language))
    screen.wait_for_timeout(300)
    shoot(screen, "given_up")
    nothing_is_cut_off(screen)
    stage.show("recording", remaining=5.0, total=10.0)
    expect(trouble).to_be_hidden()
