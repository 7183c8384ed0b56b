"""`/healthz` and `/readyz` answer two questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from edge.frames.child import confinement
from edge.pulse import Pulse
from tests.kiosk_ui.conftest import Web

NOW = 100.0


@pytest.fixture
def pulses(web: Web) -> dict[str, float]:
    """When camera and worker last went round; patience is ten seconds."""
    beaten = {"camera": NOW, "worker": NOW}

    def pulse(name: str) -> Pulse:
        made = Pulse(name, 10.0, clock=lambda: NOW)
        made._beaten = beaten[name]
        return made

    web.services.pulses = lambda: [pulse(name) for name in beaten]
    return beaten


def test_a_process_whose_threads_go_round_lives(
    web: Web, kiosk: FlaskClient, phone: FlaskClient, pulses: dict[str, float]
) -> None:
    web.services.ready.clear()  # it lives before it can score
    assert phone.get("/healthz").json == {"status": "alive"}
    answer = kiosk.get("/healthz")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "status": "alive",
        "threads": {"camera": {"age": 0.0, "late": False}, "worker": {"age": 0.0, "late": False}},
    }


def test_a_thread_that_hangs_is_told_and_named_to_the_device_alone(
    kiosk: FlaskClient, phone: FlaskClient, pulses: dict[str, float]
) -> None:
    pulses["worker"] = NOW - 11.0
    there, here = phone.get("/healthz"), kiosk.get("/healthz")
    assert there.status_code == here.status_code == 503
    assert there.json == {"status": "hangs"}
    assert here.json is not None
    assert here.json["threads"]["worker"] == {"age": 11.0, "late": True}


def test_health_is_cheap(web: Web, kiosk: FlaskClient) -> None:
    web.services.store.engine.dispose()

    def nobody_asks(*_: Any) -> None:
        raise AssertionError("the database was asked")

    sa.event.listen(web.services.store.engine, "connect", nobody_asks)
    assert kiosk.get("/healthz").status_code == 200


def test_readiness_tells_the_device_what_is_missing(
    web: Web, kiosk: FlaskClient, phone: FlaskClient
) -> None:
    models = [{"name": "squat", "slot": "A", "networks": {}}]
    web.services.models = lambda: models
    well = {"models": {"ok": True}, "disk": {"ok": True}, "database": {"ok": True},
            "camera": {"ok": True, "needed": False}, "confinement": ANY}  # fmt: skip
    assert kiosk.get("/readyz").json == {"status": "ready", "models": models, "checks": well}
    assert phone.get("/readyz").json == {"status": "ready"}
    web.services.ready.clear()
    here, there = kiosk.get("/readyz"), phone.get("/readyz")
    assert here.status_code == there.status_code == 503
    assert there.json == {"status": "starting"}
    assert here.json is not None and here.json["checks"]["models"] == {"ok": False}


def test_a_full_disk_is_not_ready(web: Web, kiosk: FlaskClient, phone: FlaskClient) -> None:
    web.services.room.floor = 1 << 60
    answer = phone.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "not_ready"})
    assert kiosk.get("/readyz").json["checks"]["disk"] == {"ok": False}  # type: ignore[index]
    assert kiosk.get("/healthz").status_code == 200  # starting it anew would help nobody


def test_a_database_that_does_not_answer_is_not_ready(
    web: Web, kiosk: FlaskClient, tmp_path: Path
) -> None:
    web.services.store.engine.dispose()
    for path in tmp_path.glob("scores.sqlite3*"):
        path.unlink()
    (tmp_path / "scores.sqlite3").write_bytes(b"this is no database at all" * 100)
    answer = kiosk.get("/readyz")
    assert answer.status_code == 503 and answer.json is not None
    assert answer.json["checks"]["database"] == {"ok": False}


def test_a_kiosk_without_a_camera_is_ready_and_says_so(web: Web, kiosk: FlaskClient) -> None:
    web.camera.message = "the camera was unplugged"
    answer = kiosk.get("/readyz")
    assert answer.status_code == 200 and answer.json is not None
    assert answer.json["checks"]["camera"] == {
        "ok": False, "needed": False, "why": "the camera was unplugged",
    }  # fmt: skip


def test_it_is_said_which_layers_the_decoders_lack(
    kiosk: FlaskClient, phone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for refused, good in ((None, None), ({}, True), ({"Landlock": "no such call"}, False)):
        monkeypatch.setattr(confinement, "refused", refused)
        answer = kiosk.get("/readyz")
        assert answer.status_code == 200 and answer.json is not None
        assert answer.json["checks"]["confinement"] == {
            "ok": good, "needed": False, "without": refused,
        }  # fmt: skip
        assert phone.get("/readyz").json == {"status": "ready"}
