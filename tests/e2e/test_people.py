"""Histories, the coach and a study on phones, in front of a kiosk that runs as a process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from edge.assessment import Verdict
from kiosk_ui.coaching.labels import Label, LabelStore
from kiosk_ui.coaching.pin import main as coach_pin
from kiosk_ui.replays import save_track
from kiosk_ui.store import ScoreStore
from kiosk_ui.studies.plan import ITEMS, Arm, arm_of
from kiosk_ui.studies.store import StudyStore
from tests.e2e.accessibility import check_page
from tests.e2e.conftest import ARTEFACTS, NETWORK_NAME, PHONE, OpenPage, Shoot
from tests.faults.videos import short_squat
from tests.kiosk_ui.fakes import assessment, track, write_video
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

PIN = "13579"
TARGET = 44.0
"""CSS pixels that a finger hits on a phone."""
SCORES = (0.22, 0.35, 0.31, 0.46, 0.58, 0.55, 0.74)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kiosk")


@pytest.fixture(scope="module")
def kiosk(data_dir: Path) -> Iterator[KioskProcess]:
    with kiosk_process(data_dir, environment={"KIOSK_HISTORY": "1"}) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def address(kiosk: KioskProcess) -> str:
    return f"http://{NETWORK_NAME}:{kiosk.port}"


@pytest.fixture
def scores(data_dir: Path, kiosk: KioskProcess) -> Iterator[ScoreStore]:
    """Give the running kiosk's scores, to put some in as if they had been squatted."""
    store = ScoreStore(data_dir)
    yield store
    store.close()


def add(scores: ScoreStore, value: float, *, filmed: bool = False) -> str:
    found = assessment(Verdict.GOOD if value >= 0.5 else Verdict.BAD, value).to_dict()
    depth = {"name": "depth", "label": {"en": "Depth", "ko": "깊이"}, "unit": "%", "source": "",
             "value": 30 + 60 * value}  # fmt: skip
    clip = write_video(scores.incoming / "clip.mp4", 1.0) if filmed else None
    return scores.add_recording(
        clip, {**found, "quantities": [depth]}, lambda path: save_track(track(), path)
    )


def both(page: Page, path: str, name: str) -> None:
    """Keep pictures of a whole page in both languages, and let axe look at it."""
    for language in ("ko", "en"):
        page.goto(f"{path}?lang={language}")
        page.wait_for_selector("main")
        page.screenshot(path=ARTEFACTS / f"people-{name}-{language}.png", full_page=True)
    check_page(page, least_target=TARGET)


def touch(page: Page, what: str) -> None:
    """Touch something that leads to another page, and wait for it."""
    with page.expect_navigation():
        page.locator(what).first.tap()


def send(page: Page, path: str, form: str = "") -> None:
    """Do what a touch on a form does, without drawing the pages."""
    script = """async ([path, form]) => (await fetch(path, {
        method: "POST", body: new URLSearchParams(form), redirect: "manual" })).type"""
    assert page.evaluate(script, [path, form]) == "opaqueredirect"


def test_keep_see_take_out_and_delete(
    address: str, scores: ScoreStore, open_page: OpenPage, shoot: Shoot
) -> None:
    page = open_page(**PHONE)
    both(page, f"{address}/me", "nobody")
    keys = [add(scores, value, filmed=value == SCORES[-1]) for value in SCORES]
    page.goto(f"{address}/scores/{keys[0]}")
    touch(page, "#keep button")
    expect(page.locator("#keep .tick")).to_have_attribute("aria-checked", "false")
    for key in keys[1:]:
        send(page, f"/me/keep/{key}")
    both(page, f"{address}/scores/{keys[-1]}", "kept")
    touch(page, "#keep .tick")
    expect(page.locator("#keep .tick")).to_have_attribute("aria-checked", "true")
    touch(page, "#keep .tick")
    expect(page.locator("#keep .tick")).to_have_attribute("aria-checked", "false")
    both(page, f"{address}/me", "me")
    expect(page.locator(".chart").first.locator("circle")).to_have_count(len(SCORES))

    # Two touches each: open, confirm.
    page.locator(".mine summary").nth(0).tap()
    with page.expect_download() as download:
        page.locator("a[href='/me/export.json']").tap()
    assert len(json.loads(download.value.path().read_text())["results"]) == len(SCORES)
    page.locator(".kept__more summary").first.tap()
    shoot(page, "1-one")
    touch(page, ".kept__more[open] .button--danger")
    expect(page.locator(".kept")).to_have_count(len(SCORES) - 1)
    page.locator(".mine summary").nth(1).tap()
    page.locator(".mine .button--danger").scroll_into_view_if_needed()
    shoot(page, "2-delete")
    touch(page, ".mine .button--danger")
    expect(page.locator(".notice--good")).to_be_visible()
    assert all(scores.get(key) is None for key in keys)


def test_a_nickname_on_another_phone(
    address: str, scores: ScoreStore, open_page: OpenPage, shoot: Shoot
) -> None:
    page, other = open_page(**PHONE, locale="ko-KR"), open_page(**PHONE, locale="ko-KR")
    page.goto(f"{address}/scores/{add(scores, 0.6)}")
    touch(page, "#keep button")
    page.goto(f"{address}/me")
    page.locator(".mine summary").last.tap()
    page.locator("#new-nickname").fill("민수")
    page.locator("#new-pin").fill("2468")
    page.locator("#new-pin").press("Enter")
    expect(page.locator(".chip--who")).to_contain_text("민수")
    for pin in ("9999", "2468"):
        other.goto(f"{address}/me")
        other.locator("#in-nickname").fill("민수")
        other.locator("#in-pin").fill(pin)
        with other.expect_navigation():
            other.locator("#in-pin").press("Enter")
        shoot(other, pin)
    expect(other.locator(".kept")).to_have_count(1)


def test_a_coach_labels_in_two_touches(
    address: str, data_dir: Path, scores: ScoreStore, open_page: OpenPage, shoot: Shoot
) -> None:
    run = CliRunner().invoke
    assert run(coach_pin, ["--data-dir", str(data_dir)], input=f"{PIN}\n{PIN}\n").exit_code == 0
    person, coach = open_page(**PHONE), open_page(**PHONE)
    keys = [add(scores, 0.3), add(scores, 0.8)]
    person.goto(f"{address}/me")
    for key in keys:
        send(person, f"/me/keep/{key}")
        send(person, f"/me/consent/{key}", "given=1")
    both(coach, f"{address}/coach", "coach-sign-in")
    coach.locator("#coach-pin").fill(PIN)
    coach.locator("#coach-pin").press("Enter")
    expect(coach.locator(".judge")).to_be_visible()
    both(coach, f"{address}/coach", "coach")
    coach.locator(".part").nth(5).tap()  # the neck as well
    touch(coach, "[value=bad]")
    expect(coach.locator(".undo")).to_be_visible()
    touch(coach, "[value=agree]")
    both(coach, f"{address}/coach", "coach-done")
    labels = LabelStore(scores)
    assert labels.get(keys[0]) == Label(False, ("left_knee", "neck"))
    assert labels.get(keys[1]) == Label(True)


def test_a_study_without_feedback(
    address: str, scores: ScoreStore, open_page: OpenPage, shoot: Shoot, tmp_path: Path
) -> None:
    studies, page = StudyStore(scores), open_page(**PHONE)
    codes = studies.create("spring", participants=4, seed=1)
    while arm_of(1, len(studies.table("spring"))) is not Arm.NONE:
        studies.join(codes.pop())
    code = codes.pop()
    page.goto(f"{address}/study#{code}")
    expect(page.locator("#code")).to_have_value(code)
    assert code not in page.url
    both(page, f"{address}/study", "study-join")
    page.goto(f"{address}/study#{code}")
    page.locator(".agree input").check()
    touch(page, ".sheet .button--main")
    both(page, f"{address}/study", "study-before")
    touch(page, ".actions .button--main")
    with page.expect_navigation(url="**/scores/*"):
        page.locator("#film").set_input_files(short_squat(tmp_path / "squat.mp4"))
    page.wait_for_selector("[data-finished]", timeout=120_000)
    expect(page.locator("[data-card]")).to_have_attribute("data-state", "thanks")
    shoot(page, "thanks")
    both(page, page.url, "study-thanks")
    touch(page, ".actions .button--main")
    both(page, f"{address}/study", "study-practice")
    touch(page, "form[action='/study/practised'] button")
    number = next(p.number for p in [studies.join(code)])
    studies.file(add(scores, 0.8), number)  # the last set; filming it is as filming the first
    both(page, f"{address}/study", "study-questions")
    for question in range(5):
        page.locator(".question").nth(question).locator("label").nth(question).tap()
    touch(page, ".questions button")
    both(page, f"{address}/study", "study-done")
    row = next(row for row in studies.table("spring") if row["code"] == code)
    assert [row[item] for item in ITEMS] == [1, 2, 3, 4, 5]
    assert row["before_score"] > 0.5 and row["after_score"] == 0.8
