"""The result in a real browser, with what the shipped model says of the demo's clips."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from edge.assessment import LIKELY, Verdict
from kiosk_ui.scores import Replay, Status
from kiosk_ui.store import CLIP, REPLAY
from tests.e2e.accessibility import PIXELS_PER_MM, check_page
from tests.e2e.conftest import LANDSCAPE, NETWORK_NAME, PHONE, OpenPage, Shoot, playing
from tests.e2e.wall import (
    CUT_OFF,
    NOT_JUDGED,
    SHAPES,
    Found,
    Wall,
    hiding,
    many,
    scored,
    screen_of,
    wall,
)
from tests.kiosk_ui.fakes import CUES

__all__ = ["scored", "wall"]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_is_cut_off(
    wall: Wall, shape: dict[str, int], language: str, open_page: OpenPage, shoot: Shoot
) -> None:
    wall.services.settings.update(language=language)
    page = screen_of(wall, open_page, shape, reduced_motion="reduce")
    bad = wall.scored["bad"].found
    likely = [f for f in bad["faults"] if f["visible"] and f["probability"] >= LIKELY]
    assert len(likely) >= 3  # the main fault and two further ones
    for count in (1, 2, 6, 12):
        view = {**bad["view"], "yaw": 24.0}
        key = wall.keep("bad", repetitions=many(bad, count), faults=hiding(bad), view=view)
        wall.show(page, key)
        expect(page.locator(".also li")).to_have_count(2)
        expect(page.locator(".unseen-by")).to_be_visible()
        expect(page.locator(".rep")).to_have_count(count)
        expect(page.locator(".course__plot")).to_be_visible()
        expect(page.locator("[data-compare]")).to_be_visible()
        if count in (2, 12):
            page.wait_for_timeout(400)
            shoot(page, f"{count}")
        assert page.evaluate(CUT_OFF) == [], count
    wall.show(page, wall.keep("good"))
    expect(page.locator("[data-compare]")).to_be_visible()
    page.wait_for_timeout(400)
    shoot(page, "good")
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("kind", ["counted", "not_judged", "no_clip", "failed", "very_many"])
def test_other_ends(wall: Wall, kind: str, open_page: OpenPage, shoot: Shoot) -> None:
    found = wall.scored["bad"].found
    nothing: Found = {
        **NOT_JUDGED, "cue": CUES[Verdict.NOT_JUDGED].to_dict(), "faults": [], "explanation": None,
    }  # fmt: skip
    counted = [{**one, "score": None, "faults": []} for one in found["repetitions"]]
    changes: Found = {
        "counted": {**nothing, "repetitions": counted},
        "not_judged": {**nothing, "repetitions": []},
        "very_many": {"repetitions": many(found, 30)},
    }.get(kind, {})
    key = wall.keep("bad", clip=kind not in ("no_clip", "failed"), **changes)
    if kind == "failed":
        wall.services.store.update(
            key, status=Status.FAILED, error="The video is damaged or cut off."
        )
    for name, shape in SHAPES.items():
        page = screen_of(wall, open_page, shape, reduced_motion="reduce")
        wall.show(page, key)
        page.wait_for_timeout(400)
        shoot(page, name)
        wrong = page.evaluate(CUT_OFF)
        if kind == "very_many":  # so many may be scrolled through
            wrong = [
                line
                for line in wrong
                if "OL.reps" not in line
                and "LI." not in line
                and "BUTTON.rep" not in line
                and "rep__" not in line
            ]
        assert wrong == []
        expect(page.locator("video")).to_have_count(0 if kind in ("no_clip", "failed") else 1)
    wall.station.set(state="idle", result=None)
    expect(page.locator("#result")).to_be_empty()


WORD_HEIGHT = """() => {
    const word = document.querySelector(".splash__word");
    const style = getComputedStyle(word);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const capitals = style.textTransform === "uppercase";
    const size = pen.measureText(capitals ? word.textContent.toUpperCase() : word.textContent);
    return size.actualBoundingBoxAscent + size.actualBoundingBoxDescent;
}"""
"""The height of the letters themselves, in CSS pixels."""


@pytest.mark.parametrize("shape", ["landscape", pytest.param("portrait", marks=pytest.mark.long)])
def test_the_verdict_is_read_from_across_the_room(
    wall: Wall, shape: str, open_page: OpenPage, shoot: Shoot
) -> None:
    page = screen_of(wall, open_page, SHAPES[shape])
    for language in ("en", "ko"):
        wall.services.settings.update(language=language)
        page.reload()
        for name, key in (
            ("good", wall.keep("good")),
            ("bad", wall.keep("bad")),
            ("not_judged", wall.keep("bad", **NOT_JUDGED)),
        ):
            wall.show(page, key, skip=False)
            page.wait_for_timeout(500)
            shoot(page, f"{language}-{name}")
            assert page.evaluate(WORD_HEIGHT) >= 60 * PIXELS_PER_MM, (language, name)
            for part in (".splash", ".splash__icon", ".splash__word", ".splash__cue"):
                box = page.locator(part).bounding_box()
                assert box
                assert box["x"] >= -1 and box["x"] + box["width"] <= SHAPES[shape]["width"] + 1
                assert box["y"] >= -1 and box["y"] + box["height"] <= SHAPES[shape]["height"] + 1
    check_page(page, least_target=44)
    # It goes by itself, and the details are there; the clip plays only now.
    expect(page.locator(".splash")).to_have_count(0)
    expect(page.locator("h1.verdict")).to_be_visible()
    playing(page, 0.2)


def colours_on(page: Page) -> dict[str, int]:
    """Return how many pixels of the drawing have the colour of a fault, and of the good one."""
    found: dict[str, int] = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const found = {fault: 0, good: 0, body: 0};
            const near = (i, r, g, b) => data[i + 3] > 250 && Math.abs(data[i] - r) < 6
                && Math.abs(data[i + 1] - g) < 6 && Math.abs(data[i + 2] - b) < 6;
            for (let i = 0; i < data.length; i += 4) {
                found.fault += near(i, 0xff, 0xb3, 0x40);
                found.good += near(i, 0xc8, 0xff, 0x3d);
                found.body += near(i, 0xf4, 0xf8, 0xf5);
            }
            return found;
        }"""
    )
    return found


def now_of(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def test_the_replay(wall: Wall, open_page: OpenPage, shoot: Shoot) -> None:
    page = screen_of(wall, open_page, LANDSCAPE)
    found = wall.scored["bad"].found
    wall.show(page, wall.keep("bad"))
    playing(page, 0.2)
    video = page.locator("video")
    for rate, name in ((0.5, "½×"), (0.25, "¼×"), (1.0, "1×")):
        page.click("[data-speed]")
        assert video.evaluate("v => v.playbackRate") == rate
        expect(page.locator("[data-speed]")).to_contain_text(name)
    page.click("[data-play]")
    assert video.evaluate("v => v.paused")
    expect(page.locator("[data-play]")).to_contain_text("Play")

    # To the worst moment, where the faulty joints are marked.
    page.click("[data-jump]")
    worst = next(f for f in found["faults"] if f["name"] == found["cue"]["name"])["moment"]
    assert now_of(page) == pytest.approx(worst, abs=0.02)
    page.wait_for_timeout(300)
    drawn = colours_on(page)
    assert drawn["fault"] > 200 and drawn["body"] > 200 and drawn["good"] == 0
    compare = page.locator("[data-compare]")
    compare.click()
    expect(compare).to_have_attribute("aria-pressed", "true")
    shoot(page, "worst")
    assert colours_on(page)["good"] > 200
    compare.click()
    assert colours_on(page)["good"] == 0

    # The plot leads to a moment, by touch and by keys; between repetitions nothing is marked.
    plot = page.locator(".course__plot")
    box = plot.bounding_box()
    assert box
    end = float(plot.get_attribute("aria-valuemax") or 0)
    plot.click(position={"x": box["width"] * 1.0 / end, "y": box["height"] / 2})
    assert now_of(page) == pytest.approx(1.0, abs=0.05)
    page.wait_for_timeout(300)
    assert colours_on(page)["fault"] == 0
    plot.focus()
    for key, time in (("ArrowRight", 1.1), ("PageUp", 2.1), ("ArrowLeft", 2.0), ("Home", 0.0)):
        page.keyboard.press(key)
        assert now_of(page) == pytest.approx(time, abs=0.06)
    assert "seconds" in (plot.get_attribute("aria-valuetext") or "")

    # A repetition plays from its beginning, and is marked in the list while it does.
    second = page.locator(".rep").nth(1)
    second.click()
    start = float(second.get_attribute("data-start") or 0)
    assert now_of(page) >= start - 0.05
    expect(second).to_have_attribute("data-now", "")
    # All this was told to the station: there is more time.
    assert "touched" in wall.station.calls


def test_targets_are_large_enough(wall: Wall, open_page: OpenPage) -> None:
    page = screen_of(wall, open_page, LANDSCAPE)
    wall.show(page, wall.keep("bad", repetitions=many(wall.scored["bad"].found, 12)))
    expect(page.locator("[data-compare]")).to_be_visible()
    for button in page.locator(".control, .rep").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 20 * PIXELS_PER_MM - 0.5
    check_page(page, least_target=10 * PIXELS_PER_MM)


def test_with_reduced_motion_nothing_plays_by_itself(wall: Wall, open_page: OpenPage) -> None:
    page = screen_of(wall, open_page, LANDSCAPE, reduced_motion="reduce")
    wall.show(page, wall.keep("bad"))
    worst = float(page.locator("[data-player]").get_attribute("data-worst") or 0)
    page.wait_for_timeout(600)
    assert page.locator("video").evaluate("v => v.paused")
    assert now_of(page) == pytest.approx(worst, abs=0.05)
    page.click("[data-play]")
    assert not page.locator("video").evaluate("v => v.paused")


def test_a_result_is_taken_home(wall: Wall, open_page: OpenPage, shoot: Shoot) -> None:
    page = screen_of(wall, open_page, LANDSCAPE)
    key = wall.keep("bad")
    store = wall.services.store
    shutil.copy(store.path(key, CLIP), store.path(key, REPLAY))
    store.update(key, replay=Replay.READY)
    wall.show(page, key)
    page.wait_for_timeout(600)
    # Read from the screen itself, as a phone does.
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    link, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert link.startswith("http://192.168.100.200:8080/t/")
    phone = open_page(**PHONE, locale="ko-KR")
    path = link.removeprefix("http://192.168.100.200:8080")
    phone.goto(f"http://{NETWORK_NAME}:{wall.port}{path}")
    assert phone.url.endswith(f"/scores/{key}")
    expect(phone.locator("html")).to_have_attribute("lang", "ko")
    expect(phone.locator("#save")).to_be_visible()
    expect(phone.locator("#save")).to_have_attribute("href", f"/api/v1/scores/{key}/replay.mp4")
    expect(phone.locator(".splash, .home")).to_have_count(0)
    playing(phone, 0.2)
    expect(phone.locator(".course__plot")).to_be_visible()
    shoot(phone, "phone")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    check_page(phone, least_target=44)
    wall.services.shares.lasts = 0.0  # ten minutes later
    answer = phone.goto(f"http://{NETWORK_NAME}:{wall.port}{path}")
    assert answer and answer.status == 410
    expect(phone.locator("h1")).to_have_text("만료됐어요")
    shoot(phone, "expired")
