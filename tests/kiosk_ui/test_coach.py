from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from edge.assessment import Verdict
from edge.exercises import load
from kiosk_ui.coaching.export import main as export_labels
from kiosk_ui.coaching.labels import Label
from kiosk_ui.coaching.parts import PARTS
from kiosk_ui.coaching.pin import main as coach_pin
from kiosk_ui.replays import save_track
from kiosk_ui.store import TRACK
from tests.edge.people import squat_track
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import assessment
from tests.kiosk_ui.kept import ON
from training.datasets import PARTS as TRAININGS_PARTS
from training.datasets import DataError, read

PIN = "13579"


@pytest.fixture
def person(web: Web) -> FlaskClient:
    return web.client("network", ON)


@pytest.fixture
def coach(web: Web) -> FlaskClient:
    web.services.labels.set_pin(PIN)
    client = web.client("network", ON)
    assert client.post("/coach/sign-in", data={"pin": PIN}).status_code == 303
    return client


def consented(
    web: Web, person: FlaskClient, verdict: Verdict = Verdict.BAD, pose_model: str = "fake-pose"
) -> str:
    """Add a result that its person keeps and lets a coach see."""
    found = {**assessment(verdict, 0.3).to_dict(), "pose_model": pose_model}
    track = squat_track(np.arange(0, 3, 1 / 30))
    key = web.services.store.add_recording(None, found, lambda path: save_track(track, path))
    person.post(f"/me/keep/{key}")
    person.post(f"/me/consent/{key}", data={"given": "1"})
    return key


def shown(client: FlaskClient) -> str | None:
    """Return the key of the result that the coach sees."""
    found = re.search(r'action="/coach/label/([\w-]+)"', client.get("/coach").text)
    return found[1] if found else None


def export(web: Web) -> str:
    done = CliRunner().invoke(export_labels, ["--data-dir", str(web.services.store.data_dir)])
    assert done.exit_code == 0, done.output
    return done.output


def manifest(web: Web) -> list[dict[str, str]]:
    path = web.services.store.data_dir / "labelled/recordings/manifest.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(web: Web) -> list[Path]:
    return list((web.services.store.data_dir / "labelled/recordings/keypoints").iterdir())


def test_there_is_no_coach_unless_the_maintainer_sets_a_pin(web: Web, person: FlaskClient) -> None:
    assert person.get("/coach").status_code == 404
    assert person.post("/coach/sign-in", data={"pin": ""}).status_code == 404


def test_the_maintainers_command(web: Web, person: FlaskClient) -> None:
    run, options = CliRunner().invoke, ["--data-dir", str(web.services.store.data_dir)]
    assert run(coach_pin, options, input="12\n12\n").exit_code == 1
    done = run(coach_pin, options, input=f"{PIN}\n{PIN}\n")
    assert done.exit_code == 0 and PIN not in done.output
    assert person.post("/coach/sign-in", data={"pin": PIN}).status_code == 303
    run(coach_pin, [*options], input="24680\n24680\n")
    assert "PIN" in person.get("/coach").text and shown(person) is None  # signed out by the change
    assert run(coach_pin, [*options, "--remove"]).exit_code == 0
    assert person.get("/coach").status_code == 404


def test_wrong_pins_are_slowed_down(web: Web, coach: FlaskClient, person: FlaskClient) -> None:
    for _ in range(3):
        answer = person.post("/coach/sign-in", data={"pin": "0000"})
        assert answer.status_code == 403 and "not the PIN" in answer.text
    answer = person.post("/coach/sign-in", data={"pin": PIN})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 4


def test_only_what_people_consent_to_is_seen(
    web: Web, person: FlaskClient, coach: FlaskClient
) -> None:
    assert shown(coach) is None and "All seen" in coach.get("/coach").text
    key = consented(web, person)
    assert shown(coach) == key
    assert shown(person) is None  # nobody else sees it there
    assert person.post(f"/coach/label/{key}", data={"answer": "good"}).status_code == 403
    person.post(f"/me/consent/{key}", data={"given": "0"})
    assert shown(coach) is None
    assert coach.post(f"/coach/label/{key}", data={"answer": "good"}).status_code == 409
    assert web.services.labels.get(key) is None


@pytest.mark.parametrize(
    ("verdict", "form", "label"),
    [
        (Verdict.BAD, {"answer": "agree"}, Label(False, ("left_knee",))),
        (Verdict.GOOD, {"answer": "agree", "part": ["neck"]}, Label(True)),
        (Verdict.BAD, {"answer": "good", "part": ["left_knee"]}, Label(True)),
        (Verdict.GOOD, {"answer": "bad", "part": ["neck", "torso", "tail"]},
         Label(False, ("torso", "neck"))),
        (Verdict.GOOD, {"answer": "bad"}, Label(False)),
        (Verdict.GOOD, {"answer": "unsure"}, Label(None)),
    ],
)  # fmt: skip
def test_one_touch_confirms_and_two_correct(
    web: Web, person: FlaskClient, coach: FlaskClient, verdict: Verdict,
    form: dict[str, str], label: Label,
) -> None:  # fmt: skip
    key = consented(web, person, verdict)
    assert coach.post(f"/coach/label/{key}", data=form).status_code == 303
    assert web.services.labels.get(key) == label
    assert shown(coach) is None
    coach.post("/coach/undo")
    assert web.services.labels.get(key) is None and shown(coach) == key


def test_an_answer_is_needed(web: Web, person: FlaskClient, coach: FlaskClient) -> None:
    key = consented(web, person)
    assert coach.post(f"/coach/label/{key}", data={"answer": "so"}).status_code == 400


def test_the_coach_signs_out(web: Web, person: FlaskClient, coach: FlaskClient) -> None:
    consented(web, person)
    coach.post("/coach/sign-out")
    assert shown(coach) is None


def test_the_parts_are_those_of_the_packs_and_of_training() -> None:
    assert tuple(PARTS) == TRAININGS_PARTS
    assert set(load("squat").texts.parts) == set(PARTS)


def test_training_reads_what_is_exported(web: Web, person: FlaskClient, coach: FlaskClient) -> None:
    good, bad, vague = (consented(web, person, v) for v in (Verdict.GOOD, Verdict.BAD, Verdict.BAD))
    other = web.client("network", ON)
    theirs = consented(web, other)
    unlabelled = consented(web, person)
    for key, form in {
        good: {"answer": "agree"},
        bad: {"answer": "bad", "part": ["left_knee", "neck"]},
        vague: {"answer": "bad"},
        theirs: {"answer": "good"},
        unlabelled: {"answer": "unsure"},
    }.items():
        coach.post(f"/coach/label/{key}", data=form)
    # Each clip is its own: the tracks were the same here, and training refuses twins.
    for number, key in enumerate((good, bad, vague, theirs)):
        track = squat_track(np.arange(0, 3, 1 / 30), begin=0.5 + number / 10)
        save_track(track, web.services.store.path(key, TRACK))
    assert "4 labelled sets, 4 new, 0 removed" in export(web)

    clips = read("recordings", web.services.store.data_dir / "labelled")
    assert [clip.correct for clip in clips] == [True, False, False, True]
    assert [clip.error for clip in clips] == ["none", "left knee, neck", "unspecified", "none"]
    assert clips[1].parts.tolist() == [0, 1, 0, 0, 0, 1]
    assert clips[0].parts.tolist() == [0] * 6 and clips[2].parts.tolist() == [-1] * 6
    assert len({clip.person for clip in clips[:3]}) == 1
    assert clips[3].person != clips[0].person
    assert all(clip.view == "front" and len(clip.times) > 30 for clip in clips)
    assert "0 new, 0 removed" in export(web)


def test_what_is_exported_names_nobody(web: Web, person: FlaskClient, coach: FlaskClient) -> None:
    key = consented(web, person)
    person.post("/me/name", data={"nickname": "Zebulon", "pin": "2468"})
    coach.post(f"/coach/label/{key}", data={"answer": "agree"})
    export(web)
    folder = web.services.store.data_dir / "labelled"
    told = [p.read_bytes() for p in folder.rglob("*") if p.is_file()]
    told += [str(p).encode() for p in folder.rglob("*")]
    assert not any(secret in text for secret in (b"Zebulon", key.encode()) for text in told)


@pytest.mark.parametrize("how", ["consent", "all consent", "delete", "delete everything", "undo",
                                 "relabel"])  # fmt: skip
def test_what_is_taken_back_leaves_the_export_at_once(
    web: Web, person: FlaskClient, coach: FlaskClient, how: str
) -> None:
    stays = consented(web, other := web.client("network", ON))
    key = consented(web, person)
    for one in (stays, key):
        coach.post(f"/coach/label/{one}", data={"answer": "agree"})
    export(web)
    (gone,) = [
        row["video"] for row in manifest(web)
        if row["person"] == web.services.people.about(owner(web, key))["alias"]
    ]  # fmt: skip
    assert len(files(web)) == 2
    if how == "consent":
        person.post(f"/me/consent/{key}", data={"given": "0"})
    elif how == "all consent":
        person.post("/me/consent")
    elif how == "delete":
        person.post(f"/me/delete/{key}")
    elif how == "delete everything":
        person.post("/me/delete")
    elif how == "undo":
        coach.post("/coach/undo")
    else:
        web.services.labels.put(key, Label(True))
        web.services.labels.remove_withdrawn()
    assert [row["video"] for row in manifest(web)] != [] and gone not in str(manifest(web))
    assert len(files(web)) == 1
    removed = (web.services.store.data_dir / "labelled/recordings/removed.csv").read_text()
    assert gone in removed
    assert len(read("recordings", web.services.store.data_dir / "labelled")) == 1
    assert other.get("/me").status_code == 200


def owner(web: Web, key: str):  # type: ignore[no-untyped-def]
    number = web.services.people.owner_of(key)
    with web.services.store.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT key FROM people WHERE number = ?", (number,))
        return web.services.people.require(found.scalar_one())


def test_the_last_one_leaves_an_empty_set(
    web: Web, person: FlaskClient, coach: FlaskClient
) -> None:
    coach.post(f"/coach/label/{consented(web, person)}", data={"answer": "agree"})
    export(web)
    person.post("/me/delete")
    assert files(web) == [] and manifest(web) == []
    with pytest.raises(DataError, match="no rows"):
        read("recordings", web.services.store.data_dir / "labelled")


def test_one_pose_model_only(web: Web, person: FlaskClient, coach: FlaskClient) -> None:
    old, new = consented(web, person, pose_model="earlier"), consented(web, person)
    coach.post(f"/coach/label/{old}", data={"answer": "agree"})
    assert "1 labelled sets, 1 new" in export(web)
    coach.post(f"/coach/label/{new}", data={"answer": "agree"})
    told = export(web)
    assert "1 labelled sets, 1 new, 1 removed" in told and "1 left out: seen by an earlier" in told
    person.post(f"/me/delete/{new}")
    assert "1 labelled sets, 1 new" in export(web)  # what was left out may come back


def test_a_result_without_keypoints_is_told(
    web: Web, person: FlaskClient, coach: FlaskClient
) -> None:
    key = consented(web, person)
    web.services.store.path(key, TRACK).unlink()
    coach.post(f"/coach/label/{key}", data={"answer": "agree"})
    assert "1 left out: their keypoints are not there" in export(web)
