"""Uploads in pieces over real sockets: the reference client, a bare one, broken connections."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

from edge.settings import SettingsStore
from kiosk_ui.server import CarefulServer
from kiosk_ui.services import Services
from kiosk_ui.store import ScoreStore
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import PIECE, UPLOADS, VERSION, Stream
from tests.kiosk_ui.servers import serving
from tests.kiosk_ui.tus import CONFIG, VIDEO, kept, server, stream

__all__ = ["server", "stream"]


def reference(server: CarefulServer) -> TusClient:
    return TusClient(f"http://127.0.0.1:{server.effective_port}{UPLOADS}")


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
