from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from edge.assessment import Verdict
from kiosk_ui.scores import Status
from kiosk_ui.studies.cli import main
from kiosk_ui.studies.plan import BLOCK, ITEMS, Arm, arm_of
from kiosk_ui.studies.store import StudyStore
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import CUES, assessment
from tests.kiosk_ui.kept import ON, copy_of_the_database, everything_on_disk

ANSWERS = dict(zip(ITEMS, ("5", "4", "3", "2", "1"), strict=True))


@pytest.fixture
def studies(web: Web) -> StudyStore:
    return web.services.studies


def joined(web: Web, arm: Arm, name: str = "spring") -> tuple[FlaskClient, str]:
    """Return the phone of somebody in this group, and their code."""
    studies = web.services.studies
    if not any(one.name == name for one in studies.all()):
        studies.create(name, participants=8, seed=1)
    used = {row["code"] for row in studies.table(name)}
    with web.services.store.engine.connect() as connection:
        codes = list(connection.exec_driver_sql("SELECT code FROM participants").scalars())
    for code in codes:
        if code in used:
            continue
        phone = web.client("network", ON)
        phone.post("/study/join", data={"code": code, "agreed": "1"})
        if next(r for r in studies.table(name) if r["code"] == code)["group"] == arm:
            return phone, code
    raise AssertionError("nobody is in this group")


def film(web: Web, phone: FlaskClient, verdict: Verdict = Verdict.BAD, score: float = 0.3) -> str:
    """Send a video and let it be judged."""
    data = {"video": (io.BytesIO(b"video"), "squat.mp4")}
    key = phone.post("/phone", data=data).headers["Location"].rsplit("/", 1)[1]
    judged(web, key, verdict, score)
    return key


def judged(web: Web, key: str, verdict: Verdict = Verdict.BAD, score: float = 0.3) -> None:
    found = assessment(verdict, score).to_dict()
    depth = {"name": "depth", "label": {"en": "Depth", "ko": "깊이"}, "unit": "%", "source": "",
             "value": 100 * score}  # fmt: skip
    web.services.store.update(
        key, status=Status.DONE, assessment={**found, "quantities": [depth]}
    )  # fmt: skip


def title(phone: FlaskClient) -> str:
    found = re.search(r'<h1 class="(?:title|verdict)">(.*?)</h1>', phone.get("/study").text)
    assert found
    return found[1]


@given(seed=st.integers(), people=st.integers(1, 60))
def test_the_groups_are_drawn_in_blocks(seed: int, people: int) -> None:
    arms = [arm_of(seed, number) for number in range(people)]
    assert arms == [arm_of(seed, number) for number in range(people)]
    counts = Counter(arms)
    assert abs(counts[Arm.FEEDBACK] - counts[Arm.NONE]) <= BLOCK // 2
    for start in range(0, people - BLOCK + 1, BLOCK):
        assert Counter(arms[start : start + BLOCK]) == dict.fromkeys(Arm, BLOCK // 2)


def test_the_seed_matters() -> None:
    assert len({tuple(arm_of(seed, n) for n in range(8)) for seed in range(20)}) > 5


def test_there_is_no_study_unless_one_was_begun(web: Web) -> None:
    phone = web.client("network", ON)
    assert phone.get("/study").status_code == 404
    assert web.client("device", ON).get("/study").status_code == 404


def test_coming_in_needs_a_code_and_a_tick(web: Web, studies: StudyStore) -> None:
    (code, *_rest) = studies.create("spring", participants=3, seed=1)
    phone = web.client("network", ON)
    assert "Your code" in phone.get("/study").text
    assert phone.post("/study/join", data={"code": code}).status_code == 400
    wrong = phone.post("/study/join", data={"code": "NOBODY", "agreed": "1"})
    assert wrong.status_code == 404 and "no such code" in wrong.text
    answer = phone.post("/study/join", data={"code": f" {code.lower()} ", "agreed": "1"})
    assert answer.status_code == 303
    assert title(phone) == "Your first set"
    again = web.client("network", ON)  # the same code on another phone is the same person
    again.post("/study/join", data={"code": code, "agreed": "1"})
    assert len(studies.table("spring")) == 1
    phone.post("/study/leave")
    assert "Your code" in phone.get("/study").text


@pytest.mark.parametrize("arm", Arm)
def test_the_whole_way(web: Web, studies: StudyStore, arm: Arm) -> None:
    phone, code = joined(web, arm)
    film(web, phone, Verdict.BAD, 0.3)
    assert title(phone) == "Practise"
    film(web, phone)
    film(web, phone)
    assert "2 sets practised" in phone.get("/study").text
    phone.post("/study/practised")
    assert title(phone) == "Your last set"
    film(web, phone, Verdict.GOOD, 0.9)
    assert title(phone) == "Five questions"
    assert phone.post("/study/answers", data={**ANSWERS, "easy": "6"}).status_code == 400
    assert phone.post("/study/answers", data={}).status_code == 400
    phone.post("/study/answers", data=ANSWERS)
    assert title(phone) == "Thank you"
    film(web, phone)  # afterwards nothing counts any more
    row = next(r for r in studies.table("spring") if r["code"] == code)
    assert {k: v for k, v in row.items() if k != "joined"} == {
        "code": code, "group": arm.value,
        "before_score": 0.3, "before_repetitions": 2, "before_depth": 30.0,
        "after_score": 0.9, "after_repetitions": 2, "after_depth": 90.0,
        "practice_sets": 2, **{k: int(v) for k, v in ANSWERS.items()}, "withdrawn": None,
    }  # fmt: skip


def test_without_feedback_nothing_is_told_on_the_server_itself(web: Web) -> None:
    phone, _code = joined(web, Arm.NONE)
    store, told = web.services.store, (CUES[Verdict.BAD].en, "Not yet", "30", "left_knee")
    data = {"video": (io.BytesIO(b"video"), "squat.mp4")}
    key = phone.post("/phone", data=data).headers["Location"].rsplit("/", 1)[1]
    assert "You are next" in phone.get(f"/scores/{key}").text
    judged(web, key)
    for name in ("replay.mp4", "clip.mp4"):
        store.path(key, name).write_bytes(b"replay")
    store.update(key, replay="ready")
    for face in (phone, web.client("device", ON), web.client("network", ON)):
        for path in (f"/scores/{key}", f"/scores/{key}/card"):
            page = face.get(path).text.replace(key, "")  # there may be a 30 in it
            assert "Thank you" in page and "Your set is recorded" in page
            assert not any(text in page for text in told)
        api = face.get(f"/api/v1/scores/{key}")
        assert api.json is not None
        assert (api.json["status"], api.json["withheld"]) == ("done", True)
        assert api.json["assessment"] is None and api.json["replay"]["url"] is None
        assert not any(text in api.text for text in told[:2])
        for name in ("replay.mp4", "clip.mp4", "motion"):
            assert face.get(f"/api/v1/scores/{key}/{name}").status_code == 404
    assert phone.post(f"/me/keep/{key}").status_code == 409  # a history would tell it
    waited = store.wait_for(key, lambda score: score.finished, 1.0)
    assert waited is not None and waited.assessment is None
    assert "data-finished" in phone.get(f"/scores/{key}/card").text
    web.services.studies.close("spring")
    assert phone.get(f"/api/v1/scores/{key}/replay.mp4").data == b"replay"
    assert CUES[Verdict.BAD].en in phone.get(f"/scores/{key}").text


def test_who_joined_over_http_is_the_same_participant_over_https(web: Web) -> None:
    phone, _code = joined(web, Arm.NONE)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.9"}
    for path in ("/api/v1/scores", "/phone"):
        data = {"video": (io.BytesIO(b"video"), "squat.mp4")}
        place = phone.post(path, data=data, headers=headers).headers["Location"]
        key = place.rsplit("/", 1)[1]
        judged(web, key)
        told = phone.get(f"/api/v1/scores/{key}", headers=headers)
        assert told.json is not None
        assert (told.json["withheld"], told.json["assessment"]) == (True, None)
    for more in ({}, headers):  # both were counted: the first set, and one of practice
        assert "1 set practised" in phone.get("/study", headers=more).text
    phone.post("/study/leave", headers={**headers, "Origin": "https://localhost"})
    assert "Your code" in phone.get("/study").text


def test_a_forged_participant_is_nobody(web: Web) -> None:
    phone, _code = joined(web, Arm.NONE)
    cookie = phone.get_cookie("study")
    assert cookie is not None and cookie.http_only and not cookie.secure
    phone.set_cookie("study", "2" + cookie.value[1:])
    assert "Your code" in phone.get("/study").text


def test_the_recorder_is_not_under_a_name_that_does_not_know_the_participant(web: Web) -> None:
    class Elsewhere:
        host = "localhost"

        def url(self, _host: str) -> str:
            return f"https://{self.host}:8443"

    door: Any = Elsewhere()
    web.services.secure = door
    phone, _code = joined(web, Arm.NONE)
    assert 'href="/trust"' in phone.get("/phone").text
    door.host = "squat.local"
    assert 'href="/trust"' not in phone.get("/phone").text
    assert 'href="/trust"' in web.client("network", ON).get("/phone").text


def test_with_feedback_everything_is_told(web: Web) -> None:
    phone, _code = joined(web, Arm.FEEDBACK)
    key = film(web, phone)
    page = phone.get(f"/scores/{key}").text
    assert CUES[Verdict.BAD].en in page and "Go on with the study" in page


@pytest.mark.parametrize("arm", Arm)
def test_a_video_that_cannot_be_judged_is_filmed_again(web: Web, arm: Arm) -> None:
    phone, code = joined(web, arm)
    key = film(web, phone, Verdict.NOT_JUDGED)
    assert CUES[Verdict.NOT_JUDGED].en in phone.get(f"/scores/{key}").text
    assert title(phone) == "Your first set" and "could not be used" in phone.get("/study").text
    failed = film(web, phone)
    web.services.store.update(failed, status=Status.FAILED, assessment=None, error="damaged")
    assert title(phone) == "Your first set"
    film(web, phone, Verdict.GOOD, 0.7)
    assert title(phone) == "Practise"
    row = next(r for r in web.services.studies.table("spring") if r["code"] == code)
    assert row["before_score"] == 0.7


def test_other_peoples_videos_do_not_count(web: Web, studies: StudyStore) -> None:
    phone, _code = joined(web, Arm.NONE)
    key = film(web, web.client("network", ON))
    assert CUES[Verdict.BAD].en in phone.get(f"/scores/{key}").text
    assert title(phone) == "Your first set"


def test_the_api_counts_as_well(web: Web) -> None:
    phone, _code = joined(web, Arm.NONE)
    data = {"video": (io.BytesIO(b"video"), "squat.mp4")}
    answer = phone.post("/api/v1/scores", data=data)
    assert answer.json is not None
    judged(web, answer.json["id"])
    assert title(phone) == "Practise"


def test_withdrawing_deletes_what_was_recorded(web: Web, studies: StudyStore) -> None:
    phone, code = joined(web, Arm.FEEDBACK)
    key = film(web, phone)
    folder, copy = web.services.store.path(key, "x").parent, copy_of_the_database(web)
    answer = phone.post("/study/withdraw", follow_redirects=True)
    assert "Everything has been deleted" in answer.text
    assert not folder.exists() and web.services.store.get(key) is None
    assert key.encode() not in everything_on_disk(web) and not copy.exists()
    row = next(r for r in studies.table("spring") if r["code"] == code)
    assert row["withdrawn"] and row["before_score"] is None
    assert phone.post("/study/join", data={"code": code, "agreed": "1"}).status_code == 404


def test_another_sites_form_does_nothing(web: Web, studies: StudyStore) -> None:
    phone, _code = joined(web, Arm.FEEDBACK)
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert phone.post("/study/withdraw", headers=elsewhere).status_code == 403


def test_the_researchers_commands(web: Web, studies: StudyStore) -> None:
    options = ["--data-dir", str(web.services.store.data_dir)]
    run = CliRunner().invoke
    made = run(main, ["new", *options, "spring", "--participants", "5", "--seed", "7"])
    assert made.exit_code == 0 and "seed 7" in made.stderr
    codes = made.stdout.split()
    assert len(set(codes)) == 5 and all(re.fullmatch("[A-Z2-9]{6}", code) for code in codes)
    assert "already" in run(main, ["new", *options, "spring"]).output
    assert "nobody has joined" in run(main, ["export", *options, "spring"]).output
    studies.join(codes[0])
    assert "spring: open, 1 of 5 codes used" in run(main, ["list", *options]).output
    table = list(csv.DictReader(io.StringIO(run(main, ["export", *options, "spring"]).output)))
    assert [row["code"] for row in table] == [codes[0]]
    assert run(main, ["close", *options, "spring"]).exit_code == 0
    assert not studies.any_open()
    assert "no study" in run(main, ["close", *options, "autumn"]).output
    assert run(main, ["delete", *options, "spring"], input="n\n").exit_code == 1
    assert run(main, ["delete", *options, "spring", "--yes"]).exit_code == 0
    assert studies.all() == []


def test_deleting_a_study_deletes_its_videos(web: Web, studies: StudyStore) -> None:
    phone, code = joined(web, Arm.NONE)
    key, copy = film(web, phone), copy_of_the_database(web)
    studies.delete("spring")
    left = everything_on_disk(web)
    assert key.encode() not in left and code.encode() not in left and not copy.exists()
    assert web.services.store.get(key) is None
    assert web.services.store.path(key, "x").parent.exists() is False
    assert phone.get("/study").status_code == 404


def test_the_commands_need_the_kiosks_data(tmp_path: object) -> None:
    told = CliRunner().invoke(main, ["list", "--data-dir", f"{tmp_path}/nothing"])
    assert told.exit_code == 2 and "does not exist" in told.output
