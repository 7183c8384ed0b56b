"""A bare client of the upload protocol, for what the reference client does not do."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {**VERSION, "Content-Type": "application/offset+octet-stream"}
UPLOADS = "/api/v1/uploads"


@dataclass
class Answer:
    """Status, headers by their names in small letters, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])


@dataclass
class Stream:
    """A recording that is sent while it is being made.

    :param port: where a kiosk listens on this machine.
    :param length: bytes in all; None: told with the last piece.
    """

    port: int
    length: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    offset: int = 0
    begun: Answer = field(default_factory=lambda: Answer(0, {}))

    def __post_init__(self) -> None:
        self._wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        self._wire.request(method, path, body, {**headers, **self.headers})
        answer = self._wire.getresponse()
        body = answer.read()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def begin(self) -> Answer:
        """Make the upload."""
        length = {"Upload-Defer-Length": "1"}
        if self.length is not None:
            length = {"Upload-Length": str(self.length)}
        pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in self.metadata.items())
        headers = {**VERSION, **length, "Upload-Metadata": ",".join(pairs)}
        self.begun = self.ask("POST", UPLOADS, headers)
        self.path = self.begun.headers.get("location", "")
        return self.begun

    @property
    def key(self) -> str:
        return self.path.rsplit("/", 1)[1]

    def append(self, piece: bytes, *, last: bool = False) -> Answer:
        """Send the next piece; the last one says how long the whole is."""
        whole = {"Upload-Length": str(self.offset + len(piece))} if last else {}
        headers = {**PIECE, "Upload-Offset": str(self.offset), **whole}
        answer = self.ask("PATCH", self.path, headers, piece)
        if answer.status == 204:
            self.offset = answer.offset
        return answer

    def look(self) -> Answer:
        """Ask how far it is."""
        return self.ask("HEAD", self.path, VERSION)

    def stop(self) -> Answer:
        """Give it up."""
        return self.ask("DELETE", self.path, VERSION)

    def close(self) -> None:
        self._wire.close()
