"""A kiosk whose screen shows what the shipped model says of the demo's clips."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from edge.bundle import DEFAULT_BUNDLE
from edge.classifier import TYPICAL, Classifier
from edge.explanation import Typical
from edge.session import ScoringSession
from edge.settings import SettingsStore
from edge.track import PoseTrack
from kiosk_ui.config import WebConfig
from kiosk_ui.replays import save_track
from kiosk_ui.services import Services
from kiosk_ui.store import CLIP, ScoreStore
from tests.clips import DEMO, KnownClip
from tests.e2e.conftest import LANDSCAPE, PORTRAIT, OpenPage
from tests.edge.people import poses_of
from tests.kiosk_ui.fakes import FakeCamera, FakeStation
from tests.kiosk_ui.servers import serving

SMALL = {"width": 1024, "height": 600}
SHAPES = {"landscape": LANDSCAPE, "portrait": PORTRAIT, "small": SMALL}
Found = dict[str, Any]


@dataclass
class Scored:
    """A demo clip, judged."""

    track: PoseTrack
    found: Found


@dataclass
class Wall:
    """A kiosk whose station shows the results that the test keeps."""

    services: Services
    station: FakeStation
    scored: dict[str, Scored]
    port: int = 0

    def keep(self, name: str, *, clip: bool = True, **changes: Any) -> str:
        """Keep a recording of a demo clip, with some of what was found changed."""
        store, scored = self.services.store, self.scored[name]
        video = Path(shutil.copy(DEMO / f"{name}.mp4", store.incoming / CLIP)) if clip else None
        found = {**scored.found, **changes}
        return store.add_recording(video, found, lambda path: save_track(scored.track, path))

    def show(self, page: Page, key: str, *, skip: bool = True) -> None:
        """Show a result on the kiosk's screen, without waiting for its first moments."""
        self.station.set(state="idle", result=None)
        page.wait_for_selector('body[data-state="idle"]')
        self.station.set(state="result", result=key, remaining=60.0, total=60.0)
        page.wait_for_selector("[data-finished]")
        if skip:  # in one step: it goes by itself as well
            page.evaluate("document.querySelector('.splash')?.click()")
            expect(page.locator(".splash")).to_have_count(0)


@pytest.fixture(scope="module")
def scored() -> dict[str, Scored]:
    judged = {}
    for name in ("good", "bad"):
        clip = KnownClip.load(f"demo_{name}")
        joints = clip.joints[:, clip.subject]
        seen = PoseTrack(clip.times, joints, np.isfinite(joints).all(axis=2).astype(float))
        session = ScoringSession(None, Classifier.load())
        for time, pose in poses_of(seen):
            session.push_poses(time, [pose])
        found = session.finish().to_dict()
        judged[name] = Scored(session.track, found)
    return judged


@pytest.fixture
def wall(tmp_path: Path, scored: dict[str, Scored]) -> Iterator[Wall]:
    station = FakeStation()
    services = Services(
        ScoreStore(tmp_path), SettingsStore(tmp_path / "settings.json"),
        station=station, camera=FakeCamera(),
        typical=Typical.load(DEFAULT_BUNDLE / TYPICAL),
        address=lambda: "http://192.168.100.200:8080",
    )  # fmt: skip
    services.ready.set()
    made = Wall(services, station, scored)
    with serving(WebConfig(disk_floor_mb=0, heartbeat=0.3), services) as server:
        made.port = int(server.effective_port)
        yield made
    services.store.close()


def screen_of(wall: Wall, open_page: OpenPage, shape: dict[str, int], **options: Any) -> Page:
    wall.station.set(state="idle", result=None)
    page = open_page(viewport=shape, **options)
    page.goto(f"http://localhost:{wall.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    return page


CUT_OFF = """() => {
    const wrong = [];
    const told = e => `${e.tagName}.${e.getAttribute("class")} `
        + e.textContent.trim().slice(0, 40);
    const parts = [...document.querySelectorAll(".outcome *")].filter(e =>
        e.checkVisibility() && !e.closest("video, canvas, .qr, .course__plot, .icon, .scale > *"));
    for (const e of parts) {
        const box = e.getBoundingClientRect();
        const inside = other => box.left >= other.left - 1 && box.top >= other.top - 1
            && box.right <= other.right + 1 && box.bottom <= other.bottom + 1;
        if (!inside({left: 0, top: 0, right: innerWidth, bottom: innerHeight})) {
            wrong.push(`outside of the window: ${told(e)}`);
        }
        for (let up = e.parentElement; up; up = up.parentElement) {
            const hides = getComputedStyle(up).overflow !== "visible";
            if (hides && !inside(up.getBoundingClientRect())) {
                wrong.push(`cut off by ${up.className}: ${told(e)}`);
            }
        }
        if (e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 0 && !e.querySelector("video")) {
            wrong.push(`wider than its box: ${told(e)}`);
        }
        if (e.matches("button")) {
            for (const [x, y] of [[0.5, 0.5], [0.1, 0.15], [0.9, 0.85]]) {
                const place = [box.left + x * box.width, box.top + y * box.height];
                const hit = document.elementFromPoint(...place);
                if (hit?.closest("button") !== e) wrong.push(`covered: ${told(e)}`);
            }
        }
    }
    const blocks = [...document.querySelectorAll(
        ".result__told > *, .reps > li, .result__reps > h2, .replay, .control, .course, .home,"
        + ".outcome__actions")]
        .filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()]);
    blocks.forEach(([one, a], index) => {
        for (const [other, b] of blocks.slice(index + 1)) {
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 1) wrong.push(`${told(one)} lies over ${told(other)}`);
        }
    });
    return [...new Set(wrong)];
}"""
"""Whatever lies outside of the window, is cut off by its box, or lies over something else."""


NOT_JUDGED: Found = {"verdict": "not_judged", "score": None, "repetitions": []}


def many(found: Found, count: int) -> list[Found]:
    """Return so many repetitions, good and bad, within the clip."""
    first = found["repetitions"][0]
    long = 11.5 / count
    return [
        {
            **first, "start": round(0.2 + n * long, 3), "turn": round(0.2 + (n + 0.4) * long, 3),
            "end": round(0.2 + (n + 0.8) * long, 3), "score": min(1.0, 0.1 + 0.07 * n),
        }
        for n in range(count)
    ]  # fmt: skip


def hiding(found: Found) -> list[Found]:
    """Return the faults, with some that the camera could not see."""
    hidden = ("torso", "neck")
    return [{**f, "visible": f["visible"] and f["part"] not in hidden} for f in found["faults"]]
