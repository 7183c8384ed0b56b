"""Measures the kiosk from the end of a recording to the verdict on the screen, in a real browser.

    .venv/bin/python scripts/trials/kiosk_latency.py --runs 20

The kiosk runs as it does on a wall, with the demo clip as its camera and recordings that
end by themselves; Debian's Chromium shows its screen. The end is the moment that the
screen counts down to; the verdict is there once the browser has painted it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path

import click
from playwright.sync_api import Page, TimeoutError, sync_playwright

ROOT = Path(__file__).resolve().parents[2]

WATCH = """() => {
    // The end of the recording as the screen knows it, and the next picture after the verdict.
    const events = new EventSource("/kiosk/events");
    window.delays = [];
    let end = null;
    events.addEventListener("state", event => {
        const told = JSON.parse(event.data);
        if (told.state === "recording") end = performance.now() + 1000 * told.remaining;
    });
    new MutationObserver(() => {
        if (end === null || !document.querySelector("#result [data-finished]")) return;
        const ended = end;
        end = null;
        requestAnimationFrame(() => requestAnimationFrame(
            () => window.delays.push(performance.now() - ended)));
    }).observe(document.getElementById("result"), {childList: true, subtree: true});
}"""


def start(folder: str) -> tuple[subprocess.Popen[str], int]:
    """Run the kiosk; return its process and port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk_ui", "--port", "0", "--camera", "demo", "--data-dir", folder],
        cwd=ROOT, env={**os.environ, "KIOSK_DISK_FLOOR_MB": "0"},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stderr or ():
        if found := re.search(r"listening: http://localhost:(\d+)/", line):
            return process, int(found[1])
    raise click.ClickException("the kiosk did not start")


def record(page: Page, count: int) -> float:
    """Let the kiosk record once, and return the milliseconds from its end to the verdict."""
    page.click("#start" if count == 0 else "#again")
    page.wait_for_function("() => document.body.dataset.state === 'positioning'")
    page.wait_for_function(
        """() => document.body.dataset.state !== "positioning"
            || !document.querySelector("#insist").hidden""",
        timeout=30_000,
    )
    with suppress(TimeoutError):  # the gate may open just now
        page.click("#insist", timeout=1000)
    page.wait_for_function("n => window.delays.length > n", arg=count, timeout=60_000)
    page.wait_for_timeout(3500)  # as long as the verdict fills the screen
    return float(page.evaluate("n => window.delays[n]", count))


@click.command()
@click.option("--runs", default=20, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=6.0, show_default=True, type=click.FloatRange(3, 30))
def main(runs: int, seconds: float) -> None:
    """Print median and 95th percentile of the milliseconds from end to verdict."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder:
        process, port = start(folder)
        try:
            settings = {"recording_seconds": seconds}
            request = urllib.request.Request(
                f"http://localhost:{port}/kiosk/settings", json.dumps(settings).encode(),
                {"Content-Type": "application/json"}, method="PUT",
            )  # fmt: skip
            urllib.request.urlopen(request).close()  # noqa: S310 - always ours
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1920, "height": 1080})
                page.goto(f"http://localhost:{port}/")
                page.wait_for_selector('body[data-state="idle"]', timeout=60_000)
                page.evaluate(WATCH)
                delays = [record(page, count) for count in range(runs)]
                browser.close()
        finally:
            process.terminate()
            process.wait(20)
    percentile = statistics.quantiles(delays, n=20)[18] if runs > 1 else delays[0]
    load = os.getloadavg()[0]
    click.echo(
        f"{runs} recordings: median {statistics.median(delays):.0f} ms, 95th percentile "
        f"{percentile:.0f} ms, longest {max(delays):.0f} ms (load of the machine {load:.1f})"
    )


if __name__ == "__main__":
    main()
