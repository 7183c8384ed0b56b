"""Uploads in pieces over real sockets: the reference client, a bare one, broken connections."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

from edge.settings import SettingsStore
from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Status
from kiosk_ui.server import CarefulServer
from kiosk_ui.services import Services
from kiosk_ui.store import MIRRORED, UPLOAD, ScoreStore
from kiosk_ui.uploads.partial import PartialUploads
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import PIECE, UPLOADS, VERSION, Stream
from tests.kiosk_ui.servers import serving

CONFIG = WebConfig(max_upload_bytes=3_000_000, disk_floor_mb=0, queue_limit=4, partial_uploads=3)
VIDEO = bytes(os.urandom(1_000_000))


@pytest.fixture
def server(web: Web) -> Iterator[CarefulServer]:
    with serving(CONFIG, web.services) as made:
        yield made


@pytest.fixture
def stream(server: CarefulServer) -> Iterator[Callable[..., Stream]]:
    made: list[Stream] = []

    def make(**options: Any) -> Stream:
        made.append(Stream(server.effective_port, **options))
        made[-1].begin()
        return made[-1]

    yield make
    for one in made:
        one.close()


def reference(server: CarefulServer) -> TusClient:
    return TusClient(f"http://127.0.0.1:{server.effective_port}{UPLOADS}")


def kept(web: Web, key: str) -> bytes:
    score = web.services.store.get(key)
    assert score is not None and score.status is Status.QUEUED
    return web.services.store.upload(key).read_bytes()


# ---- the reference client


def test_the_reference_client_uploads(web: Web, server: CarefulServer) -> None:
    uploader = reference(server).uploader(
        file_stream=io.BytesIO(VIDEO), chunk_size=300_000, metadata={"threshold": "0.7"}
    )
    uploader.upload()
    key = str(uploader.url).rsplit("/", 1)[1]
    assert kept(web, key) == VIDEO
    score = web.services.store.get(key)
    assert score is not None and score.threshold == 0.7


def test_the_reference_client_uploads_in_one_piece(web: Web, server: CarefulServer) -> None:
    uploader = reference(server).uploader(file_stream=io.BytesIO(VIDEO))
    uploader.upload()
    assert kept(web, str(uploader.url).rsplit("/", 1)[1]) == VIDEO


def test_the_reference_client_resumes_after_a_restart(tmp_path: Path) -> None:
    """It is ended in the middle, the kiosk is as well, and neither knows anything but its files."""

    class Video(io.BytesIO):
        def close(self) -> None:
            """Stay open: the client closes what it has read for its fingerprint."""

    def run(port: int, stop_at: int | None) -> str:
        client = TusClient(f"http://127.0.0.1:{port}{UPLOADS}")
        addresses: Any = FileStorage(str(tmp_path / "a.json"))  # type: ignore[no-untyped-call]
        with closing(addresses):
            uploader = client.uploader(
                file_stream=Video(VIDEO), chunk_size=200_000, store_url=True, url_storage=addresses
            )
            uploader.upload(stop_at=stop_at)
        return str(uploader.url).rsplit("/", 1)[1]

    def start() -> Web:
        store = ScoreStore(tmp_path / "kiosk")
        store.clear_incoming()
        services = Services(store, SettingsStore(tmp_path / "settings.json"))
        services.uploads.recover()
        return Web(services, None, None)  # type: ignore[arg-type] # the screen is not asked for

    first = start()
    with serving(CONFIG, first.services) as server:
        port = server.effective_port
        key = run(port, 500_000)
    first.services.store.close()
    second = start()
    with serving(CONFIG, second.services, port=port) as server:
        assert second.services.uploads.offset(key) == 500_000
        assert run(server.effective_port, None) == key
    assert kept(second, key) == VIDEO
    second.services.store.close()


def test_the_reference_client_is_told_of_a_full_queue(web: Web, server: CarefulServer) -> None:
    for _ in range(CONFIG.queue_limit):
        reference(server).uploader(file_stream=io.BytesIO(b"video")).upload()
    with pytest.raises(TusCommunicationError) as refused:
        reference(server).uploader(file_stream=io.BytesIO(b"video")).upload()
    assert refused.value.status_code == 429


# ---- what it does not do


def test_what_is_understood_is_told(server: CarefulServer) -> None:
    made = Stream(server.effective_port)
    answer = made.ask("OPTIONS", UPLOADS, {})
    made.close()
    assert answer.status == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert "creation-defer-length" in answer.headers["tus-extension"]
    assert answer.headers["tus-max-size"] == str(CONFIG.max_upload_bytes)


def test_a_recording_is_sent_while_it_is_made(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream()
    assert sending.look().headers["upload-defer-length"] == "1"
    for begin in range(0, 900_000, 300_000):
        answer = sending.append(VIDEO[begin : begin + 300_000])
        assert (answer.status, "location" in answer.headers) == (204, False)
    answer = sending.append(VIDEO[900_000:], last=True)
    assert answer.headers["location"] == f"/api/v1/scores/{sending.key}"
    assert answer.headers["score-page"] == f"/scores/{sending.key}"
    assert kept(web, sending.key) == VIDEO


def test_the_end_may_come_without_a_byte(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream()
    sending.append(VIDEO)
    assert "score-page" in sending.append(b"", last=True).headers
    assert kept(web, sending.key) == VIDEO


def test_whoever_lost_the_last_answer_finds_the_score(
    web: Web, stream: Callable[..., Stream]
) -> None:  # fmt: skip
    sending = stream(length=5)
    sending.append(b"video")
    for _ in range(2):
        answer = sending.look()
        assert (answer.status, answer.offset) == (200, 5)
        assert answer.headers["upload-length"] == "5"
        assert answer.headers["score-page"] == f"/scores/{sending.key}"
    again = sending.append(b"")
    assert (again.status, again.headers["score-page"]) == (204, f"/scores/{sending.key}")
    assert web.services.store.waiting() == 1


def test_a_piece_in_the_wrong_place_is_refused(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream(length=10)
    sending.append(b"video")
    for offset in (0, 4, 6):
        sending.offset = offset
        answer = sending.append(b"x")
        assert (answer.status, json.loads(answer.body)["code"]) == (409, "offset_wrong")
    assert sending.look().offset == 5
    sending.offset = 5
    assert sending.append(b"too long").status == 400
    assert sending.append(b" done").status == 204
    assert kept(web, sending.key) == b"video done"


def test_the_length_cannot_change(stream: Callable[..., Stream]) -> None:
    sending = stream(length=10)
    assert sending.append(b"video", last=True).status == 400
    deferred = stream()
    deferred.append(b"video")
    answer = deferred.ask(
        "PATCH", deferred.path, {**PIECE, "Upload-Offset": "5", "Upload-Length": "3"}, b""
    )
    assert answer.status == 400
    assert deferred.look().offset == 5


def test_a_connection_that_breaks_in_a_piece(
    web: Web, server: CarefulServer, stream: Callable[..., Stream]
) -> None:
    sending = stream(length=len(VIDEO))
    sending.append(VIDEO[:100_000])
    with socket.create_connection(("127.0.0.1", server.effective_port)) as wire:
        head = f"PATCH {sending.path} HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 500000\r\n"
        fields = {**PIECE, "Upload-Offset": "100000"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        wire.sendall((head + lines + "\r\n").encode() + VIDEO[100_000:300_000])
        until(lambda: server.uploads() == 1)
    until(lambda: server.uploads() == 0)
    # The client has lost its connection as well.
    again = Stream(server.effective_port, path=sending.path)
    assert again.look().offset == 100_000
    again.offset = 100_000
    assert "score-page" in again.append(VIDEO[100_000:]).headers
    assert kept(web, sending.key) == VIDEO
    again.close()


def test_an_upload_can_be_given_up(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream(length=10)
    sending.append(b"video")
    assert sending.stop().status == 204
    assert [a.status for a in (sending.look(), sending.append(b"x"), sending.stop())] == [404] * 3
    assert not list(web.services.uploads.files.folder.iterdir())


def test_a_score_outlives_its_upload(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream(length=5)
    sending.append(b"video")
    sending.stop()
    assert kept(web, sending.key) == b"video"


def test_pieces_can_be_posted(web: Web, stream: Callable[..., Stream]) -> None:
    sending = stream()
    override = {**PIECE, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    answer = sending.ask("POST", sending.path, {**override, "Upload-Length": "5"}, b"video")
    assert answer.status == 204
    assert kept(web, sending.key) == b"video"
    assert sending.ask("POST", sending.path, VERSION).status == 405


def test_the_first_piece_may_come_with_the_beginning(web: Web, server: CarefulServer) -> None:
    made = Stream(server.effective_port)
    answer = made.ask("POST", UPLOADS, {**PIECE, "Upload-Length": "5"}, b"video")
    assert (answer.status, answer.offset) == (201, 5)
    assert kept(web, answer.headers["location"].rsplit("/", 1)[1]) == b"video"
    made.close()


# ---- limits and hostile input


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
