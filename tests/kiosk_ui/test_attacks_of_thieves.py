"""What whoever gets hold of a phone, a cookie, a log or a disk could do.

docs/security.md says what is behind each.
"""

from __future__ import annotations

import io
import json
import logging
import re
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from edge.classifier import Classifier
from edge.errors import SourceError
from edge.pose.scheduler import PoseScheduler
from kiosk_ui.coaching.passes import LASTS, Passes
from kiosk_ui.discreet import DiscreetFormatter
from kiosk_ui.logs import DiscreetJson, Ring
from kiosk_ui.operation.figures import gather
from kiosk_ui.operation.words import text
from kiosk_ui.worker import ScoringWorker
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import FakeClassifier, FakeEstimator, until
from tests.kiosk_ui.kept import ON, keep, named
from tests.kiosk_ui.test_coach import PIN


@pytest.fixture
def mobile(web: Web) -> FlaskClient:
    return web.client("network", ON)


@pytest.fixture
def coach(web: Web) -> FlaskClient:
    web.services.labels.set_pin(PIN)
    client = web.client("network", ON)
    assert client.post("/coach/sign-in", data={"pin": PIN}).status_code == 303
    return client


def coach_is_in(client: FlaskClient) -> bool:
    return 'name="pin"' not in client.get("/coach").text


def with_cookie_of(web: Web, client: FlaskClient) -> FlaskClient:
    """Return a thief's browser."""
    thief = web.client("network", ON)
    cookie: Any = client.get_cookie("kiosk")
    thief.set_cookie("kiosk", cookie.value)
    return thief


def test_stolen_coachs_cookie_after_signing_out(web: Web, coach: FlaskClient) -> None:
    thief = with_cookie_of(web, coach)
    assert coach_is_in(thief)
    coach.post("/coach/sign-out")
    assert not coach_is_in(thief)


def test_stolen_coachs_cookie_after_another_pin(web: Web, coach: FlaskClient) -> None:
    thief = with_cookie_of(web, coach)
    web.services.labels.set_pin("97531")
    assert not coach_is_in(thief)


def test_stolen_coachs_cookie_after_a_day(web: Web, coach: FlaskClient) -> None:
    now = [0.0]
    web.services.passes = Passes(clock=lambda: now[0])
    coach.post("/coach/sign-in", data={"pin": PIN})
    thief = with_cookie_of(web, coach)
    now[0] = LASTS - 1
    assert coach_is_in(thief)
    now[0] = LASTS + 1
    assert not coach_is_in(thief)


def test_session_fixation(web: Web, mobile: FlaskClient) -> None:
    """A cookie that was planted before somebody signs in opens nothing afterwards."""
    web.services.labels.set_pin(PIN)
    mobile.post(f"/me/keep/{keep(web)}")
    planted = with_cookie_of(web, mobile)
    mobile.post("/coach/sign-in", data={"pin": PIN})
    assert coach_is_in(mobile) and not coach_is_in(planted)
    named(mobile, "Minsu", "2468")
    assert "Minsu" not in planted.get("/me").text


@pytest.mark.parametrize("base", ["http://localhost", "https://squat.local"])
def test_cookie_theft_by_script_or_wire(web: Web, mobile: FlaskClient, base: str) -> None:
    web.services.labels.set_pin(PIN)
    web.services.studies.create("spring", participants=1, seed=1)
    with web.services.store.engine.connect() as connection:
        code = connection.exec_driver_sql("SELECT code FROM participants").scalar()
    answers = [
        mobile.post(f"/me/keep/{keep(web)}", base_url=base),
        mobile.post("/coach/sign-in", data={"pin": PIN}, base_url=base),
        mobile.post("/study/join", data={"code": code, "agreed": "1"}, base_url=base),
    ]
    cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
    assert len(cookies) == 3
    for cookie in cookies:
        assert "HttpOnly" in cookie and "Path=/" in cookie and "Domain" not in cookie
        assert re.search("SameSite=(Strict|Lax)", cookie)
        if base.startswith("https") and not cookie.startswith("study="):
            assert cookie.startswith("__Host-") and "Secure" in cookie


def test_log_thief(web: Web, mobile: FlaskClient, kiosk: FlaskClient) -> None:
    """Whoever reads the log of a whole evening finds nothing that opens anything."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(DiscreetFormatter("%(name)s: %(message)s"))
    objects = io.StringIO()
    as_json, remembered = logging.StreamHandler(objects), Ring()
    as_json.setFormatter(DiscreetJson())
    handlers = (handler, as_json, remembered)
    root = logging.getLogger()
    level = root.level
    for one in handlers:
        root.addHandler(one)
    root.setLevel(logging.DEBUG)
    try:
        secrets = an_evening(web, mobile, kiosk)
    finally:
        for one in handlers:
            root.removeHandler(one)
        root.setLevel(level)
    log = lines.getvalue()
    written = [json.loads(line) for line in objects.getvalue().splitlines()]
    assert any("RuntimeError" in line.get("traceback", "") for line in written)
    log += objects.getvalue() + "\n".join(line.message for line in remembered.lines())
    log += web.services.metrics.text().decode() + text(gather(web.services))
    assert "not a video that can be read" in log and "RuntimeError" in log  # it did log
    assert [name for name, secret in secrets.items() if secret in log] == []


def an_evening(web: Web, mobile: FlaskClient, kiosk: FlaskClient) -> dict[str, str]:
    """Do all that people do, some of it wrong; returns every secret there was."""
    store = web.services.store
    web.services.address = lambda: "http://192.168.0.7:8080"
    kept = keep(web)
    secrets = {
        "nickname": "Zebulon", "pin": "864213", "wrong pin": "777111", "coach": "975319",
        "settings": "135790", "score": kept, "code": web.services.shares.code_for(kept),
    }  # fmt: skip
    named(mobile, "Zebulon", secrets["pin"])
    mobile.post("/me/sign-in", data={"nickname": "Zebulon", "pin": secrets["wrong pin"]})
    mobile.post(f"/me/keep/{kept}")
    web.services.labels.set_pin(secrets["coach"])
    mobile.post("/coach/sign-in", data={"pin": secrets["wrong pin"]})
    mobile.post("/coach/sign-in", data={"pin": secrets["coach"]})
    kiosk.put("/kiosk/lock", json={"pin": secrets["settings"]})
    kiosk.post("/kiosk/unlock", json={"pin": secrets["wrong pin"]})
    kiosk.post("/kiosk/unlock", json={"pin": secrets["settings"]})
    web.services.studies.create("spring", participants=1, seed=1)
    with store.engine.connect() as connection:
        secrets["participant"] = str(
            connection.exec_driver_sql("SELECT code FROM participants").scalar()
        )
        secrets["person"] = str(connection.exec_driver_sql("SELECT key FROM people").scalar())
    mobile.post("/study/join", data={"code": secrets["participant"], "agreed": "1"})
    for name in ("kiosk", "study"):
        cookie: Any = mobile.get_cookie(name)
        secrets[name] = cookie.value
    mobile.get(f"/t/{secrets['code']}")
    mobile.get("/t/expired")
    # A video that is none, and things that break where the path itself is the secret.
    answer = mobile.post("/phone", data={"video": (io.BytesIO(b"junk" * 99), "a.mp4")})
    secrets["upload"] = answer.headers["Location"].rsplit("/", 1)[1]

    def open_video(path: Any) -> Any:
        raise SourceError("this is not a video that can be read")

    scheduler, judge = PoseScheduler(FakeEstimator()), cast(Classifier, FakeClassifier())
    worker = ScoringWorker(store, scheduler, lambda: judge, open_video=open_video)
    worker.start()
    until(lambda: store.waiting() == 0)
    worker.close()
    broken = web.services.shares

    class Broken:
        lasts = 600.0

        def find(self, code: str) -> str:
            raise RuntimeError(f"cannot find {store.path(kept, 'clip.mp4')}")

    web.services.shares = Broken()  # type: ignore[assignment]
    assert mobile.get(f"/t/{secrets['code']}").status_code == 500
    web.services.shares = broken
    secrets["signing key"] = (store.data_dir / "secret.key").read_bytes().hex()
    return secrets


def test_disk_thief(web: Web, mobile: FlaskClient) -> None:
    """Whoever takes the disk finds digests that cost them work, and no PIN."""
    web.services.labels.set_pin("97531864")
    web.services.settings.set_pin("86421357")
    named(mobile, "Zebulon", "75319246")
    web.services.store.engine.dispose()
    found = b"".join(
        path.read_bytes() for path in web.services.store.data_dir.rglob("*") if path.is_file()
    )
    for pin in (b"97531864", b"86421357", b"75319246"):
        assert pin not in found
    assert b"Zebulon" in found  # this is how it would be found
