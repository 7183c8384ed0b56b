from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Replay, Status
from kiosk_ui.store import MIRRORED, REPLAY, UPLOAD
from tests.kiosk_ui.conftest import Post, Web
from tests.kiosk_ui.fakes import assessment, until, write_video


def problem(response: TestResponse, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert (response.json["status"], response.json["code"]) == (status, code)
    assert response.json["detail"].endswith(".")


def key_of(response: TestResponse) -> str:
    assert response.status_code == 202, response.text
    assert response.json is not None
    return str(response.json["id"])


def test_a_video_is_queued(web: Web, phone: FlaskClient, post: Post) -> None:
    response = post(b"frames", threshold="0.65")
    key = key_of(response)
    assert response.headers["Location"] == f"/api/v1/scores/{key}"
    assert web.services.store.path(key, UPLOAD).read_bytes() == b"frames"
    answer = phone.get(response.headers["Location"])
    assert answer.json is not None
    assert (answer.json["status"], answer.json["threshold"]) == ("queued", 0.65)
    assert answer.headers["Retry-After"] == "1"


def test_the_kiosks_threshold_holds_where_none_is_sent(web: Web, post: Post) -> None:
    web.services.settings.update(threshold=0.75)
    for fields in ({}, {"threshold": ""}):
        assert post(**fields).json["threshold"] == 0.75  # type: ignore[index]


@pytest.mark.parametrize("threshold", ["1.01", "-0.1", "nan", "inf", "half", "0,5"])
def test_a_threshold_out_of_range(web: Web, post: Post, threshold: str) -> None:
    problem(post(threshold=threshold), 400, "threshold_invalid")
    assert web.services.store.waiting() == 0


def test_a_mirrored_video(web: Web, post: Post) -> None:
    store = web.services.store
    assert store.upload(key_of(post(mirrored="true"))).name == MIRRORED
    for text in ("false", ""):
        assert store.upload(key_of(post(mirrored=text))).name == UPLOAD
    problem(post(mirrored="perhaps"), 400, "mirrored_invalid")


def test_no_video(phone: FlaskClient, post: Post) -> None:
    problem(post(None), 400, "video_missing")
    problem(post(b""), 400, "video_empty")
    problem(phone.post("/api/v1/scores", json={"video": "x"}), 400, "video_missing")
    problem(phone.post("/api/v1/scores", data={"video": "no file"}), 400, "video_missing")
    nameless = {"video": (io.BytesIO(b""), "")}
    problem(phone.post("/api/v1/scores", data=nameless), 400, "video_missing")


def test_a_video_that_is_too_large(web: Web) -> None:
    client = web.client("network", WebConfig(max_upload_bytes=10_000, disk_floor_mb=0))
    data = {"video": (io.BytesIO(b"x" * 20_000), "squat.mp4")}
    problem(client.post("/api/v1/scores", data=data), 413, "too_large")
    assert not list(web.services.store.incoming.iterdir())


def test_nothing_of_a_refused_upload_is_left(web: Web, post: Post) -> None:
    post(threshold="2")
    post(b"")
    assert not list(web.services.store.incoming.iterdir())


def test_only_the_video_is_taken_of_several_files(web: Web, phone: FlaskClient) -> None:
    data = {"other": (io.BytesIO(b"a"), "a"), "video": (io.BytesIO(b"b"), "b")}
    key = key_of(phone.post("/api/v1/scores", data=data))
    assert web.services.store.path(key, UPLOAD).read_bytes() == b"b"
    assert not list(web.services.store.incoming.iterdir())


def test_a_form_of_many_parts_is_refused(web: Web, phone: FlaskClient) -> None:
    data = {f"file{n}": (io.BytesIO(b"a"), "a") for n in range(50)}
    problem(phone.post("/api/v1/scores", data=data), 400, "form_invalid")
    assert not list(web.services.store.incoming.iterdir())


def test_text_in_the_field_is_told_from_no_field(phone: FlaskClient) -> None:
    answer = phone.post("/api/v1/scores", data={"video": "squat.mp4"})
    problem(answer, 400, "video_missing")
    assert "holds text" in answer.get_data(as_text=True)


def test_a_full_queue(web: Web, post: Post) -> None:
    for _ in range(web.config.queue_limit):
        key_of(post())
    response = post()
    problem(response, 429, "queue_full")
    assert int(response.headers["Retry-After"]) > 0


def test_one_address_cannot_take_the_whole_queue(web: Web, phone: FlaskClient) -> None:
    def send(address: str, **headers: str) -> TestResponse:
        data = {"video": (io.BytesIO(b"video"), "squat.mp4")}
        where = {"REMOTE_ADDR": address}
        return phone.post("/api/v1/scores", data=data, headers=headers, environ_overrides=where)

    for _ in range(web.config.queue_per_client):
        key = key_of(send("192.168.1.7"))
    response = send("192.168.1.7")
    problem(response, 429, "client_full")
    assert int(response.headers["Retry-After"]) > 0
    # A stranger's word for whom it speaks is not believed, but that of a proxy on this machine is.
    problem(send("192.168.1.7", **{"X-Forwarded-For": "192.168.1.8"}), 429, "client_full")
    problem(send("127.0.0.1", **{"X-Forwarded-For": "192.168.1.7"}), 429, "client_full")
    key_of(send("127.0.0.1", **{"X-Forwarded-For": "192.168.1.8"}))
    key_of(send("192.168.1.9"))
    web.services.store.update(key, status=Status.FAILED, error="No.")
    key_of(send("192.168.1.7"))


def test_a_full_disk(web: Web) -> None:
    client = web.client("network", WebConfig(disk_floor_mb=1 << 40))
    data = {"video": (io.BytesIO(b"x"), "squat.mp4")}
    problem(client.post("/api/v1/scores", data=data), 507, "disk_full")


def test_unknown_scores_and_routes(phone: FlaskClient) -> None:
    problem(phone.get("/api/v1/scores/nothing"), 404, "score_unknown")
    problem(phone.get("/api/v1/scores/nothing/replay.mp4"), 404, "score_unknown")
    problem(phone.get("/api/v1/nothing"), 404, "not_found")
    problem(phone.get("/api/v1/scores/../../etc/passwd"), 404, "not_found")


def test_wrong_methods(phone: FlaskClient) -> None:
    response = phone.get("/api/v1/scores")
    problem(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]
    problem(phone.delete("/api/v1/scores/x"), 405, "method_not_allowed")


def test_a_fault_of_ours_is_a_problem_without_details(
    web: Web, phone: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str) -> None:
        raise RuntimeError("secret path")

    monkeypatch.setattr(web.services.store, "get", fail)
    response = phone.get("/api/v1/scores/x")
    problem(response, 500, "internal")
    assert "secret" not in response.text
    assert "secret path" in caplog.text


def recording(web: Web, replay: Replay = Replay.PENDING) -> str:
    key = web.services.store.add_recording(None, assessment().to_dict(), lambda path: None)
    web.services.store.update(key, replay=replay)
    return key


def test_a_finished_score(web: Web, phone: FlaskClient) -> None:
    response = phone.get(f"/api/v1/scores/{recording(web)}")
    assert response.json is not None
    assert response.json["assessment"] == assessment().to_dict()
    assert response.json["progress"] == 1.0
    assert "Retry-After" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_the_replay_waits_until_it_is_rendered(web: Web, phone: FlaskClient) -> None:
    key = recording(web)
    store = web.services.store

    def render() -> None:
        write_video(store.path(key, REPLAY), 0.5)
        store.update(key, replay=Replay.READY)

    timer = threading.Timer(0.3, render)
    timer.start()
    response = phone.get(f"/api/v1/scores/{key}/replay.mp4")
    assert response.status_code == 200
    assert response.mimetype == "video/mp4"
    assert response.data == store.path(key, REPLAY).read_bytes()


def test_the_replay_can_be_asked_for_before_the_score_is_done(
    web: Web, phone: FlaskClient, post: Post
) -> None:
    key = key_of(post())
    store = web.services.store

    def fail() -> None:
        store.update(key, status=Status.FAILED, error="The video is damaged.")

    threading.Timer(0.2, fail).start()
    response = phone.get(f"/api/v1/scores/{key}/replay.mp4")
    problem(response, 409, "score_failed")
    assert response.json is not None and response.json["detail"] == "The video is damaged."


def test_ranges_of_the_replay(web: Web, phone: FlaskClient) -> None:
    key = recording(web, Replay.READY)
    content = write_video(web.services.store.path(key, REPLAY), 0.5).read_bytes()
    url = f"/api/v1/scores/{key}/replay.mp4"
    whole = phone.get(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = phone.get(url, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.data) == (206, content[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(content)}"
    problem(phone.get(url, headers={"Range": "bytes=999999999-"}), 416, "range_invalid")
    assert phone.get(url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert phone.head(url).status_code == 200


@pytest.mark.parametrize("replay", [Replay.NONE, Replay.FAILED, Replay.READY])
def test_no_replay(web: Web, phone: FlaskClient, replay: Replay) -> None:
    key = recording(web, replay)  # "ready", but somebody has removed the file
    problem(phone.get(f"/api/v1/scores/{key}/replay.mp4"), 404, "no_replay")


def test_the_wait_for_a_replay_has_an_end(web: Web) -> None:
    client = web.client("network", WebConfig(disk_floor_mb=0, replay_patience=0.1))
    response = client.get(f"/api/v1/scores/{recording(web)}/replay.mp4")
    problem(response, 503, "replay_pending")
    assert response.headers["Retry-After"] == "5"


def test_few_may_wait_for_a_replay(web: Web) -> None:
    app = web.client("network", WebConfig(disk_floor_mb=0, replay_waiters=1)).application
    key = recording(web)
    got: list[int] = []

    def ask() -> None:
        got.append(app.test_client().get(f"/api/v1/scores/{key}/replay.mp4").status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: got == [503])
    web.services.store.update(key, replay=Replay.FAILED)
    for thread in threads:
        thread.join()
    assert got == [503, 404]


def test_a_server_that_stops_lets_the_waiting_go(web: Web, phone: FlaskClient) -> None:
    key = recording(web)
    threading.Timer(0.2, web.services.closing.set).start()
    problem(phone.get(f"/api/v1/scores/{key}/replay.mp4"), 503, "replay_pending")


def test_a_replay_of_a_deleted_score(web: Web, phone: FlaskClient) -> None:
    key = recording(web)
    threading.Timer(0.2, lambda: web.services.store.delete(key)).start()
    problem(phone.get(f"/api/v1/scores/{key}/replay.mp4"), 404, "score_unknown")


def test_files_of_an_upload_go_straight_to_the_store(
    web: Web, phone: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system's temporary folder is often in memory, and small."""
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    head = b'--B\r\nContent-Disposition: form-data; name="video"; filename="squat.mp4"\r\n\r\n'
    response = phone.post(
        "/api/v1/scores",
        data=head + b"x" * 2_000_000 + b"\r\n--B--\r\n",
        content_type="multipart/form-data; boundary=B",
    )
    key = key_of(response)
    assert web.services.store.path(key, UPLOAD).stat().st_size == 2_000_000
