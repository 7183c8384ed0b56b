from __future__ import annotations

import io
import re
from pathlib import Path
from threading import Thread, Timer
from time import monotonic

import pytest
from flask.testing import FlaskClient

from edge.assessment import Verdict
from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Replay, Status
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import assessment

ROOT = Path(__file__).resolve().parents[2] / "kiosk_ui"


def keep(web: Web, verdict: Verdict = Verdict.GOOD, score: float = 0.8) -> str:
    found = assessment(verdict, score).to_dict()
    key = web.services.store.add_recording(None, found, lambda path: None)
    web.services.store.update(key, replay=Replay.READY)
    return key


def test_the_phones_page_opens_the_camera(phone: FlaskClient) -> None:
    page = phone.get("/phone").text
    assert re.search(r'type="file" [^>]*accept="video/\*" capture="environment"', page)
    assert phone.get("/").text == page


def test_a_browser_without_scripts_sends_a_form(web: Web, phone: FlaskClient) -> None:
    data = {"video": (io.BytesIO(b"frames"), "squat.mp4")}
    answer = phone.post("/phone", data=data)
    assert answer.status_code == 303
    page = phone.get(answer.headers["Location"])
    assert "You are next" in page.text
    assert '<meta http-equiv="refresh"' in page.text
    assert web.services.store.waiting() == 1


def test_place_and_wait_are_told(web: Web, phone: FlaskClient) -> None:
    keys = []
    for seconds in (40.0, 100.0, 200.0):
        path = web.services.store.incoming / "some.bin"
        path.write_bytes(b"video")
        keys.append(web.services.store.add_upload(path, threshold=0.5, seconds=seconds))
    pages = [" ".join(phone.get(f"/scores/{key}").text.split()) for key in keys]
    assert "You are next · about 20 s" in pages[0]
    assert "One video is before yours · about 70 s" in pages[1]
    assert "2 videos are before yours · about 3 min" in pages[2]


def test_a_card_waits_for_news(web: Web, phone: FlaskClient) -> None:
    store = web.services.store
    path = store.incoming / "some.bin"
    path.write_bytes(b"video")
    key = store.add_upload(path, threshold=0.5)
    Timer(0.2, lambda: store.update(key, status=Status.FAILED, error="No.")).start()
    began = monotonic()
    assert 'data-state="failed"' in phone.get(f"/scores/{key}/card").text
    assert 0.2 <= monotonic() - began < 0.9
    assert 'data-state="failed"' in phone.get(f"/scores/{key}/card").text  # at once


def test_a_card_without_a_place_to_wait_comes_at_once(web: Web) -> None:
    store, app = web.services.store, web.client(config=WebConfig(card_waiters=1)).application
    path = store.incoming / "some.bin"
    path.write_bytes(b"video")
    key = store.add_upload(path, threshold=0.5)
    took = []

    def ask() -> None:
        began = monotonic()
        app.test_client().get(f"/scores/{key}/card").close()
        took.append(monotonic() - began)

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(took) < 0.8 < max(took)


def test_a_form_without_a_video_is_answered_with_a_page(phone: FlaskClient) -> None:
    answer = phone.post("/phone", data={}, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "Send the video" in answer.text


@pytest.mark.parametrize(
    ("verdict", "score", "word", "points"),
    [(Verdict.GOOD, 0.81, "Good", "81"), (Verdict.BAD, 0.496, "Not yet", "49")],
)
def test_a_result(
    web: Web, phone: FlaskClient, verdict: Verdict, score: float, word: str, points: str
) -> None:
    key = keep(web, verdict, score)
    page = phone.get(f"/scores/{key}").text
    assert f'<h1 class="verdict">{word}</h1>' in page
    assert f"<strong>{points}</strong>" in page
    assert "good from 50" in page
    assert page.count('class="rep"') == 2
    assert f'src="/api/v1/scores/{key}/clip.mp4"' in page  # at once; the replay is to take home
    assert f'href="/api/v1/scores/{key}/replay.mp4" download' in page
    assert "refresh" not in page


def test_a_clip_that_could_not_be_judged_says_why(web: Web, phone: FlaskClient) -> None:
    page = phone.get(f"/scores/{keep(web, Verdict.NOT_JUDGED)}").text
    assert "Could not judge" in page
    assert "No squat was seen." in page
    assert 'class="points"' not in page


def test_a_video_that_failed_says_why(web: Web, phone: FlaskClient) -> None:
    path = web.services.store.incoming / "a"
    path.write_bytes(b"x")
    key = web.services.store.add_upload(path, threshold=0.5, limit=9)
    web.services.store.update(key, status=Status.FAILED, error="This is <no> video.")
    page = phone.get(f"/scores/{key}/card").text
    assert "That did not work" in page
    assert "This is &lt;no&gt; video." in page
    assert "<video" not in page


def test_the_queue_is_told(web: Web, phone: FlaskClient) -> None:
    keys = []
    for _ in range(3):
        path = web.services.store.incoming / "a"
        path.write_bytes(b"x")
        keys.append(web.services.store.add_upload(path, threshold=0.5, limit=9))
    texts = [phone.get(f"/scores/{key}/card").text for key in keys]
    assert "You are next" in texts[0]
    assert "One video is before yours" in texts[1]
    assert "2 videos are before yours" in texts[2]
    web.services.store.take(0.0)
    web.services.store.set_progress(keys[0], 0.42)
    running = phone.get(f"/scores/{keys[0]}/card")
    assert "42 % done" in running.text
    assert "data-finished" not in running.text
    assert running.headers["Cache-Control"] == "no-store"


def test_an_unknown_result_is_a_page_for_people(phone: FlaskClient) -> None:
    for path in ("/scores/nothing", "/scores/nothing/card", "/nowhere"):
        answer = phone.get(path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert "Not found" in answer.text


def test_pages_hold_nothing_that_the_policy_forbids() -> None:
    for template in (ROOT / "templates").iterdir():
        text = template.read_text()
        assert not re.search(r"<script(?![^>]* src=)", text), template.name
        assert not re.search(r"<style| style=|\son\w+=|javascript:", text), template.name
        assert not re.search(r"(src|href)=\"(https?:)?//", text), template.name


def test_scripts_and_styles_reach_for_nothing_elsewhere() -> None:
    for file in (ROOT / "static").rglob("*.*"):
        if file.suffix in (".js", ".css"):
            assert not re.search(r"https?://|@import|setAttribute\(.style", file.read_text())


def test_a_result_in_nobodys_history_is_deleted_by_whoever_has_it(
    web: Web, phone: FlaskClient
) -> None:
    key = keep(web)
    assert "Delete this video" in phone.get(f"/scores/{key}").text
    answer = phone.post(f"/scores/{key}/delete")
    assert answer.status_code == 303
    assert "Everything has been deleted." in phone.get(answer.headers["Location"]).text
    assert phone.get(f"/scores/{key}").status_code == 404
    assert not web.services.store.path(key, "").exists()
    assert phone.post(f"/scores/{key}/delete").status_code == 404


def test_a_result_in_a_history_is_its_persons(web: Web, phone: FlaskClient) -> None:
    key = keep(web)
    web.services.people.keep(web.services.people.create(), key)
    assert "Delete this video" not in phone.get(f"/scores/{key}").text
    assert phone.post(f"/scores/{key}/delete").status_code == 409
    assert web.services.store.get(key) is not None


def test_the_code_to_take_home_is_no_link(web: Web, kiosk: FlaskClient) -> None:
    """A touch on it would take the kiosk's own screen away from its page, and nobody back."""
    web.services.address = lambda: "http://192.168.0.7:8080"
    page = kiosk.get(f"/scores/{keep(web)}/card").text
    assert "/t/" in page
    assert "<a " not in page
