"""The production server: waitress, set up so that slow and greedy clients do no harm."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Final

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]
from waitress.task import ErrorTask  # type: ignore[import-untyped]

from kiosk_ui.config import WebConfig
from kiosk_ui.disk import free_bytes
from kiosk_ui.faces import is_loopback
from kiosk_ui.problems import MEDIA_TYPE, TITLES, WORDS
from kiosk_ui.uploads.form import client_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

UPLOAD_PATHS: Final = ("/api/v1/scores", "/phone", "/api/v1/uploads")
PIECES: Final = "/api/v1/uploads/"
"""Below this path uploads arrive in pieces."""

SMALL_BODY: Final = 65_536
"""Bytes that a request may carry anywhere else."""

THREADS_BESIDE: Final = 16
"""Threads that requests from the network never hold: eight endless streams, and some more."""

MOST_CONNECTIONS: Final = 500
PLACES_OF_THE_DEVICE: Final = 100
"""Connections of those that the network never takes: for the screen, and for nginx before us."""

HEADER_SECONDS: Final = 20.0
"""A request's headers must be there after so long; and the first byte of a new connection."""

BODY_SECONDS: Final = 60.0
SLOWEST: Final = 1000.0
"""After so long a body must have come with so many bytes a second: a phone in a far corner does."""


class Refusal:
    """An answer that is given before the request's body is read; waitress's idea of an error."""

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        self.code, self.word = status, code
        self._retry_after = retry_after
        self._body = {
            "type": "about:blank",
            "title": TITLES.get(status, "Error"),
            "status": status,
            "detail": detail,
            "code": code,
        }

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status line, headers and body."""
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if self._retry_after is not None:
            headers.append(("Retry-After", str(self._retry_after)))
        return f"{self.code} {self._body['title']}", headers, json.dumps(self._body).encode()


class ProblemTask(ErrorTask):  # type: ignore[misc] # waitress has no types
    """Gives waitress's own errors the form of all others."""

    def execute(self) -> None:
        """Send the error."""
        error = self.request.error
        if not isinstance(error, Refusal):
            code, detail = WORDS.get(error.code, WORDS[400 if error.code < 500 else 500])
            self.request.error = Refusal(error.code, code, detail)
        super().execute()


class CarefulParser(HTTPRequestParser):  # type: ignore[misc]
    """Looks at a request's headers before its body is let in."""

    def __init__(self, adj: Any, server: CarefulServer, address: str) -> None:
        super().__init__(adj)
        self._server = server
        self._address = address
        self.began = monotonic()
        self.bytes_got = 0
        self.client = ""

    def received(self, data: bytes) -> int:
        """Take some bytes."""
        taken = int(super().received(data))
        self.bytes_got += taken
        return taken

    def is_slow(self) -> bool:
        """Tell whether it takes longer to come than any honest one."""
        took = monotonic() - self.began
        if not self.headers_finished:
            return took > HEADER_SECONDS
        return took > BODY_SECONDS and self.bytes_got < SLOWEST * took

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, and refuse the body where there is no room for it."""
        super().parse_header(header_plus)
        self.client = client_of(
            {
                "REMOTE_ADDR": self._address,
                "HTTP_X_FORWARDED_FOR": self.headers.get("X_FORWARDED_FOR", ""),
            }
        )
        self.error = self._refusal()
        if self.error is not None:
            self._server.refused(self.error.code, self.error.word)
            self.completed = True
            self.expect_continue = False  # or the body would be asked for after all

    def _refusal(self) -> Refusal | None:
        if not self.chunked and self.content_length <= SMALL_BODY:
            return None
        piece = self.path.startswith(PIECES)
        if not piece and self.path not in UPLOAD_PATHS:
            elsewhere = "Only videos may be so large. They are taken at /api/v1/scores."
            return Refusal(413, "too_large", elsewhere)
        if self.content_length > self.adj.max_request_body_size:
            return Refusal(413, *WORDS[413])
        server = self._server
        of_client = server.uploads(self.client) if self.client else 0
        if server.uploads() >= server.most_uploads or of_client >= server.most_of_client:
            # A piece is through in a moment.
            busy = "Many videos are being sent. Please try again in a minute."
            return Refusal(503, "busy", busy, retry_after=1 if piece else 30)
        # The body is written once by the server and once more by the application.
        expected = 2 * (self.content_length or self.adj.max_request_body_size)
        if free_bytes(server.spool) - expected < server.disk_floor:
            return Refusal(
                507, "disk_full", "There is no room for more videos. Please tell the staff."
            )
        return None

    @property
    def uploading(self) -> bool:
        """Tell whether a large body is on its way in."""
        large = self.chunked or self.content_length > SMALL_BODY
        return bool(self.headers_finished and not self.completed and large)


class CarefulChannel(HTTPChannel):  # type: ignore[misc]
    """A connection with a careful parser."""

    error_task_class = ProblemTask

    def __init__(self, *args: Any, **options: Any) -> None:
        self._opened = monotonic()
        super().__init__(*args, **options)

    def parser_class(self, adj: Any) -> CarefulParser:
        """Make the parser of the next request."""
        return CarefulParser(adj, self.server, str(self.addr[0]))

    def is_slow(self) -> bool:
        """Tell whether its client only holds it open."""
        if self.request is not None:
            return bool(self.request.is_slow())
        unused = self.last_activity == self.creation_time
        return bool(unused and not self.requests and monotonic() - self._opened > HEADER_SECONDS)


class CarefulServer(TcpWSGIServer):  # type: ignore[misc]
    """A listener that counts the videos that are being sent to it, and who is connected.

    Connections of the network have a limit, each client's another one, and none stays open that
    only dribbles: the device itself always gets one.
    """

    channel_class = CarefulChannel
    spool = Path()
    most_uploads = 8
    most_of_client = 4
    most_connections = 40
    disk_floor = 0
    refused: Callable[[int, str], None]

    def uploads(self, client: str | None = None) -> int:
        """Return how many large bodies are on their way in; None: those of everybody."""
        requests = (channel.request for channel in self.active_channels.values())
        return sum(
            isinstance(r, CarefulParser) and r.uploading and client in (None, r.client)
            for r in requests
        )

    def accept(self) -> Any:
        """Take a connection, or close it at once where its client has enough of them."""
        accepted = super().accept()
        if accepted is not None and not self._has_place(str(accepted[1][0])):
            accepted[0].close()
            return None
        return accepted

    def _has_place(self, address: str) -> bool:
        if _is_device(address):
            return True
        network = [str(channel.addr[0]) for channel in self.active_channels.values()]
        network = [other for other in network if not _is_device(other)]
        return (
            len(network) < MOST_CONNECTIONS - PLACES_OF_THE_DEVICE
            and network.count(address) < self.most_connections
        )

    def readable(self) -> bool:
        """Tell whether it takes connections; now and then look for those that only hold one open.

        Waitress goes by the system's clock: put back by a day, it would not look for a day.
        """
        latest = time() + self.adj.cleanup_interval
        self.next_channel_cleanup: float = min(self.next_channel_cleanup, latest)
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Close what is silent, and what is slow on purpose."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_slow():
                channel.will_close = True


@lru_cache(maxsize=1024)
def _is_device(address: str) -> bool:
    return is_loopback(address)


def make_server(
    application: WSGIApplication,
    config: WebConfig,
    spool: Path,
    *,
    host: str,
    port: int,
    refused: Callable[[int, str], None] = lambda status, code: None,
) -> CarefulServer:
    """Return a server that listens already; ``run()`` serves until ``SystemExit`` is raised.

        server = make_server(application, config, store.incoming, host="0.0.0.0", port=8080)
        server.run()

    One thread does all reading and writing, so slow clients hold up nobody; the others run the
    application.

    :param spool: folder for what is being received; it should be on a disk, not in memory.
    :param port: 0 takes a free one, which is then in ``effective_port``.
    :param refused: is told status and code of each body that is not let in.
    :raises OSError: the port is taken.
    """
    # waitress writes bodies to the system's temporary folder, which often is in memory.
    tempfile.tempdir = str(spool)
    settings = Adjustments(
        host=host,
        port=port,
        ident="squat-kiosk",
        threads=config.network_requests + THREADS_BESIDE,
        max_request_body_size=config.max_upload_bytes + 1,
        max_request_header_size=16_384,
        connection_limit=MOST_CONNECTIONS,
        cleanup_interval=5,
        asyncore_use_poll=True,
        outbuf_high_watermark=262_144,  # a live picture must not lag behind by megabytes
        clear_untrusted_proxy_headers=False,  # is_device() has to see them
    )
    server = CarefulServer(application, adj=settings)
    server.spool = spool
    server.disk_floor = config.disk_floor
    server.refused = refused
    server.most_uploads = config.uploads_at_once
    server.most_of_client = config.uploads_per_client
    server.most_connections = config.connections_per_client
    return server
