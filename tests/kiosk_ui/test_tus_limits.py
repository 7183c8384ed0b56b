"""The upload protocol at its limits: hostile input, full queues and disks, ends that are none."""

from __future__ import annotations

import base64
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk_ui.config import WebConfig
from kiosk_ui.services import Services
from kiosk_ui.store import MIRRORED, UPLOAD, ScoreStore
from kiosk_ui.uploads.partial import PartialUploads
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.pieces import PIECE, UPLOADS, VERSION, Stream
from tests.kiosk_ui.tus import CONFIG, VIDEO, kept, server, stream

__all__ = ["server", "stream"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 412, "tus_version"),
        ({"Tus-Resumable": "0.2.2"}, 412, "tus_version"),
        (VERSION, 400, "header_invalid"),
        ({**VERSION, "Upload-Length": "-1"}, 400, "header_invalid"),
        ({**VERSION, "Upload-Length": "1e9"}, 400, "header_invalid"),
        ({**VERSION, "Upload-Length": "9" * 400}, 400, "header_invalid"),
        ({**VERSION, "Upload-Length": "0"}, 400, "video_empty"),
        ({**VERSION, "Upload-Length": "3000001"}, 413, "too_large"),
        ({**VERSION, "Upload-Defer-Length": "2"}, 400, "header_invalid"),
        ({**VERSION, "Upload-Length": "5", "Upload-Metadata": "name ?"}, 400, "metadata_invalid"),
        ({**VERSION, "Upload-Length": "5", "Upload-Metadata": "n /w=="}, 400, "metadata_invalid"),
        ({**VERSION, "Upload-Length": "5", "Upload-Metadata": "n " + "QUFB" * 2000}, 400,
         "metadata_invalid"),
        ({**VERSION, "Upload-Length": "5", "Upload-Metadata": "threshold Mg=="}, 400,
         "threshold_invalid"),
        ({**VERSION, "Upload-Length": "5", "Upload-Metadata": "mirrored Mg=="}, 400,
         "mirrored_invalid"),
    ],
)  # fmt: skip
def test_what_cannot_begin(
    phone: FlaskClient, web: Web, headers: dict[str, str], status: int, code: str
) -> None:
    phone = web.client("network", CONFIG)
    answer = phone.post(UPLOADS, headers=headers)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert not list(web.services.uploads.files.folder.iterdir())


@pytest.mark.parametrize("key", ["nothing", "..%2f..%2fscores.sqlite3", "%00", "a" * 3000])
def test_uploads_that_are_none(phone: FlaskClient, key: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = {**PIECE, "Upload-Offset": "0"}
        answer = phone.open(f"{UPLOADS}/{key}", method=method, headers=headers)
        assert answer.status_code == 404


def test_a_piece_must_say_what_it_is(stream: Callable[..., Stream]) -> None:
    sending = stream(length=5)
    headers = {**VERSION, "Upload-Offset": "0", "Content-Type": "video/mp4"}
    assert sending.ask("PATCH", sending.path, headers, b"video").status == 415
    assert sending.ask("PATCH", sending.path, PIECE, b"video").status == 400


def test_a_recording_cannot_grow_without_end(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream()
    for _ in range(3):
        assert sending.append(VIDEO).status == 204
    assert sending.append(b"x").status == 413
    assert sending.look().offset == 3_000_000


def test_a_place_is_promised_to_whoever_sends(web: Web, stream: Callable[..., Stream]) -> None:
    """Nobody should send a long video and only then be told that there is no place for it."""
    first = stream(length=5)
    for _ in range(CONFIG.queue_limit - 1):
        stream(length=5).append(b"video")
    refused = stream().begun
    assert (refused.status, json.loads(refused.body)["code"]) == (429, "queue_full")
    assert 5 <= int(refused.headers["retry-after"]) <= 60
    assert "score-page" in first.append(b"video").headers


def test_one_sender_cannot_take_the_whole_queue(stream: Callable[..., Stream]) -> None:
    greedy = {"X-Forwarded-For": "10.0.0.9, 192.168.1.7"}  # only the last one is the proxy's word
    for number in range(CONFIG.queue_per_client):
        sending = stream(length=5, headers=greedy)
        if number:
            sending.append(b"video")
    refused = stream(length=5, headers={"X-Forwarded-For": "192.168.1.7"}).begun
    assert (refused.status, json.loads(refused.body)["code"]) == (429, "client_full")
    assert stream(length=5, headers={"X-Forwarded-For": "192.168.1.8"}).begun.status == 201


def test_nobodys_address_is_written_down(web: Web, stream: Callable[..., Stream]) -> None:
    stream(length=9, headers={"X-Forwarded-For": "192.168.1.7"}).append(b"video")
    folder = web.services.uploads.files.folder
    for path in [*folder.iterdir(), *folder.parent.glob("*.sqlite3*")]:
        assert b"192.168.1.7" not in path.read_bytes()


def test_the_longest_silent_upload_makes_room(web: Web, stream: Callable[..., Stream]) -> None:
    config, uploads = CONFIG, web.services.uploads
    old = [stream(length=10) for _ in range(config.partial_uploads)]
    assert stream(length=10).begun.status == 429  # all of them may still be on their way
    for sending, minutes in zip(old, (0, 9, 5), strict=True):
        uploads._kept[sending.key].touched -= 60 * minutes
    assert stream(length=10).path
    assert [sending.look().status for sending in old] == [200, 404, 200]


def test_an_upload_that_nobody_finishes_is_removed(
    web: Web, stream: Callable[..., Stream]
) -> None:  # fmt: skip
    uploads = web.services.uploads
    sending, finished = stream(length=10), stream(length=5)
    finished.append(b"video")
    for known in uploads._kept.values():
        known.touched -= uploads.seconds + 1
    uploads.expire()
    assert (sending.look().status, finished.look().status) == (404, 404)
    assert not list(uploads.files.folder.iterdir())
    assert kept(web, finished.key) == b"video"


def test_a_clock_that_is_set_ends_no_upload_before_its_time(
    web: Web, stream: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = stream(length=10)
    for jump in (10.0**9, -(10.0**9)):
        monkeypatch.setattr("kiosk_ui.uploads.partial.time", lambda by=jump: time.time() + by)
        web.services.uploads.expire()
        assert sending.look().status == 200


def test_an_upload_from_before_the_start_is_as_old_as_its_last_byte(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "kiosk")
    before = PartialUploads(store)
    old, new, future = (before.create(length=9, threshold=0.5).key for _ in range(3))
    for key, age in ((old, before.seconds + 1), (new, before.seconds - 60), (future, -(10.0**9))):
        for path in before.files.folder.glob(f"{key}.*"):
            os.utime(path, (time.time() - age,) * 2)
    again = PartialUploads(store)
    again.recover()
    assert [bool(again.get(key)) for key in (old, new, future)] == [False, True, True]
    store.close()


def test_a_disk_without_room(web: Web) -> None:
    client = web.client("network", WebConfig(disk_floor_mb=1 << 40))
    answer = client.post(UPLOADS, headers={**VERSION, "Upload-Length": "5"})
    assert answer.status_code == 507


def test_a_disk_that_becomes_full_keeps_what_was_there(
    web: Web, phone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = phone.post(UPLOADS, headers={**VERSION, "Upload-Length": "9"})
    address = begun.headers["Location"]
    phone.patch(address, headers={**PIECE, "Upload-Offset": "0"}, data=b"vi")
    uploads = web.services.uploads

    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("no space left on device")
            return super().read(2)

    with pytest.raises(OSError, match="no space"):
        uploads.append(address.rsplit("/", 1)[1], 2, Torn(b"deo"), 3)
    assert phone.head(address, headers=VERSION).headers["Upload-Offset"] == "2"


def test_a_store_that_fails_at_the_end_loses_nothing(
    web: Web, phone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = phone.post(UPLOADS, headers={**VERSION, "Upload-Length": "5"})
    address = begun.headers["Location"]
    key = address.rsplit("/", 1)[1]
    with monkeypatch.context() as broken:
        broken.setattr("kiosk_ui.store.sync", fail)
        answer = phone.patch(address, headers={**PIECE, "Upload-Offset": "0"}, data=b"video")
        assert answer.status_code == 507
        assert phone.head(address, headers=VERSION).status_code >= 500
    answer = phone.head(address, headers=VERSION)
    assert answer.headers["Score-Page"] == f"/scores/{key}"
    assert kept(web, key) == b"video"


def fail(_path: Path) -> None:
    raise OSError("no space left on device")


@pytest.mark.parametrize("moved", [None, UPLOAD, MIRRORED])
def test_a_kiosk_that_stopped_at_the_very_end(
    web: Web, store: ScoreStore, phone: FlaskClient, moved: str | None
) -> None:
    """All bytes were there; the file may lie with the scores already, which know nothing of it."""
    metadata = f"mirrored {base64.b64encode(b'true').decode()}" if moved == MIRRORED else ""
    headers = {**VERSION, "Upload-Length": "5", "Upload-Metadata": metadata}
    begun = phone.post(UPLOADS, headers=headers)
    key = begun.headers["Location"].rsplit("/", 1)[1]
    web.services.uploads.files.path(key).write_bytes(b"video")
    if moved:
        store.path(key, moved).parent.mkdir()
        web.services.uploads.files.path(key).rename(store.path(key, moved))
    again = Services(store, web.services.settings)
    again.uploads.recover()
    assert kept(web, key) == b"video"
    assert again.uploads.finished(key)


def test_junk_among_the_uploads_is_removed(web: Web, store: ScoreStore) -> None:
    folder = web.services.uploads.files.folder
    (folder / "a.json").write_text("{")
    (folder / "a.bin").write_bytes(b"x")
    (folder / "b.json").write_text('{"wrong": 1}')
    Services(store, web.services.settings).uploads.recover()
    assert not list(folder.iterdir())
