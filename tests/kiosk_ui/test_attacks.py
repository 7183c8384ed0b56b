"""One test for each attack on the pages, named after it; docs/security.md says what is behind it.

Those that need a wire are in test_attacks_on_the_wire.py.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from edge.classifier import Classifier
from edge.errors import SourceError
from edge.pose.scheduler import PoseScheduler
from kiosk_ui.app import create_application
from kiosk_ui.coaching.passes import LASTS, Passes
from kiosk_ui.discreet import DiscreetFormatter
from kiosk_ui.guard import BURST, GUESS_BURST, SAFE
from kiosk_ui.worker import ScoringWorker
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import FakeClassifier, FakeEstimator, until
from tests.kiosk_ui.test_coach import PIN
from tests.kiosk_ui.test_people import ON, keep, named

EVIL = "https://evil.example"
SECRET_FILES = ("secret.key", "scores.sqlite3", "settings.json")


@pytest.fixture
def mobile(web: Web) -> FlaskClient:
    return web.client("network", ON)


@pytest.fixture
def coach(web: Web) -> FlaskClient:
    web.services.labels.set_pin(PIN)
    client = web.client("network", ON)
    assert client.post("/coach/sign-in", data={"pin": PIN}).status_code == 303
    return client


def routes(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Give method and path of everything that an app answers."""
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "x" * 22, rule.rule)
        for method in sorted(rule.methods or ()):
            yield method, path


def changing(client: FlaskClient) -> list[tuple[str, str]]:
    return [(method, path) for method, path in routes(client) if method not in SAFE]


def everything(web: Web) -> list[FlaskClient]:
    """Return a client of either face, with all that can be switched on."""
    web.services.labels.set_pin(PIN)
    web.services.studies.create("spring", participants=2, seed=1)
    return [web.client("device", ON), web.client("network", ON)]


# ---- a page of another site in a browser


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "squat.local.evil.example", "evil.local",
             "squatx.local", "squat-x.local", "localhost.evil.example", "192.168.0.5.evil.example",
             "evil.example#squat.local", "squat.local@evil.example", "squat.local:80:80", "a b"],
)  # fmt: skip
def test_dns_rebinding(web: Web, host: str) -> None:
    phone = everything(web)[1]
    for method, path in routes(phone):
        answer = phone.open(path, method=method, headers={"Host": host})
        assert answer.status_code == 421, (method, path)


@pytest.mark.parametrize(
    "host", ["squat.local", "SQUAT.local:8080", "squat-2.local", "squat.local.", "192.168.0.5",
             "192.168.0.5:8080", "[fe80::1]:8080", "localhost:8080", "kiosk", "squat.gym.example"],
)  # fmt: skip
def test_our_own_names_are_no_rebinding(web: Web, host: str) -> None:
    config = ON.model_copy(update={"trusted_hosts": ("squat.gym.example",)})
    phone = web.client("network", config)
    assert phone.get("/phone", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_cross_site_request_forgery(web: Web, headers: dict[str, str]) -> None:
    for client in everything(web):
        tried = changing(client)
        assert len(tried) > 5
        for method, path in tried:
            answer = client.open(path, method=method, headers=headers, data={"video": "x"})
            assert answer.status_code == 403, (method, path)
    assert web.station.calls == []
    assert web.services.store.waiting() == 0


def test_cross_site_upload_through_a_form(web: Web, phone: FlaskClient) -> None:
    """A page that sends a video as if its visitor did would fill the queue."""
    form = {"video": (io.BytesIO(b"video"), "squat.mp4")}
    answer = phone.post("/api/v1/scores", data=form, headers={"Origin": EVIL})
    assert answer.status_code == 403
    assert web.services.store.waiting() == 0
    assert not list(web.services.store.incoming.iterdir())


def test_cross_site_reading(web: Web) -> None:
    for client in everything(web):
        for method, path in routes(client):
            if path == "/kiosk/events" or path.endswith(".mjpg"):
                continue
            answer = client.open(
                path, method=method,
                headers={"Origin": EVIL, "Access-Control-Request-Method": "PUT"},
            )  # fmt: skip
            told = [name for name, _ in answer.headers if name.lower().startswith("access-control")]
            assert told == [], (method, path)


def test_login_forgery(web: Web, mobile: FlaskClient) -> None:
    """Who signs a visitor in as themselves would see what the visitor keeps from then on."""
    named(web.client("network", ON), "Attacker", "2468")
    answer = mobile.post(
        "/me/sign-in", data={"nickname": "Attacker", "pin": "2468"}, headers={"Origin": EVIL}
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


PAGES = ("/", "/phone", "/me", "/coach", "/study", "/trust", "/nowhere", "/api/v1/openapi.json",
         "/static/phone.js", "/ca.crt", "/healthz")  # fmt: skip


def test_clickjacking(web: Web) -> None:
    for client in everything(web):
        for path in PAGES:
            headers = client.get(path).headers
            assert headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_mime_sniffing(web: Web) -> None:
    for client in everything(web):
        for path in PAGES:
            headers = client.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Type"]


SCRIPT = "<script>alert(1)</script>"


def test_script_injection(web: Web, mobile: FlaskClient) -> None:
    key = keep(web)
    answers = [
        mobile.get(f"/scores/{SCRIPT}", headers={"Accept": "text/html"}),
        mobile.get(f"/t/{SCRIPT}", headers={"Accept": "text/html"}),
        mobile.get(f"/phone?lang={SCRIPT}&deleted={SCRIPT}"),
        mobile.post("/me/name", data={"nickname": SCRIPT, "pin": "2468"}),
        mobile.post("/me/sign-in", data={"nickname": SCRIPT, "pin": SCRIPT, "result": SCRIPT}),
        mobile.post(f"/me/consent/{key}", data={"given": SCRIPT, "from": SCRIPT}),
        mobile.post("/phone", data={"video": (io.BytesIO(b"x"), SCRIPT), "threshold": SCRIPT},
                    headers={"Accept": "text/html"}),
    ]  # fmt: skip
    for answer in answers:
        assert SCRIPT not in answer.text
        # Where something of the kind came through, nothing inline would run.
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_script_injection_through_a_decoders_words(web: Web, phone: FlaskClient) -> None:
    from kiosk_ui.scores import Status  # noqa: PLC0415 - only here

    answer = phone.post("/phone", data={"video": (io.BytesIO(b"x"), "a.mp4")})
    key = answer.headers["Location"].rsplit("/", 1)[1]
    web.services.store.update(key, status=Status.FAILED, error=SCRIPT)
    assert SCRIPT not in phone.get(f"/scores/{key}").text
    assert SCRIPT not in phone.get(f"/scores/{key}/card").text


@pytest.mark.parametrize(
    "target", [EVIL, "//evil.example", "/\\evil.example", "\\\\evil.example", "..//evil.example",
               "%2f%2fevil.example", "javascript:alert(1)", "/../..//evil.example"],
)  # fmt: skip
def test_open_redirect(web: Web, mobile: FlaskClient, target: str) -> None:
    named(mobile)
    answers = [
        mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468", "result": target}),
        mobile.get(f"/phone/?next={target}"),
        mobile.post("/me/sign-out", data={"next": target, "result": target}),
    ]
    assert answers[0].status_code == 303
    for answer in answers:
        where = answer.headers.get("Location", "/")
        assert where.startswith("/") and not where.startswith(("//", "/\\")), where


@pytest.mark.parametrize("ending", ["%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D", "\r\n"])
def test_header_injection(mobile: FlaskClient, ending: str) -> None:
    evil = f"x{ending}X-Evil: 1{ending}Set-Cookie: evil=1"
    answers = [
        mobile.get(f"/scores/{evil}"),
        mobile.get(f"/t/{evil}"),
        mobile.get(f"/phone?lang={evil}"),
        mobile.get(f"/static/{evil}"),
    ]
    named(mobile)
    for answer in (
        *answers,
        mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": "2468", "result": evil}),
    ):
        assert "X-Evil" not in answer.headers
        assert "evil=1" not in answer.headers.getlist("Set-Cookie")


# ---- a stranger on the network


@pytest.mark.parametrize("name", [*SECRET_FILES, "../../../../etc/passwd"])
@pytest.mark.parametrize("way", ["../", "..%2f", "%2e%2e/", "..%252f", "....//", "..\\", "%00../"])
def test_path_traversal(web: Web, mobile: FlaskClient, name: str, way: str) -> None:
    for name_there in SECRET_FILES:
        (web.services.store.data_dir / name_there).touch()
    for before in ("/static/", "/scores/", "/api/v1/scores/", "/api/v1/uploads/", "/t/"):
        for after in ("", "/clip.mp4", "/replay.mp4", "/card"):
            for deep in (1, 3):
                answer = mobile.get(
                    f"{before}{way * deep}{name}{after}", headers={"Tus-Resumable": "1.0.0"}
                )
                assert answer.status_code in (400, 404, 405, 410), answer.request.path
                assert b"SQLite" not in answer.data and b"root:" not in answer.data


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_method_override(web: Web, name: str) -> None:
    """Only uploads know it, and there it does nothing that the method itself would not."""
    key = keep(web)
    mobile = web.client("network", ON.model_copy(update={"replay_patience": 0.0}))
    for method, path in list(routes(mobile)):
        if "/uploads/" in path or method not in ("GET", "HEAD"):
            continue
        for wanted in ("DELETE", "POST", "PUT"):
            mobile.open(path.replace("x" * 22, key), method=method, headers={name: wanted})
            mobile.open(f"{path.replace('x' * 22, key)}?_method={wanted}", method=method)
    assert web.services.store.get(key) is not None
    answer = mobile.post(
        f"/api/v1/uploads/{'x' * 22}", headers={"X-HTTP-Method-Override": "DELETE"}
    )
    assert answer.status_code == 412  # without the protocol's own header, which no form can send


def test_spoofed_proxy_headers(web: Web) -> None:
    """Who is not on this machine speaks for nobody else, not even to be counted."""
    application = Client(create_application(ON, web.services))
    spoofs = {
        "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=::1",
        "X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https", "Host": "localhost",
    }  # fmt: skip
    sender = {"REMOTE_ADDR": "192.168.0.66"}
    answer = application.post("/kiosk/start", headers=spoofs, environ_overrides=sender)
    assert answer.status_code == 404
    assert web.station.calls == []
    codes = [
        application.get(
            "/t/none", headers={"X-Forwarded-For": f"10.0.0.{n}"}, environ_overrides=sender
        ).status_code
        for n in range(GUESS_BURST + 5)
    ]
    assert codes.count(429) >= 4


def ask_from(client: FlaskClient, address: str, path: str, **options: Any) -> TestResponse:
    return client.open(path, environ_overrides={"REMOTE_ADDR": address}, **options)


def test_flood_of_requests(web: Web) -> None:
    config = ON.model_copy(update={"requests_per_second": 0.01})
    application = Client(create_application(config, web.services))
    flooding = {"REMOTE_ADDR": "192.168.0.66"}

    def status(sender: dict[str, str]) -> int:
        return application.get("/ca.crt", environ_overrides=sender, buffered=True).status_code

    codes = [status(flooding) for _ in range(BURST + 20)]
    assert codes.count(429) == 20
    assert status({"REMOTE_ADDR": "192.168.0.7"}) == 404  # a neighbour notices nothing
    screen = application.get("/kiosk/settings", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert screen.status_code == 200  # nor does the screen
    # An IPv6 client has more addresses than there are grains of sand.
    codes = [status({"REMOTE_ADDR": f"2001:db8::{n:x}"}) for n in range(1, BURST + 20)]
    assert codes.count(429) == 19


def test_guessing_the_code_of_a_result(mobile: FlaskClient) -> None:
    codes = [ask_from(mobile, "192.168.0.66", f"/t/guess{n}").status_code for n in range(30)]
    assert codes[:GUESS_BURST] == [410] * GUESS_BURST
    assert set(codes[GUESS_BURST:]) == {429}
    assert ask_from(mobile, "192.168.0.7", "/t/typed").status_code == 410


def test_guessing_a_participants_code(web: Web, mobile: FlaskClient) -> None:
    web.services.studies.create("spring", participants=2, seed=1)
    codes = [
        ask_from(mobile, "192.168.0.66", "/study/join", method="POST",
                 data={"code": f"GUESS{n}", "agreed": "1"}).status_code
        for n in range(GUESS_BURST + 5)
    ]  # fmt: skip
    assert codes == [404] * GUESS_BURST + [429] * 5


def test_guessing_pins_over_many_nicknames(web: Web, mobile: FlaskClient) -> None:
    """Each PIN has its own pauses; who tries one PIN on everybody meets the other limit."""
    codes = [
        ask_from(mobile, "192.168.0.66", "/me/sign-in", method="POST",
                 data={"nickname": f"Person{n}", "pin": "1234"}).status_code
        for n in range(GUESS_BURST + 5)
    ]  # fmt: skip
    assert codes == [403] * GUESS_BURST + [429] * 5


def test_guessing_the_coachs_pin(web: Web, mobile: FlaskClient) -> None:
    web.services.labels.set_pin(PIN)
    codes = [
        ask_from(mobile, f"192.168.0.{n}", "/coach/sign-in", method="POST",
                 data={"pin": f"{n:04}"}).status_code
        for n in range(6)
    ]  # fmt: skip
    assert codes == [403] * 3 + [429] * 3 or codes == [403] * 4 + [429] * 2
    # A restart of the kiosk frees nobody.
    again = web.client("network", ON)
    assert again.post("/coach/sign-in", data={"pin": PIN}).status_code == 429


def test_finding_out_who_trains_here(
    web: Web, mobile: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nickname that somebody has answers as one that nobody has: in words, work and pauses."""
    named(web.client("network", ON), "Minsu", "2468")
    work: list[int] = []
    real = hashlib.scrypt

    def counted(*args: Any, **options: Any) -> bytes:
        work.append(1)
        return real(*args, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    answers = {}
    for name in ("Minsu", "Nobody"):
        work.clear()
        tries = [
            ask_from(mobile, f"192.168.1.{n}", "/me/sign-in", method="POST",
                     data={"nickname": name, "pin": "1111"})
            for n in range(6)
        ]  # fmt: skip
        pages = [re.sub(r"\d+ s\.", "# s.", answer.text.replace(name, "N")) for answer in tries]
        answers[name] = ([answer.status_code for answer in tries], pages, len(work))
    assert answers["Minsu"] == answers["Nobody"]
    assert answers["Minsu"][2] >= 3


@pytest.mark.parametrize("pin", ["\ud800", "9" * 60_000, "\x00", "１２３４", "1234\n", "", " "])
def test_pins_that_are_none(web: Web, kiosk: FlaskClient, mobile: FlaskClient, pin: str) -> None:
    web.services.labels.set_pin(PIN)
    web.services.settings.set_pin("2468")
    assert kiosk.post("/kiosk/unlock", json={"pin": pin}).status_code == 403
    sent = pin.encode(errors="replace")
    assert mobile.post("/coach/sign-in", data={"pin": sent}).status_code == 403
    answer = mobile.post("/me/sign-in", data={"nickname": "Minsu", "pin": sent})
    assert answer.status_code == 403


def test_brackets_within_brackets(kiosk: FlaskClient) -> None:
    for body in ("[" * 60_000, '{"a":' * 10_000, "[" * 30_000 + "]" * 30_000):
        answer = kiosk.put("/kiosk/settings", data=body, content_type="application/json")
        assert answer.status_code == 400


# ---- whoever gets hold of a phone, a cookie or a disk


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
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        secrets = an_evening(web, mobile, kiosk)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    log = lines.getvalue()
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

    judge = cast(Classifier, FakeClassifier())
    worker = ScoringWorker(store, PoseScheduler(FakeEstimator()), judge, open_video=open_video)
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
