"""How long after the end of a recording in the page the verdict is there, over real HTTPS.

    PYTHONPATH=. .venv/bin/python scripts/trials/https_verdict.py --runs 20

A kiosk with its demo camera, nginx before it, and Chromium whose camera plays the demo clip: all on
this machine, so the network takes no time and the processor is shared by all three.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.e2e.secure import (
    SecureKiosk,
    camera_file,
    phone_browser,
    secure_kiosk,
    trusting_home,
)

STOPWATCH = Path(__file__).resolve().parents[2] / "tests" / "e2e" / "stopwatch.js"


def one_run(page: Page, kiosk: SecureKiosk) -> tuple[float, str]:
    """Film once and return seconds from the end to the verdict, and the verdict."""
    page.goto(f"{kiosk.address}/record")
    page.evaluate("sessionStorage.clear()")
    page.click("#open")
    page.wait_for_selector("body[data-state=framing]")
    page.wait_for_timeout(500)
    if page.evaluate("document.body.dataset.state") == "framing":
        page.evaluate("document.getElementById('now').click()")
    page.wait_for_url("**/scores/*", timeout=90_000)
    page.wait_for_selector("[data-finished]", timeout=90_000)
    page.wait_for_timeout(300)
    took = page.evaluate("sessionStorage.told - sessionStorage.ended") / 1000
    return took, str(page.get_attribute("[data-card]", "data-state"))


def runs(browser: BrowserContext, kiosk: SecureKiosk, count: int) -> Iterator[float]:
    """Film ``count`` times and show each."""
    page = browser.pages[0]
    for number in range(count):
        took, verdict = one_run(page, kiosk)
        print(
            f"{number + 1:3}  {took:6.3f} s  {verdict}  load {os.getloadavg()[0]:.1f}", flush=True
        )
        yield took


@click.command()
@click.option("--runs", "count", default=20, show_default=True, help="How often to film.")
def main(count: int) -> None:
    """Film several times and tell median and 95th percentile."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        camera = camera_file(folder / "camera.mjpeg")
        with secure_kiosk(folder / "data") as kiosk:
            home = trusting_home(kiosk.folder, folder / "home")
            with phone_browser(
                playwright, folder / "profile", home=home, camera=camera, language="en"
            ) as browser:
                browser.add_init_script(path=STOPWATCH)
                took = sorted(runs(browser, kiosk, count))
    late = took[math.ceil(0.95 * len(took)) - 1]
    print(f"median {statistics.median(took):.3f} s, 95th percentile {late:.3f} s, {count} runs")


if __name__ == "__main__":
    main()
