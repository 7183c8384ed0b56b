"""Every state of the kiosk's screen, put there by a fake station: nothing may be cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from edge.assessment import Assessment, Verdict
from edge.exercises import load
from edge.positioning import ARROWS, Guidance
from edge.settings import SettingsStore
from edge.words import GUIDANCE, HOLD, MESSAGES
from kiosk_ui.config import WebConfig
from kiosk_ui.replays import save_track
from kiosk_ui.services import Services
from kiosk_ui.store import CLIP, ScoreStore
from tests.e2e.conftest import LANDSCAPE, PORTRAIT, OpenPage, Shoot
from tests.kiosk_ui.fakes import FakeCamera, FakeStation, assessment, fault, track, write_video
from tests.kiosk_ui.servers import serving

CONFIG = WebConfig(disk_floor_mb=0, heartbeat=0.3)
SMALL = {"width": 1024, "height": 600}
LONGEST_WORD = {"en": "right knee out", "ko": "오른 무릎 밖으로"}


class Stage:
    """A kiosk whose station does what the test says."""

    def __init__(self, folder: Path) -> None:
        self.store = ScoreStore(folder)
        self.station = FakeStation()
        self.services = Services(
            self.store, SettingsStore(folder / "settings.json"),
            station=self.station, camera=FakeCamera(),
        )  # fmt: skip
        self.services.ready.set()
        self.port = 0

    def keep(self, found: Assessment, *, clip: bool = True) -> str:
        video = write_video(self.store.incoming / CLIP, 3.0) if clip else None
        return self.store.add_recording(
            video, found.to_dict(), lambda path: save_track(track(), path)
        )

    def show(self, state: str, **changes: Any) -> None:
        self.station.set(state=state, **changes)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    with serving(CONFIG, made.services) as server:
        made.port = int(server.effective_port)
        yield made
    made.store.close()


@pytest.fixture(
    params=[LANDSCAPE, PORTRAIT, pytest.param(SMALL, marks=pytest.mark.long)],
    ids=["landscape", "portrait", "small"],
)
def screen(stage: Stage, open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    page = open_page(viewport=request.param)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    return page


def nothing_is_cut_off(page: Page, but: str = "template") -> None:
    """Check that all visible words and buttons lie within the screen and within their boxes."""
    wrong = page.evaluate(
        """but => [...document.querySelectorAll("h1, p, button, strong, li, .ring, .badge, .scale")]
            .filter(e => e.checkVisibility() && !e.closest(".flash, .unseen") && !e.closest(but))
            .filter(e => {
                const box = e.getBoundingClientRect();
                const outside = box.left < -1 || box.top < -1 || box.right > innerWidth + 1
                    || box.bottom > innerHeight + 1;
                return outside || e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 0;
            })
            .map(e => e.outerHTML.slice(0, 100))""",
        but,
    )
    assert wrong == []


def faulty() -> Assessment:
    """Return a bad assessment with more than one fault."""
    squat = load("squat").texts.faults
    more = [
        fault(name, 0.8, cue=squat[name].fill(value="71", aim="65"))
        for name in ("leaning_forward", "hips_right", "too_shallow")
    ]
    return replace(assessment(Verdict.BAD, 0.31), faults=(fault(), *more))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_states(stage: Stage, screen: Page, shoot: Shoot, language: str) -> None:
    if language != "en":
        stage.services.settings.update(language=language)
        screen.reload()
        screen.wait_for_selector('body[data-state="idle"]')
    for name, state, changes in (
        ("idle", "idle", {}),
        ("message", "idle", {"message": said("camera_lost")}),
        ("countdown", "countdown", {"message": None, "remaining": 3.0, "total": 3.0}),
        ("recording", "recording", {"remaining": 28.6, "total": 30.0, "repetitions": 12}),
        ("word", "recording", {"repetitions": 13, "word": LONGEST_WORD}),
        ("no_word", "recording", {"repetitions": 14, "word": None}),
        ("scoring", "scoring", {"remaining": None, "total": None}),
    ):
        stage.show(state, **changes)
        screen.wait_for_selector(f'body[data-state="{state}"]')
        expect(screen.locator("#flash")).to_be_hidden()
        screen.wait_for_timeout(200)
        shoot(screen, name)
        nothing_is_cut_off(screen)
        word = screen.locator("#word")
        if name == "word":
            expect(word).to_have_text("right knee out오른 무릎 밖으로")
            expect(word.locator(".icon")).to_be_visible()  # a shape, not colour alone
        else:
            expect(word).to_be_hidden()


def said(code: str) -> dict[str, Any]:
    return {"code": code, "text": MESSAGES[code].model_dump()}


PERSON = (0.36, 0.1, 0.66, 0.93)


@pytest.mark.parametrize(
    ("codes", "box"),
    [
        ((), PERSON),
        (("nobody",), None),
        (("step_left",), (0.0, 0.15, 0.2, 0.9)),
        (("step_right", "moving"), (0.8, 0.15, 1.0, 0.9)),
        (("too_close", "turned", "moving"), (0.2, 0.0, 0.8, 1.0)),
        (("hidden",), PERSON),
        (("too_far",), (0.45, 0.3, 0.55, 0.7)),
        (("turned",), PERSON),
        (("moving",), PERSON),
        (("not_alone",), PERSON),
    ],
    ids=lambda value: (
        None
        if value is None or (value[:1] and not isinstance(value[0], str))
        else "_".join(value) or "met"
    ),
)
def test_the_gate(
    stage: Stage, screen: Page, shoot: Shoot, codes: tuple[str, ...], box: Any
) -> None:
    guidance = Guidance(codes, codes != ("nobody",), None if codes else 1.0, box=box)
    stage.show("positioning", remaining=50.0, total=60.0, guidance=guidance.to_dict(), insist_in=0)
    screen.wait_for_selector('body[data-state="positioning"]')
    screen.wait_for_timeout(400)
    shoot(screen, "gate")
    nothing_is_cut_off(screen)
    words = GUIDANCE[codes[0]] if codes else HOLD
    expect(screen.locator("#order")).to_have_text(words.en)
    expect(screen.locator("#order-second")).to_have_text(words.ko)
    arrow = ARROWS[codes[0]] if codes else "hold"
    expect(screen.locator("#arrow-shape")).to_have_attribute("href", f"#a-{arrow}")
    # Readable from 3 m: at least a seventieth of the screen's height (15 mm on a 43-inch screen).
    size = screen.locator("#order").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size > 0.04 * screen.evaluate("innerHeight")
    unmet = screen.locator("#checks [data-unmet]").count()
    met = screen.locator("#checks [data-met]").count()
    assert (unmet, met) == (len(codes), 0 if codes == ("nobody",) else 5 - len(codes))
    if box:
        # The picture is mirrored, and so is the box.
        frame, picture = (screen.locator(f"#{name}").bounding_box() for name in ("box", "fit"))
        assert frame and picture
        left = (frame["x"] - picture["x"]) / picture["width"]
        assert left == pytest.approx(1 - box[2], abs=0.02)


def test_the_gate_in_korean(stage: Stage, open_page: OpenPage, shoot: Shoot) -> None:
    stage.services.settings.update(language="ko")
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    expect(page.locator("#start")).to_contain_text("시작")
    page.wait_for_timeout(300)
    shoot(page, "idle")
    guidance = Guidance(("turned",), True, box=PERSON).to_dict()
    stage.show("positioning", remaining=50.0, total=60.0, guidance=guidance, insist_in=0)
    expect(page.locator("#order")).to_have_text("카메라를 바라봐 주세요")
    expect(page.locator("#order-second")).to_have_text("Turn to the camera")
    page.wait_for_timeout(300)
    shoot(page, "gate")
    nothing_is_cut_off(page)


def test_start_anyway_comes_after_a_while_and_double_taps_do_nothing(
    stage: Stage, screen: Page
) -> None:
    # A double tap on Start: the second lands on whatever is there by then.
    box = screen.locator("#start").bounding_box()
    assert box
    screen.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    screen.wait_for_selector('body[data-state="positioning"]')
    screen.wait_for_timeout(300)
    assert "cancel" not in stage.station.calls
    expect(screen.locator("#insist")).to_be_hidden()
    stage.show("positioning", guidance=Guidance(("turned",), True).to_dict(), insist_in=0.3)
    expect(screen.locator("#insist")).to_be_visible()
    before = stage.station.calls.count("start")
    screen.wait_for_timeout(400)
    screen.click("#insist")
    screen.wait_for_timeout(200)
    assert stage.station.calls.count("start") == before + 1
    # The second tap on Stop lands on Start.
    stop = screen.locator(".gate [data-cancel]").bounding_box()
    assert stop
    starts = stage.station.calls.count("start")
    screen.mouse.dblclick(stop["x"] + stop["width"] / 2, stop["y"] + stop["height"] / 2, delay=60)
    screen.wait_for_selector('body[data-state="idle"]')
    screen.wait_for_timeout(300)
    assert stage.station.calls.count("start") == starts


def test_locked_settings(stage: Stage, screen: Page, shoot: Shoot) -> None:
    stage.services.settings.set_pin("2468")
    screen.click("#open-menu")
    expect(screen.locator("#lock")).to_be_visible()
    shoot(screen, "locked")
    nothing_is_cut_off(screen)
    expect(screen.locator("[data-setting=threshold] [data-step='5']")).to_be_hidden()
    expect(screen.locator("[data-setting=volume] [data-step='10']")).to_be_hidden()
    for name in ("muted", "live-words", "language"):
        expect(screen.locator(f"#{name}")).to_be_disabled()
    for digit in "1357":
        screen.click(f"[data-digit='{digit}']")
    screen.click("#lock [type=submit]")
    expect(screen.locator("[data-lock=wrong]")).to_be_visible()
    for digit in "24688":
        screen.click(f"[data-digit='{digit}']")
    screen.click("[data-delete]")
    screen.click("#lock [type=submit]")
    expect(screen.locator("#lock")).to_be_hidden()
    screen.locator("[data-setting=threshold] [data-step='5']").click()
    expect(screen.locator("[data-menu=saved]")).to_be_visible()
    assert stage.services.settings.get().threshold == 0.55
    screen.click("[data-close]")
    # Whoever comes next finds it locked.
    screen.click("#open-menu")
    expect(screen.locator("#lock")).to_be_visible()
    for _ in range(3):
        screen.click("[data-digit='1']")
        screen.click("#lock [type=submit]")
        screen.wait_for_timeout(150)
    expect(screen.locator("[data-lock=pause]")).to_be_visible()
    expect(screen.locator("[data-digit='1']")).to_be_disabled()
    shoot(screen, "pause")


def test_the_camera_goes_and_comes(stage: Stage, screen: Page, shoot: Shoot) -> None:
    expect(screen.locator("#live")).to_be_visible()
    gone = {"ok": False, "name": "", "message": "there is no camera at /dev/video0; plug it in"}
    stage.show("idle", camera=gone)
    expect(screen.locator("#no-picture")).to_be_visible()
    expect(screen.locator("#start")).to_be_disabled()
    shoot(screen, "no_camera")
    nothing_is_cut_off(screen)
    stage.show("idle", camera={"ok": True, "name": "fake", "message": None})
    expect(screen.locator("#live")).to_be_visible()
    expect(screen.locator("#start")).to_be_enabled()


def test_a_restart_loads_the_page_anew(
    stage: Stage, open_page: OpenPage, tmp_path: Path
) -> None:  # fmt: skip
    page = open_page(viewport=LANDSCAPE)
    page.goto(f"http://localhost:{stage.port}/")
    page.wait_for_selector('body[data-state="idle"]')
    page.evaluate("window.old = true")
    stage.services.instance = "another"
    stage.services.closing.set()  # ends the event stream, as a stopping server does
    page.wait_for_function("() => window.old === undefined")
