"""The document of the API against itself and against what the app really answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from edge.assessment import Verdict
from edge.explanation import Explanation
from edge.session import ScoringSession
from kiosk_ui.api import DESCRIPTION
from kiosk_ui.phones.framing import FramingHelp
from kiosk_ui.scores import Replay, Status
from kiosk_ui.store import REPLAY
from tests.edge.fakes import ConstantClassifier
from tests.edge.people import poses_of, squat_track
from tests.kiosk_ui.conftest import Post, Web
from tests.kiosk_ui.fakes import FakeEstimator, assessment, write_video

EXPLANATION = Explanation("left_knee", "LKnee", 1.5, 0.3, {"left_knee": 0.3})
DOCUMENT: dict[str, Any] = json.loads(DESCRIPTION.read_text())


def conforms(response: TestResponse, path: str, method: str) -> None:
    """Check status, media type, headers and body of an answer against the document."""
    described = DOCUMENT["paths"][path][method]["responses"].get(str(response.status_code))
    assert described, f"{method} {path} -> {response.status_code} is not described"
    if "$ref" in described:
        described = DOCUMENT["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    for name, header in described.get("headers", {}).items():
        assert name in response.headers or not header.get("required"), name
    content = described.get("content", {})
    if not content:
        return
    kind = response.mimetype or ""
    assert kind in content
    if kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
        validator = OAS31Validator(schema, format_checker=oas31_format_checker)
        validator.validate(json.loads(response.data))


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_the_document_is_served(phone: FlaskClient) -> None:
    response = phone.get("/api/v1/openapi.json")
    assert response.json == DOCUMENT
    conforms(response, "/api/v1/openapi.json", "get")


def test_every_route_of_the_api_is_described(web: Web) -> None:
    for face in ("network", "device"):
        rules = web.client(face).application.url_map.iter_rules()
        routes = {
            (re.sub(r"<[^>]+>", "{id}", rule.rule), method.lower())
            for rule in rules
            if rule.rule.startswith("/api/")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
        described = {
            (path, method)
            for path, item in DOCUMENT["paths"].items()
            if path.startswith("/api/")
            for method in item
            if method not in ("parameters", "head")
        }
        assert routes == described


def test_answers_to_a_video(post: Post) -> None:
    for response in (post(), post(None), post(b""), post(threshold="2"), post(threshold="x")):
        conforms(response, "/api/v1/scores", "post")


VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {**VERSION, "Content-Type": "application/offset+octet-stream"}


def test_answers_to_an_upload_in_pieces(phone: FlaskClient) -> None:
    path = "/api/v1/uploads"
    begun = phone.post(path, headers={**VERSION, "Upload-Length": "9"})
    assert begun.status_code == 201
    conforms(begun, path, "post")
    wrong: tuple[dict[str, str], ...] = (
        {},
        VERSION,
        {**VERSION, "Upload-Length": "x"},
        {**VERSION, "Upload-Length": str(10**9)},
    )
    for headers in wrong:
        conforms(phone.post(path, headers=headers), path, "post")
    one, address = "/api/v1/uploads/{id}", begun.headers["Location"]
    conforms(phone.head(address, headers=VERSION), one, "head")
    for headers in ({}, VERSION, PIECE, {**PIECE, "Upload-Offset": "5"}):
        conforms(phone.patch(address, headers=headers, data=b"video"), one, "patch")
    whole = {**PIECE, "Upload-Offset": "0"}
    conforms(phone.patch(address, headers=whole, data=b"far too many"), one, "patch")
    last = phone.patch(address, headers=whole, data=b"all of it")
    assert last.status_code == 204
    conforms(last, one, "patch")
    for headers in ({}, VERSION, VERSION):
        conforms(phone.delete(address, headers=headers), one, "delete")
    conforms(phone.head(address, headers=VERSION), one, "head")


def test_answers_to_small_pictures(web: Web, phone: FlaskClient) -> None:
    path, jpeg = "/api/v1/framing", bytes(cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1])

    def send(body: bytes, kind: str = "image/jpeg") -> TestResponse:
        return phone.post(f"{path}?page=a", data=body, content_type=kind)

    conforms(send(jpeg), path, "post")  # while the models are being loaded
    web.services.framing = help_ = FramingHelp(FakeEstimator)
    try:
        for response in (send(jpeg), send(b"\xff\xd8\xff"), send(jpeg, "text/plain")):
            conforms(response, path, "post")
    finally:
        help_.close()


def test_answers_when_there_is_no_room(web: Web, post: Post) -> None:
    for _ in range(web.config.queue_limit):
        post()
    full = post()
    assert full.status_code == 429
    conforms(full, "/api/v1/scores", "post")


@pytest.mark.parametrize("status", list(Status))
def test_a_score_in_every_state(
    web: Web, phone: FlaskClient, post: Post, status: Status
) -> None:  # fmt: skip
    key = post().json["id"]  # type: ignore[index]
    done = status is Status.DONE
    web.services.store.update(
        key,
        status=status,
        assessment=assessment().to_dict() if done else None,
        error="No." if status is Status.FAILED else None,
        replay=Replay.PENDING if done else Replay.NONE,
    )
    response = phone.get(f"/api/v1/scores/{key}")
    assert response.json is not None and response.json["status"] == status.value
    conforms(response, "/api/v1/scores/{id}", "get")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_assessment_of_every_verdict(web: Web, phone: FlaskClient, verdict: Verdict) -> None:
    found = replace(assessment(verdict), explanation=EXPLANATION).to_dict()
    assert set(found) == set(DOCUMENT["components"]["schemas"]["Assessment"]["required"])
    key = web.services.store.add_recording(None, found, lambda path: None)
    conforms(phone.get(f"/api/v1/scores/{key}"), "/api/v1/scores/{id}", "get")


def test_what_a_real_session_finds_is_described() -> None:
    session = ScoringSession(None, ConstantClassifier(0.2))
    for time, pose in poses_of(squat_track(np.arange(0, 4, 1 / 30))):
        session.push_poses(time, [pose])
    schema = {"$ref": "#/components/schemas/Assessment", "components": DOCUMENT["components"]}
    OAS31Validator(schema).validate(session.finish().to_dict())


def test_a_score_that_is_not_there(phone: FlaskClient) -> None:
    conforms(phone.get("/api/v1/scores/x"), "/api/v1/scores/{id}", "get")
    conforms(phone.get("/api/v1/scores/x/replay.mp4"), "/api/v1/scores/{id}/replay.mp4", "get")


def test_a_replay(web: Web, phone: FlaskClient, tmp_path: Path) -> None:
    store = web.services.store
    key = store.add_recording(None, assessment().to_dict(), lambda path: None)
    path = "/api/v1/scores/{id}/replay.mp4"
    conforms(phone.get(path.format(id=key)), path, "get")
    write_video(store.path(key, REPLAY), 0.5)
    store.update(key, replay=Replay.READY)
    for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=99999999-"}):
        conforms(phone.get(path.format(id=key), headers=headers), path, "get")
    store.update(key, status=Status.FAILED, error="No.")
    conforms(phone.get(path.format(id=key)), path, "get")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(web: Web, phone: FlaskClient, path: str) -> None:
    conforms(phone.get(path), path, "get")
    web.services.ready.clear()
    conforms(phone.get(path), path, "get")
