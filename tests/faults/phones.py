"""Phones on the network, as the kiosk sees them behind its own proxy: each has an address."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

from tests.kiosk_ui.pieces import Answer, Stream
from tests.kiosk_ui.processes import form

BUSY = (429, 503)
"""Come again: said with Retry-After."""


@dataclass
class Phone:
    """Somebody's phone.

    :param port: where the kiosk listens on this machine.
    :param number: tells it from others.
    """

    port: int
    number: int = 1
    refused: list[Answer] = field(default_factory=list)
    """The answers that asked it to come again."""
    cookie: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What nginx says of it."""
        address = f"192.168.{self.number // 250}.{self.number % 250 + 2}"
        return {"X-Forwarded-For": address, **({"Cookie": self.cookie} if self.cookie else {})}

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request on a connection of its own."""
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            wire.request(method, path, body or None, {**self.headers, **headers})
            answer = wire.getresponse()
            read = answer.read()
            if cookie := answer.getheader("Set-Cookie"):
                self.cookie = cookie.split(";")[0]
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, read)
        finally:
            wire.close()

    def post(self, video: bytes) -> Answer:
        """Send a video as a form does."""
        kind = "multipart/form-data; boundary=B"
        return self.ask("POST", "/api/v1/scores", form(video), **{"Content-Type": kind})

    def insist(self, video: bytes, seconds: float = 300.0) -> str:
        """Send a video, and again whenever it is asked to; return the id of its score."""
        end = monotonic() + seconds
        while monotonic() < end:
            answer = self.post(video)
            if answer.status == 202:
                return str(json.loads(answer.body)["id"])
            assert answer.status in BUSY, answer
            self.refused.append(answer)
            sleep(min(float(answer.headers["retry-after"]), 5.0))
        raise AssertionError("the kiosk never took the video")

    def stream(self, video: bytes, piece: int = 1 << 16, *, known: bool = True) -> str:
        """Send a video in pieces; return the id of its score.

        :param known: whether its length is told at the beginning.
        """
        sending = Stream(self.port, len(video) if known else None, headers=self.headers)
        try:
            assert sending.begin().status == 201, sending.begun
            for at in range(0, len(video), piece):
                last = at + piece >= len(video)
                answer = sending.append(video[at : at + piece], last=last)
                assert answer.status == 204, answer
            return sending.key
        finally:
            sending.close()

    def score(self, key: str) -> dict[str, Any]:
        """Ask for a score."""
        return dict(json.loads(self.ask("GET", f"/api/v1/scores/{key}").body))

    def verdict(self, key: str, seconds: float = 300.0) -> dict[str, Any]:
        """Ask again and again until a score is done or failed."""
        end = monotonic() + seconds
        while (score := self.score(key))["status"] not in ("done", "failed"):
            assert monotonic() < end, score
            sleep(0.1)
        return score
