"""What is asked of every page: axe-core's rules of WCAG 2.2 AA, and targets large enough."""

from __future__ import annotations

from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PIXELS_PER_MM: Final = 1920 / 345.4
"""Of a 15.6-inch panel with 1920x1080 pixels, which is 345.4 mm wide."""

TARGETS: Final = """least => [...document.querySelectorAll(
    "button, a.button, label.button, input:not(.unseen), select, summary"
)]
    .filter(e => e.checkVisibility() && !e.disabled && !e.matches("[type=range]"))
    .map(e => [e, e.getBoundingClientRect()])
    .filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
    .map(([e, box]) => `${Math.round(box.width)}x${Math.round(box.height)} `
        + e.outerHTML.slice(0, 90))"""


def check_page(page: Page, *, least_target: float) -> None:
    """Fail with what axe-core finds, and with targets that a finger misses.

    :param least_target: width and height in CSS pixels that a button has at least.
    """
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    wrong = [
        f"{violation['id']}: {violation['help']}: {node['html'][:120]} {node['failureSummary']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
    wrong += [f"small target: {found}" for found in page.evaluate(TARGETS, least_target)]
    if wrong:
        pytest.fail("\n".join(wrong))
