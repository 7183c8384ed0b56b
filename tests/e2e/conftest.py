"""Debian's Chromium, driven by Playwright, and screenshots of what it shows."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
NETWORK_NAME = "phone"  # a name without a dot is given by this network alone
"""A name under which the browser reaches the kiosk as a phone does: not as localhost."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    f"--host-resolver-rules=MAP {NETWORK_NAME} 127.0.0.1",
]
PATIENCE: Final = 60_000
"""Milliseconds after which what was expected has not come: a busy machine is slow, not wrong."""
expect.set_options(timeout=PATIENCE)

LANDSCAPE, PORTRAIT = {"width": 1920, "height": 1080}, {"width": 1080, "height": 1920}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and skip it where there is no browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="no Chromium: apt-get install chromium, or CHROMIUM=")
                )


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield launched
    launched.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; errors in them fail the test, the content security policy's included, and so does
    a request to another host than the kiosk."""
    contexts = []
    wrong: list[str] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        context.on("request", lambda request: wrong.extend(elsewhere(request.url)))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda message: (
                wrong.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


def elsewhere(address: str) -> list[str]:
    """Return an address that is not on this machine or its network."""
    host = urlsplit(address).hostname or "localhost"
    try:
        here = ipaddress.ip_address(host).is_private
    except ValueError:
        here = "." not in host or host.endswith((".local", ".test"))
    return [] if here else [f"asked for {address}"]


Shoot = Callable[[Page, str], None]


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Shoot:
    """Keep a screenshot under the test's name."""
    ARTEFACTS.mkdir(exist_ok=True)
    test = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")

    def save(page: Page, name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{test}-{name}.png")

    return save


def playing(page: Page, seconds: float = 0.5) -> None:
    """Wait until the replay has played for a while, without an error."""
    page.wait_for_function(
        """seconds => {
            const video = document.querySelector("video");
            return video && !video.error && video.videoWidth > 0 && video.currentTime > seconds;
        }""",
        arg=seconds,
        timeout=PATIENCE,
    )
