"""What Prometheus reads: names, labels, who may read it."""

from __future__ import annotations

import io
import logging
import random
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from edge.assessment import FrameCounts, Verdict
from edge.durations import Durations
from edge.pose.scheduler import PoseScheduler
from kiosk_ui.app import create_app
from kiosk_ui.config import WebConfig
from kiosk_ui.metrics import REASONS, Metrics, series
from kiosk_ui.scores import Source
from kiosk_ui.services import Services
from kiosk_ui.worker import ScoringWorker
from tests.kiosk_ui.conftest import CONFIG, Post, Web
from tests.kiosk_ui.fakes import FakeClassifier, FakeEstimator, FakeVideo, assessment, until
from tests.kiosk_ui.servers import serving
from tests.kiosk_ui.test_server import ask

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "-".join(["a", "word", "that", "nobody", "guesses"])


class Session:
    """What is counted of a scoring session."""

    dropped = 2
    skipped = 5


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def everything(services: Services) -> Metrics:
    """Let everything there is be told."""
    metrics = services.metrics
    metrics.pose = Durations((0.01, 0.1))
    metrics.pose.add(0.02)
    metrics.waits["kiosk"] = Durations((0.1, 1.0))
    metrics.waits["kiosk"].add(0.2)
    network = {"runtime": "ONNX Runtime 1.32.0", "why": "chosen", "lost": "the GPU failed"}
    services.models = lambda: [
        {
            "name": "squat", "bundle": "squat 0.4.0", "slot": "A", "state": "good", "why": "tested",
            "failure": None, "networks": {"classifier": network},
        }
    ]  # fmt: skip
    metrics.judged(Source.KIOSK, Session(), assessment())  # type: ignore[arg-type]
    metrics.judged(Source.UPLOAD, Session(), assessment(Verdict.BAD, 0.1), 3.0)  # type: ignore[arg-type]
    metrics.failed(Source.UPLOAD)
    metrics.refused("queue_full")
    metrics.tidied_now()
    create_app(CONFIG, services).test_client().get("/healthz")
    return metrics


def test_what_is_told_is_what_prometheus_understands(web: Web, kiosk: FlaskClient) -> None:
    everything(web.services)
    answer = kiosk.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    pose = families["kiosk_pose_seconds"]
    assert pose.type == "histogram"
    assert {s.labels["le"]: s.value for s in pose.samples if s.name.endswith("bucket")} == {
        "0.01": 0.0, "0.1": 1.0, "+Inf": 1.0,
    }  # fmt: skip
    info = families["kiosk_model_info"].samples[0].labels
    assert info == {"name": "squat", "bundle": "squat 0.4.0", "slot": "A", "state": "good"}
    assert families["kiosk_engine_lost"].samples[0].value == 1
    assert families["kiosk_ready"].samples[0].value == 1
    assert families["process_open_fds"].samples[0].value > 3


def test_the_table_in_the_document_is_complete(web: Web) -> None:
    metrics = everything(web.services)
    written = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in re.findall(
            r"^\| `((?:kiosk|process)_\w+)` \| (\w+) \|([^|]*)\|",
            (ROOT / "docs" / "operation.md").read_text(),
            re.MULTILINE,
        )
    }
    told = set()
    for family in metrics.registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        if family.name.startswith("process_"):
            continue
        known = {label for s in family.samples for label in s.labels} - {"le"}
        described = getattr(family, "_labelnames", ()) or ()
        told.add((name, family.type, tuple(sorted(known or described))))
    ours = {(n, k, tuple(sorted(ls))) for n, k, ls in written if n.startswith("kiosk_")}
    assert ours == told


def test_verdicts_and_pictures_are_counted_by_source(web: Web) -> None:
    metrics = everything(web.services)
    assert value(metrics, "kiosk_verdicts_total", source="kiosk", verdict="good") == 1
    assert value(metrics, "kiosk_verdicts_total", source="phone", verdict="bad") == 1
    assert value(metrics, "kiosk_verdicts_total", source="phone", verdict="good") == 0
    for fate, count in (("scored", 180), ("skipped", 5), ("dropped", 2)):
        assert value(metrics, "kiosk_frames_total", source="kiosk", fate=fate) == count
    assert value(metrics, "kiosk_scores_failed_total", source="phone") == 1
    assert value(metrics, "kiosk_verdict_seconds_bucket", source="phone", le="5.0") == 1
    assert value(metrics, "kiosk_verdict_seconds_count", source="kiosk") == 1
    assert FrameCounts(pushed=180).pushed == assessment().frames.pushed
    today = metrics.today()
    assert today.counts["kiosk"]["good"] == 1 and today.failed == 1


def test_a_worker_counts_what_it_judges(web: Web) -> None:
    store, metrics = web.services.store, web.services.metrics

    def open_video(path: Path) -> FakeVideo:
        if path.read_bytes() == b"broken":
            raise ValueError("no video")
        return FakeVideo(path)

    worker = ScoringWorker(
        store, PoseScheduler(FakeEstimator()), FakeClassifier, metrics=metrics,
        open_video=open_video,
    )  # fmt: skip
    for content in (b"video", b"broken"):
        path = store.incoming / "some.bin"
        path.write_bytes(content)
        store.add_upload(path, threshold=0.5)
    worker.start()
    try:
        until(lambda: value(metrics, "kiosk_scores_failed_total", source="phone") == 1)
    finally:
        worker.close()
    assert value(metrics, "kiosk_verdicts_total", source="phone", verdict="good") == 1
    assert value(metrics, "kiosk_frames_total", source="phone", fate="scored") == 45
    assert value(metrics, "kiosk_frames_total", source="phone", fate="skipped") == 45
    assert value(metrics, "kiosk_verdict_seconds_count", source="phone") == 1


def test_refused_videos_are_counted_by_reason(web: Web, post: Post, phone: FlaskClient) -> None:
    metrics = web.services.metrics
    post(None)
    post(b"")
    full = web.client("network", WebConfig(disk_floor_mb=1 << 40))
    full.post("/api/v1/scores", data={"video": (io.BytesIO(b"x"), "squat.mp4")})
    phone.post("/api/v1/uploads", headers={"Tus-Resumable": "0.1"})
    for reason in ("video_missing", "video_empty", "disk_full", "tus_version"):
        assert value(metrics, "kiosk_uploads_refused_total", reason=reason) == 1
    metrics.refused("what nobody has thought of")
    assert value(metrics, "kiosk_uploads_refused_total", reason="other") == 1


def test_what_is_refused_unread_is_counted_as_well(web: Web) -> None:
    with serving(web.config, web.services) as server:
        server.refused = web.services.metrics.refused_unread
        large = f"POST /api/v1/scores HTTP/1.1\nHost: localhost\nContent-Length: {1 << 40}"
        status = ask(server, large)[0]
    assert status == 413
    metrics = web.services.metrics
    assert value(metrics, "kiosk_uploads_refused_total", reason="too_large") == 1
    assert value(metrics, "kiosk_http_requests_total", face="network", route="(refused unread)",
                 status="413") == 1  # fmt: skip


def test_every_reason_is_one_that_is_told() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "kiosk_ui").rglob("*.py"))
    for reason in REASONS:
        assert f'"{reason}"' in source.replace(f'"{reason}",', "", 1), reason


def test_labels_are_few_and_nobodys(web: Web, kiosk: FlaskClient, phone: FlaskClient) -> None:
    """A thousand requests of every kind add a fixed number of series, and no id is in any."""
    random.seed(1)
    keys = [secrets.token_urlsafe(16) for _ in range(50)]

    def ask_for_much() -> None:
        for _ in range(500):
            key = random.choice(keys)
            path = random.choice([
                "/scores/{}", "/api/v1/scores/{}", "/t/{}", "/{}", "/kiosk/{}", "/static/{}.css",
                "/api/v1/uploads/{}", "/scores/{}/card?lang={}", "/study/{}",
            ]).format(key, key)  # fmt: skip
            client: Any = random.choice([kiosk, phone])
            method = random.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "BREW", key[:9]])
            client.open(path, method=method)

    metrics = everything(web.services)
    ask_for_much()
    before = list(series(metrics))
    keys[:] = [secrets.token_urlsafe(16) for _ in range(50)]
    ask_for_much()
    after = list(series(metrics))
    assert len(after) <= len(before) + 5
    labels = {text for _, known in after for text in known.values()}
    assert not [text for text in labels if any(key[:9] in text for key in keys)]
    rules = {
        rule.rule
        for client in (kiosk, phone)
        for rule in client.application.url_map.iter_rules()
    }  # fmt: skip
    routes = {known["route"] for name, known in after if name == "kiosk_http_requests_total"}
    assert routes <= rules | {"(none)", "(refused unread)"}
    assert len(after) < 400


def test_the_network_reads_it_only_with_the_token(
    web: Web, phone: FlaskClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert phone.get("/metrics").status_code == 404
    file = tmp_path / "token"
    client = web.client("network", CONFIG.model_copy(update={"metrics_token_file": file}))

    def status(authorization: str | None = None) -> int:
        headers = {} if authorization is None else {"Authorization": authorization}
        return client.get("/metrics", headers=headers).status_code

    assert status(f"Bearer {TOKEN}") == 401  # there is none yet
    assert "cannot be read" in caplog.text
    file.write_text("short")
    assert status("Bearer short") == 401
    assert "at least 16" in caplog.text
    file.write_text(f"{TOKEN}\n")
    assert status(f"Bearer {TOKEN}") == status(f"bearer {TOKEN}") == 200
    wrong: list[str | None] = [
        None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[1:]}",
        TOKEN, "Bearer \xe9" * 3,
    ]  # fmt: skip
    for one in wrong:
        assert status(one) == 401, one
    assert TOKEN not in caplog.text
    answer = client.get("/metrics")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json is not None and answer.json["code"] == "token_wrong"


def test_a_figure_that_cannot_be_read_is_left_out(web: Web) -> None:
    services: Services = web.services
    broken: Callable[[], list[dict[str, Any]]] = {}.__getitem__  # type: ignore[assignment]
    services.models = broken
    services.store.engine.dispose()
    services.store.data_dir = Path("/nowhere")
    services.room.folder = Path("/nowhere")
    metrics = services.metrics
    assert value(metrics, "kiosk_disk_free_bytes") == 0
    assert value(metrics, "kiosk_uptime_seconds") is not None
    assert value(metrics, "kiosk_database_bytes") is None


def test_the_access_log_tells_rules_and_nobody(
    web: Web, phone: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = secrets.token_urlsafe(16)
    access = logging.getLogger("kiosk_ui.access")
    with caplog.at_level(logging.INFO, "kiosk_ui.access"):
        phone.get(f"/scores/{key}", environ_overrides={"REMOTE_ADDR": "192.168.1.7"})
        phone.open("/nowhere", method=key[:8])
        monkeypatch.setattr(access, "disabled", True)
        phone.get("/phone")
    first, second = caplog.records
    assert first.message.startswith("network GET /scores/<key> 404 ")
    assert second.message.startswith("network - (none) 404 ")
    assert first.__dict__["route"] == "/scores/<key>" and first.__dict__["status"] == 404
    assert key[:8] not in caplog.text and "192.168" not in caplog.text
