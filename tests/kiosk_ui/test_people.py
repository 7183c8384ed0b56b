from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from edge.assessment import Verdict
from edge.errors import PinPauseError
from kiosk_ui.config import WebConfig
from kiosk_ui.people.store import PeopleStore
from kiosk_ui.store import CLIP, TRACK
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import (
    ON,
    copy_of_the_database,
    everything_on_disk,
    keep,
    named,
    result,
)


@pytest.fixture
def mobile(web: Web) -> FlaskClient:
    """Give a phone at a kiosk whose maintainer has switched histories on."""
    return web.client("network", ON)


def kept_by(client: FlaskClient) -> list[str]:
    return re.findall(r'kept__link" href="/scores/([\w-]+)"', client.get("/me").text)


def test_it_is_off_unless_the_maintainer_wants_it(web: Web, phone: FlaskClient) -> None:
    assert WebConfig.model_fields["history"].default is False
    key = keep(web)
    way = re.compile(r'"/me["/]')
    assert not way.search(result(phone, key)) and way.search(result(web.client("network", ON), key))
    assert phone.get("/me").status_code == 404
    assert phone.post(f"/me/keep/{key}").status_code == 404
    assert phone.get("/coach").status_code == 404


def test_the_kiosks_own_screen_has_no_histories(web: Web) -> None:
    kiosk, key = web.client("device", ON), keep(web)
    assert kiosk.get("/me").status_code == 404
    assert "Keep this" not in result(kiosk, key)


def test_a_result_is_kept_on_a_phone_without_a_name(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    assert "Keep this in my history" in result(mobile, key)
    assert "Set-Cookie" not in mobile.get(f"/scores/{key}").headers
    answer = mobile.post(f"/me/keep/{key}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/scores/{key}#keep")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie
    assert "In your history" in result(mobile, key)
    assert kept_by(mobile) == [key]


def test_over_https_the_cookie_stays_there(web: Web, mobile: FlaskClient) -> None:
    answer = mobile.post(f"/me/keep/{keep(web)}", base_url="https://squat.local")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-kiosk=") and "Secure" in cookie
    assert (
        len(re.findall("kept__link", mobile.get("/me", base_url="https://squat.local").text)) == 1
    )
    assert kept_by(mobile) == []


def test_behind_the_proxy_that_speaks_https(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    headers = {"X-Forwarded-Proto": "https", "Origin": "https://localhost"}
    answer = mobile.post(f"/me/keep/{key}", headers=headers)
    assert answer.status_code == 303
    assert answer.headers["Set-Cookie"].startswith("__Host-kiosk=")
    headers["Origin"] = "http://localhost"
    assert mobile.post(f"/me/keep/{key}", headers=headers).status_code == 403


def test_somebody_elses_result_is_not_to_be_had(web: Web, mobile: FlaskClient) -> None:
    key, other = keep(web), web.client("network", ON)
    mobile.post(f"/me/keep/{key}")
    assert "Keep this" not in result(other, key) and "In your history" not in result(other, key)
    assert other.post(f"/me/keep/{key}").status_code == 403
    named(other)
    for path in (f"/me/keep/{key}", f"/me/consent/{key}", f"/me/delete/{key}"):
        assert other.post(path, data={"given": "1"}).status_code == 409
    assert kept_by(mobile) == [key]
    assert not web.services.people.consents(key)


@pytest.mark.parametrize("verdict", [Verdict.NOT_JUDGED])
def test_only_a_result_with_a_score_can_be_kept(
    web: Web, mobile: FlaskClient, verdict: Verdict
) -> None:
    assert mobile.post(f"/me/keep/{keep(web, verdict)}").status_code == 409
    assert mobile.post("/me/keep/nothing").status_code == 404


def test_a_nickname_brings_the_history_to_another_phone(web: Web, mobile: FlaskClient) -> None:
    first, second = keep(web), keep(web)
    mobile.post(f"/me/keep/{first}")
    named(mobile, "민수 킴")  # the phone's history gets the nickname
    other = web.client("network", ON)
    other.post(f"/me/keep/{second}")
    data = {"nickname": "  민수  킴", "pin": "2468", "result": second}
    answer = other.post("/me/sign-in", data=data)
    assert answer.headers["Location"] == f"/scores/{second}#keep"
    assert set(kept_by(other)) == {first, second}  # what that phone had kept goes along
    assert set(kept_by(mobile)) == {first, second}
    other.post("/me/sign-out")
    assert kept_by(other) == []
    assert "I have a nickname" in other.get("/me").text


def test_a_nickname_belongs_to_one(web: Web, mobile: FlaskClient) -> None:
    named(mobile, "Minsu")
    other = web.client("network", ON)
    answer = other.post("/me/name", data={"nickname": "minsu", "pin": "1357"})
    assert answer.status_code == 409 and "Somebody has this nickname" in answer.text


@pytest.mark.parametrize(
    ("nickname", "pin"),
    [("M", "2468"), ("M" * 21, "2468"), ("<b>x</b>", "2468"), ("..", "2468"), ("Minsu", "12a4"),
     ("Minsu", "123"), ("Min\u202esu", "2468"), ("", "")],
)  # fmt: skip
def test_what_is_no_nickname_or_pin(mobile: FlaskClient, nickname: str, pin: str) -> None:
    answer = mobile.post("/me/name", data={"nickname": nickname, "pin": pin})
    assert answer.status_code == 400 and "4 to 12 digits" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_wrong_pins_are_slowed_down_even_over_a_restart(web: Web, mobile: FlaskClient) -> None:
    named(mobile)
    mobile.post("/me/sign-out")
    for _ in range(3):
        answer = mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "9999"})
        assert answer.status_code == 403 and "Nickname or PIN is wrong" in answer.text
    answer = mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468"})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 4
    unknown = mobile.post("/me/sign-in", data={"nickname": "Nobody", "pin": "2468"})
    assert unknown.status_code == 403 and "Nickname or PIN is wrong" in unknown.text
    with pytest.raises(PinPauseError):  # as after a restart: the wrong tries were kept
        PeopleStore(web.services.store).sign_in("Minsu", "2468")


def test_nickname_and_pin_can_be_changed(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    named(mobile)
    mobile.post(f"/me/keep/{key}")
    named(mobile, "Minsu", "13579", before="2468")
    named(mobile, "Other", "13579", before="13579")
    assert kept_by(mobile) == [key]
    mobile.post("/me/sign-out")
    assert mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468"}).status_code == 403
    mobile.post("/me/sign-in", data={"nickname": "Other", "pin": "13579"})
    assert kept_by(mobile) == [key]


def test_another_pin_signs_the_other_phones_out(web: Web, mobile: FlaskClient) -> None:
    key, other = keep(web), web.client("network", ON)
    named(mobile)
    mobile.post(f"/me/keep/{key}")
    other.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468"})
    assert kept_by(other) == [key]
    named(mobile, "Minsu", "13579", before="2468")
    assert kept_by(mobile) == [key]
    assert kept_by(other) == [] and "I have a nickname" in other.get("/me").text


def test_another_pin_needs_the_one_until_now(web: Web, mobile: FlaskClient) -> None:
    assert 'name="before"' not in mobile.get("/me").text
    named(mobile)
    assert 'id="new-before" name="before"' in mobile.get("/me").text
    for before in ("", "9999", "1111"):
        data = {"nickname": "Minsu", "pin": "13579", "before": before}
        answer = mobile.post("/me/name", data=data)
        assert answer.status_code == 403 and "The PIN until now is wrong" in answer.text
    answer = mobile.post("/me/name", data={**data, "before": "2468"})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 4


def test_there_is_an_end_to_people(
    web: Web, mobile: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk_ui.people.store.MOST_PEOPLE", 1)
    named(mobile)
    other = web.client("network", ON)
    for path in ("/me/name", f"/me/keep/{keep(web)}"):
        answer = other.post(path, data={"nickname": "Other", "pin": "2468"})
        assert answer.status_code == 507
    assert "Set-Cookie" not in answer.headers


def test_the_trend(web: Web, mobile: FlaskClient) -> None:
    for verdict, score in [(Verdict.BAD, 0.3), (Verdict.BAD, 0.41), (Verdict.GOOD, 0.9)]:
        mobile.post(f"/me/keep/{keep(web, verdict, score)}")
    page = mobile.get("/me").text
    assert 'aria-label="Score: from 30 points to 90 points"' in page
    assert page.count('class="chart__dot" data-state="bad"') == 2
    assert '<th scope="row">Left knee</th>' in page and "2 of 3" in page
    assert "no-store" in mobile.get("/me").headers["Cache-Control"]


def test_an_empty_history_says_how_to_fill_it(mobile: FlaskClient) -> None:
    named(mobile)
    assert "Nothing is kept yet" in mobile.get("/me").text


def test_the_data_can_be_taken_out(web: Web, mobile: FlaskClient) -> None:
    key = keep(web, Verdict.BAD, 0.3)
    assert mobile.get("/me/export.json").status_code == 403
    mobile.post(f"/me/keep/{key}")
    named(mobile)
    answer = mobile.get("/me/export.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    everything = json.loads(answer.text)
    assert everything["nickname"] == "Minsu"
    assert [one["id"] for one in everything["results"]] == [key]
    assert everything["results"][0]["assessment"]["score"] == 0.3
    assert "pin" not in everything and "key" not in everything
    table = list(csv.DictReader(io.StringIO(mobile.get("/me/export.csv").text.lstrip("\ufeff"))))
    assert [(row["verdict"], row["left_knee"], row["neck"]) for row in table] == [("bad", "1", "0")]


def test_deleting_one_result(web: Web, mobile: FlaskClient) -> None:
    copy = copy_of_the_database(web)
    first, second = keep(web), keep(web)
    for key in (first, second):
        mobile.post(f"/me/keep/{key}")
    folder = web.services.store.path(first, CLIP).parent
    assert folder.is_dir()
    mobile.post(f"/me/delete/{first}")
    assert kept_by(mobile) == [second]
    assert not folder.exists() and not copy.exists()
    left = everything_on_disk(web)
    assert first.encode() not in left and second.encode() in left
    assert mobile.get(f"/api/v1/scores/{first}").status_code == 404


def test_deleting_everything_leaves_nothing(web: Web, mobile: FlaskClient) -> None:
    data_dir = web.services.store.data_dir
    copy = copy_of_the_database(web)
    keys = [keep(web), keep(web)]
    for key in keys:
        mobile.post(f"/me/keep/{key}")
    named(mobile, "Zebulon")
    answer = mobile.post("/me/delete", follow_redirects=True)
    assert "Everything has been deleted" in answer.text
    assert not copy.exists()
    assert not list((data_dir / "scores").iterdir())
    assert (
        mobile.post("/me/sign-in", data={"nickname": "Zebulon", "pin": "2468"}).status_code == 403
    )
    left = everything_on_disk(web)
    for secret in (b"Zebulon", b"zebulon", *(key.encode() for key in keys)):
        assert secret not in left


def test_consent_is_given_and_taken_back(web: Web, mobile: FlaskClient) -> None:
    people, key = web.services.people, keep(web)
    assert mobile.post(f"/me/consent/{key}", data={"given": "1"}).status_code == 403
    mobile.post(f"/me/keep/{key}")
    assert 'aria-checked="false"' in result(mobile, key)
    assert not people.consents(key)  # keeping is not consenting
    mobile.post(f"/me/consent/{key}", data={"given": "1"})
    assert people.consents(key) and 'aria-checked="true"' in result(mobile, key)
    mobile.post(f"/me/consent/{key}", data={"given": "0", "from": "me"})
    assert not people.consents(key)
    mobile.post(f"/me/consent/{key}", data={"given": "1"})
    mobile.post("/me/consent")
    assert not people.consents(key)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site"}]
)  # fmt: skip
def test_another_sites_form_does_nothing(
    web: Web, mobile: FlaskClient, headers: dict[str, str]
) -> None:
    key = keep(web)
    mobile.post(f"/me/keep/{key}")
    for path in ("/me/delete", f"/me/delete/{key}", f"/me/consent/{key}", "/me/name"):
        assert mobile.post(path, headers=headers, data={"given": "1"}).status_code == 403
    assert kept_by(mobile) == [key] and not web.services.people.consents(key)
    ours = mobile.post(f"/me/delete/{key}", headers={"Origin": "http://localhost"})
    assert ours.status_code == 303


def test_a_forged_cookie_is_nobodys(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    mobile.post(f"/me/keep/{key}")
    cookie: Any = mobile.get_cookie("kiosk")
    mobile.set_cookie("kiosk", cookie.value[:-2] + "AA")
    assert kept_by(mobile) == []


def test_no_nickname_and_no_pin_in_the_log(
    web: Web, mobile: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        named(mobile, "Zebulon", "864213")
        mobile.post("/me/sign-in", data={"nickname": "Zebulon", "pin": "111111"})
        mobile.post(f"/me/keep/{keep(web)}")
        mobile.post("/me/delete")
    assert "Zebulon" not in caplog.text and "864213" not in caplog.text


def test_the_key_that_signs_is_the_owners_alone(web: Web, mobile: FlaskClient) -> None:
    path = web.services.store.data_dir / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    web.client("network", ON)
    assert path.read_bytes() == before and len(before) == 32
    path.write_bytes(b"half")  # the power went while it was written
    web.client("network", ON)
    assert len(path.read_bytes()) == 32
    assert web.services.store.path(keep(web), TRACK).is_file()
