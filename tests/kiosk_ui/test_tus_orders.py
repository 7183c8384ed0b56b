"""Whatever the order of requests, of broken pieces and of restarts: no byte is lost or doubled."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from werkzeug.test import TestResponse

from edge.settings import SettingsStore
from kiosk_ui.app import create_app
from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Status
from kiosk_ui.services import Services
from kiosk_ui.store import UPLOAD, ScoreStore
from tests.kiosk_ui.pieces import PIECE, UPLOADS, VERSION

CONFIG = WebConfig(disk_floor_mb=0, queue_limit=1000, max_upload_bytes=64)
pieces = st.binary(max_size=12)


@dataclass
class Known:
    """What the test believes of an upload."""

    address: str
    length: int | None
    sent: bytes = b""
    gone: bool = False
    done: bool = False

    @property
    def key(self) -> str:
        return self.address.rsplit("/", 1)[1]


class Orders(RuleBasedStateMachine):
    """Sends anything in any order and compares with a model in memory."""

    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orders-"))
        self.known: list[Known] = []
        self.start()

    def start(self) -> None:
        self.store = ScoreStore(self.folder)
        self.services = Services(self.store, SettingsStore(self.folder / "settings.json"))
        self.services.uploads.recover()
        self.client: FlaskClient = create_app(CONFIG, self.services, face="network").test_client()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(target=uploads, length=st.one_of(st.none(), st.integers(0, 70)))
    def begin(self, length: int | None) -> object:
        told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        answer = self.client.post(UPLOADS, headers={**VERSION, **told})
        if length == 0 or (length or 0) > CONFIG.max_upload_bytes:
            assert answer.status_code in (400, 413)
            return multiple()
        assert answer.status_code == 201
        self.known.append(Known(answer.headers["Location"], length))
        return self.known[-1]

    @rule(
        known=uploads,
        piece=pieces,
        shift=st.sampled_from([0, 0, 0, 0, -1, 1, -5]),
        length=st.one_of(st.none(), st.none(), st.just("right"), st.integers(1, 70)),
    )
    def append(self, known: Known, piece: bytes, shift: int, length: str | int | None) -> None:
        at = len(known.sent) + shift
        if at < 0:
            return
        whole = at + len(piece) if length == "right" else length
        headers = {**PIECE, "Upload-Offset": str(at)}
        if whole is not None:
            headers["Upload-Length"] = str(whole)
        answer = self.client.patch(known.address, headers=headers, data=piece)
        expected = self.expected(known, at, len(piece), whole)
        assert answer.status_code == expected, (known, at, piece, whole)
        if expected != 204:
            return
        known.sent += piece if not known.done else b""
        known.length = known.length if whole is None else int(whole)
        assert int(answer.headers["Upload-Offset"]) == len(known.sent)
        self.finished(known, answer)

    def expected(self, known: Known, at: int, size: int, whole: str | int | None) -> int:
        """Return the status that is to come."""
        length = known.length if whole is None else int(whole)
        if known.gone:
            return 404
        if whole == 0:
            return 400
        if (whole is not None and int(whole) > CONFIG.max_upload_bytes) or (
            at + size > CONFIG.max_upload_bytes
        ):
            return 413
        if at != len(known.sent):
            return 409
        if known.length not in (None, length) or (length is not None and at + size > length):
            return 400
        return 204

    def finished(self, known: Known, answer: TestResponse) -> None:
        known.done = known.length is not None and len(known.sent) == known.length
        assert ("Score-Page" in answer.headers) == known.done

    @rule(known=uploads)
    def look(self, known: Known) -> None:
        answer = self.client.head(known.address, headers=VERSION)
        assert answer.status_code == (404 if known.gone else 200)
        if not known.gone:
            assert int(answer.headers["Upload-Offset"]) == len(known.sent)
            assert ("Upload-Length" in answer.headers) == (known.length is not None)
            self.finished(known, answer)

    @rule(known=uploads)
    def stop(self, known: Known) -> None:
        answer = self.client.delete(known.address, headers=VERSION)
        assert answer.status_code == (404 if known.gone else 204)
        known.gone = True

    @rule(torn=st.sampled_from(["", "", "after the last byte", "after the move"]))
    def restart(self, torn: str) -> None:
        """End the kiosk, sometimes while it makes scores of what has just become complete."""
        self.store.close()
        for known in self.known if torn else []:
            if known.gone or known.done or known.length is None:
                continue
            data = self.folder / "partial" / f"{known.key}.bin"
            known.sent += bytes(known.length - len(known.sent))
            data.write_bytes(known.sent)
            known.done = True
            if torn == "after the move":
                (self.folder / "scores" / known.key).mkdir()
                data.replace(self.folder / "scores" / known.key / UPLOAD)
        self.start()

    @rule(known=uploads)
    def take(self, known: Known) -> None:
        """Let the upload be taken by whoever scores it while it arrives, and given back."""
        taken = self.services.uploads.take(0.0, lambda partial: partial.key == known.key)
        assert (taken is None) or not (known.done or known.gone)
        if taken is not None:
            self.services.uploads.give_back(known.key)

    @invariant()
    def nothing_is_lost(self) -> None:
        for known in self.known:
            score = self.store.get(known.key)
            assert (score is not None) == known.done
            if score is not None:
                assert score.status is Status.QUEUED
                assert self.store.path(known.key, UPLOAD).read_bytes() == known.sent
        waiting = sum(known.done for known in self.known)
        assert self.store.waiting() == waiting


@pytest.mark.long
def test_many_orders() -> None:
    """What the ordinary suite does with a few examples."""
    machine = Orders.TestCase
    machine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    machine().runTest()


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
