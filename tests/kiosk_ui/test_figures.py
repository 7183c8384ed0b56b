"""The figures, their words, the page, the report and the command: all from one look."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from edge import __version__
from edge.durations import Durations
from edge.frames.child import confinement
from edge.live import CameraFigures
from edge.machine import State
from kiosk_ui.backups import back_up
from kiosk_ui.logs import RING
from kiosk_ui.operation import figures as figures_module
from kiosk_ui.operation.exposition import FiguresCollector
from kiosk_ui.operation.figures import gather, times_of, version
from kiosk_ui.operation.parts import Figures, Times
from kiosk_ui.operation.status import main
from kiosk_ui.operation.words import STATIONS, both, megabytes, number, sections, span, text
from tests.kiosk_ui.conftest import Post, Web
from tests.kiosk_ui.servers import free_port, serving
from tests.kiosk_ui.test_metrics import everything

PIN = "2468"


@pytest.fixture
def ring() -> Iterator[logging.Logger]:
    """A logger whose warnings are remembered."""
    logger = logging.Logger("a.b")
    logger.addHandler(RING)
    yield logger
    RING._lines.clear()
    RING.counts.update(dict.fromkeys(RING.counts, 0))


def rows(found: Figures) -> dict[str, str]:
    return {f"{s.key}.{row.key}": row.value for s in sections(found) for row in s.rows}


def test_an_empty_kiosk_can_be_looked_at(web: Web) -> None:
    web.services.camera = web.services.station = None
    web.services.ready.clear()
    found = gather(web.services)
    assert not found.ready and found.station == "starting"
    assert found.problems == ("starting",)
    assert found.camera.frames is None
    assert text(found)


def test_a_busy_one(web: Web, post: Post, ring: logging.Logger) -> None:
    everything(web.services)
    key = post().json["id"]  # type: ignore[index]
    ring.error("score %s is lost", key)
    web.camera.counts = CameraFigures("/dev/video0", 100, 3, 29.97, 1, "dark")
    found = gather(web.services)
    assert found.problems == ("picture", "engine")
    assert found.queue is not None and found.queue.waiting == 1 and found.queue.oldest >= 0
    assert found.camera.rate == 29.97 and found.camera.dropped == 3
    told = rows(found)
    assert told["speed.pose"] == "20 ms, 95 %: 20 ms"
    assert told["speed.wait-phone"] == "3000 ms, 95 %: 3000 ms"
    assert told["today.verdicts-kiosk"] == "1 good, 0 bad, 0 not judged"
    assert told["today.verdicts-phone"] == "0 good, 1 bad, 0 not judged"
    assert told["today.queue"].startswith("1, the oldest for ")
    assert told["now.station"] == "the beginning"
    assert told["camera.picture"] == "dark"
    assert told["engines.model-squat"] == "squat 0.4.0 · A · good"
    assert told["engines.network-squat-classifier-lost"] == "the GPU failed"
    assert told["log.count"] == "1 line"
    assert any(key[:6] in value and key not in value for value in told.values())
    whole = text(found)
    assert key not in whole and "! engine lost" in whole.lower()


def test_a_database_that_was_put_back_is_told_with_its_copy(web: Web) -> None:
    assert gather(web.services).database.backup is None
    back_up(web.services.store.data_dir)
    web.services.store.trouble = "it was damaged; a copy is in its place"
    found = gather(web.services)
    assert found.problems == ("database",) and found.ready
    assert found.database.backup is not None
    assert "a copy is in its place" in text(found)


def test_figures_survive_their_own_json(web: Web) -> None:
    everything(web.services)
    found = gather(web.services)
    assert Figures.model_validate_json(found.model_dump_json()) == found


def test_the_installed_release_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version() == __version__
    monkeypatch.setattr(figures_module, "ROOT", Path("/opt/squat-kiosk/releases/0.1.0-abc"))
    assert version() == f"{__version__} (0.1.0-abc)"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3661, "1 h 1 min"), (90000, "1 d 1 h")],
)
def test_spans(value: float, words: str) -> None:
    assert span(value) == words


def test_numbers() -> None:
    assert number(None) == "–"
    assert number(1234567) == "1\u202f234\u202f567"
    assert number(29.97, 1) == "30.0"
    assert (megabytes(0.5), megabytes(1500), megabytes(None)) == ("0.5 MB", "1.5 GB", "–")
    assert times_of(Durations((1.0,))).median is None


def test_long_waits_are_told_in_seconds() -> None:
    assert both(Times(count=1, median=900.0, p95=9_999.0)) == "900 ms, 95 %: 9999 ms"
    assert both(Times(count=1, median=4_321.0, p95=31_164.0)) == "4.3 s, 95 %: 31.2 s"


def test_every_state_of_the_screen_has_words() -> None:
    assert set(STATIONS) == {"starting", *(state.value for state in State)}


def test_codes_of_another_version_are_told_as_they_are(web: Web) -> None:
    update = {"station": "stretching", "problems": ("floor",)}
    found = gather(web.services).model_copy(update=update)
    told = {row.key: (row.label, row.value) for s in sections(found) for row in s.rows}
    assert told["problem-floor"] == ("floor", "")
    assert told["station"][1] == "stretching"


@pytest.mark.parametrize(
    ("refused", "words", "whole"),
    [
        (None, "–", []),
        ({}, "yes", [1.0]),
        ({"landlock": "the kernel lacks it"}, "without landlock", [0.0]),
    ],
)
def test_what_the_confinement_lacks_is_told(
    refused: dict[str, str] | None,
    words: str,
    whole: list[float],
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confinement, "refused", refused)
    found = gather(web.services)
    (row,) = [r for s in sections(found) for r in s.rows if r.key == "confined"]
    assert row.value == words
    (metric,) = [m for m in FiguresCollector(web.services).collect()
                 if m.name == "kiosk_decoders_confined"]  # fmt: skip
    assert [one.value for one in metric.samples] == whole


def test_verdicts_are_of_today(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = everything(web.services)
    metrics._since = datetime(2026, 1, 1, 23, 0, tzinfo=timezone.utc)
    assert metrics.today().counts["kiosk"]["good"] == 0
    assert metrics.today().since.hour == 0


def test_the_page_shows_the_figures(web: Web, kiosk: FlaskClient) -> None:
    everything(web.services)
    page = kiosk.get("/maintenance").text
    assert "squat 0.4.0 · A · good" in page and 'data-row="pose"' in page
    told = kiosk.get("/kiosk/told").json
    assert told is not None
    shown = set(re.findall(r'data-part="(\w+)"', page))
    assert {section["key"] for section in told["sections"]} == shown
    web.services.settings.update(language="ko")
    assert "점검" in kiosk.get("/maintenance").text
    assert kiosk.get("/kiosk/told").json["sections"][0]["title"] == "지금"  # type: ignore[index]


def test_the_page_is_behind_the_pin(web: Web, kiosk: FlaskClient) -> None:
    everything(web.services)
    web.services.settings.set_pin(PIN)
    page = kiosk.get("/maintenance").text
    assert 'id="lock"' in page and "squat 0.4.0" not in page
    kiosk.post("/kiosk/unlock", json={"pin": PIN})
    assert "squat 0.4.0" in kiosk.get("/maintenance").text
    kiosk.post("/kiosk/lock")
    assert "squat 0.4.0" not in kiosk.get("/maintenance").text


def test_the_report_holds_nothing_of_anybody(web: Web, kiosk: FlaskClient, post: Post) -> None:
    everything(web.services)
    score = post().json["id"]  # type: ignore[index]
    nickname = "Zebulon"
    web.services.people.create(nickname, PIN)
    answer = kiosk.get("/kiosk/report.txt")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "text/plain"
    for word in (score, score[:6], nickname, "192.168.", str(web.services.store.data_dir)):
        assert word not in answer.text
    assert "MACHINE" in answer.text and __version__ in answer.text


def test_another_sites_page_reads_none_of_it(kiosk: FlaskClient) -> None:
    for path in ("/kiosk/told", "/kiosk/figures", "/kiosk/report.txt"):
        answer = kiosk.get(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_the_command_shows_the_same(web: Web) -> None:
    everything(web.services)
    with serving(web.config, web.services) as server:
        port = str(server.effective_port)
        told = CliRunner().invoke(main, ["--port", port])
        assert told.exit_code == 0, told.output
        assert "squat 0.4.0 · A · good" in told.output
        as_json = CliRunner().invoke(main, ["--port", port, "--json"])
        assert Figures.model_validate_json(as_json.output).models[0].slot == "A"
        web.services.room.floor = 1 << 60
        full = CliRunner().invoke(main, ["--port", port])
        assert full.exit_code == 1 and "The disk is full" in full.output


def test_the_command_says_that_no_kiosk_runs() -> None:
    told = CliRunner().invoke(main, ["--port", str(free_port())])
    assert told.exit_code == 1
    assert re.fullmatch(r"Error: no kiosk answers on port \d+: scripts/run .*\n", told.output)


def test_secrets_of_a_kiosks_log_are_not_on_the_page(
    web: Web, kiosk: FlaskClient, ring: logging.Logger
) -> None:
    key = secrets.token_urlsafe(16)
    ring.warning("upload %s is lost", key)
    assert key not in kiosk.get("/maintenance").text
    assert key not in kiosk.get("/kiosk/figures").text
    assert key[:6] in kiosk.get("/kiosk/told").text
