"""Attacks that need a wire: on the real server, and through the real nginx before it.

All of this machine's addresses are the device itself, which has no limits; here only 127.0.0.1 is,
and strangers come from 127.0.0.2 and so on.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from kiosk_ui import server as server_module
from kiosk_ui.phones.front import nginx_path
from kiosk_ui.server import CarefulServer
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.servers import serving
from tests.kiosk_ui.test_front import HOST, Door, running
from tests.kiosk_ui.test_server import ask, connect, health
from tests.kiosk_ui.wire import CONFIG, server

__all__ = ["server"]
STRANGER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"

needs_nginx = pytest.mark.skipif(
    nginx_path() is None, reason="no nginx: apt-get install nginx-light"
)


@pytest.fixture
def front(web: Web, tmp_path: Path) -> Iterator[Door]:
    with (
        serving(CONFIG, web.services) as made,
        running(tmp_path / "https", int(made.effective_port), addresses=["127.0.0.1"]) as door,
    ):
        yield door


def connect_from(server: CarefulServer, address: str) -> socket.socket:
    return socket.create_connection(
        ("127.0.0.1", server.effective_port), timeout=20, source_address=(address, 0)
    )


def was_closed(wire: socket.socket) -> bool:
    """Tell whether the server has hung up."""
    wire.settimeout(20)
    try:
        return wire.recv(1000) == b""
    except OSError:
        return True


def words(wire: socket.socket) -> bytes:
    """Read until the server hangs up or falls silent."""
    wire.settimeout(2)
    parts = []
    with suppress(OSError):
        while part := wire.recv(65536):
            parts.append(part)
    return b"".join(parts)


# ---- slow and greedy


def test_slow_loris(server: CarefulServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections whose headers never end."""
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.5)
    with ExitStack() as stack:
        slow = [stack.enter_context(connect_from(server, f"127.0.1.{n}")) for n in range(1, 41)]
        for wire in slow:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: ki")
        assert health(server) == 200
        assert all(was_closed(wire) for wire in slow)
    assert health(server) == 200


def test_silent_connections(server: CarefulServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.5)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect_from(server, f"127.0.1.{n}")) for n in range(1, 11)]
        assert all(was_closed(wire) for wire in silent)


def test_slow_body(server: CarefulServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A video that comes in drops would keep others from sending theirs."""
    monkeypatch.setattr(server_module, "BODY_SECONDS", 0.5)
    head = b"POST /api/v1/scores HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 900000\r\n\r\n--B"
    with closing(connect_from(server, STRANGER)) as wire:
        wire.sendall(head)
        until(lambda: server.uploads() == 1)
        assert was_closed(wire)
    until(lambda: server.uploads() == 0)


def test_flood_of_connections(server: CarefulServer) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(connect_from(server, STRANGER)) for _ in range(40)]
        for wire in taken:
            with suppress(OSError):
                wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: ki")
        until(lambda: len(server.active_channels) <= CONFIG.connections_per_client)
        assert health(server) == 200  # the screen
        with closing(connect_from(server, NEIGHBOUR)) as wire:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\n\r\n")
            assert words(wire).startswith(b"HTTP/1.1 200")


def test_flood_from_many_addresses(
    server: CarefulServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Whoever takes all the places that the network has, takes none of the screen's."""
    monkeypatch.setattr(server_module, "PLACES_OF_THE_DEVICE", server_module.MOST_CONNECTIONS - 20)
    with ExitStack() as stack:
        for number in range(1, 60):
            wire = stack.enter_context(connect_from(server, f"127.0.1.{number}"))
            with suppress(OSError):
                wire.sendall(b"GET /heal")
        until(lambda: len(server.active_channels) == 20)
        assert health(server) == 200


def test_taking_every_upload_place(server: CarefulServer) -> None:
    head = b"POST /api/v1/scores HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 900000\r\n\r\n--B"
    with ExitStack() as stack:
        for _ in range(5):
            wire = stack.enter_context(connect_from(server, STRANGER))
            wire.sendall(head)
        until(lambda: server.uploads() == CONFIG.uploads_per_client)
        wire = stack.enter_context(connect_from(server, NEIGHBOUR))
        wire.sendall(head)
        until(lambda: server.uploads() == CONFIG.uploads_per_client + 1)


def test_many_requests_in_one_go(web: Web, server: CarefulServer) -> None:
    with closing(connect_from(server, STRANGER)) as wire, suppress(OSError):
        wire.sendall(b"GET /ca.crt HTTP/1.1\r\nHost: kiosk\r\n\r\n" * 500)
        answers = re.findall(rb"HTTP/1\.1 (\d+)", words(wire))
        assert set(answers) == {b"404", b"429"}
    assert health(server) == 200


HUGE = [
        b"GET /" + b"x" * 30_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4000 + b"\r\n",
        b"GET / HTTP/1.1\r\nCookie: " + b"k" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 10_000_000,
]  # fmt: skip


def test_huge_headers(server: CarefulServer) -> None:
    for head in HUGE:
        with closing(connect_from(server, STRANGER)) as wire:
            with suppress(OSError):
                wire.sendall(head)
            answer = words(wire)
        assert not answer or re.match(rb"HTTP/1\.[01] 4(31|14|00)", answer), answer[:100]
        assert health(server) == 200


# ---- what two readers could read differently

HIDDEN = b"POST /me/delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nX-Hidden: 1\r\n\r\n"

SMUGGLED = {
    "CL.TE": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    % (5 + len(HIDDEN)),
    "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    "list of lengths": b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN),
    "signed length": b"Content-Length: +%d\r\n\r\n" % len(HIDDEN),
    "negative length": b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": b"Content-Length: 0x10\r\n\r\n",
    "underlined length": b"Content-Length: 1_0\r\n\r\n",
    "folded length": b"Content-Length:\r\n %d\r\n\r\n" % len(HIDDEN),
    "space before colon": b"Content-Length : %d\r\n\r\n" % len(HIDDEN),
    "TE with a tab": b"Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "TE unknown": b"Transfer-Encoding: xchunked\r\n\r\n",
    "TE twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "TE disguised": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"Content-Length: 0\nTransfer-Encoding: chunked\n\n0\n\n",
    "chunk size with sign": b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
    "chunk size underlined": b"Transfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n",
    "chunk extension with line feed": b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
    "null byte": b"Content-Length\x00: 5\r\n\r\n",
}
"""What stands between the first line of a request and a second one that is hidden behind it."""


def test_request_smuggling(web: Web, server: CarefulServer) -> None:
    """Nothing follows an ambiguous request on the same wire, unless it is plainly a second one."""
    for name, between in SMUGGLED.items():
        first = b"POST /nowhere HTTP/1.1\r\nHost: kiosk\r\n" + between
        with closing(connect_from(server, STRANGER)) as wire:
            wire.sendall(first + HIDDEN)
            answers = re.findall(rb"HTTP/1\.[01] (\d+)", words(wire))
        assert answers and answers[0] in (b"400", b"404", b"413", b"501"), (name, answers)
        assert len(answers) == 1 or b"400" in answers, (name, answers)
        assert health(server) == 200


@needs_nginx
def test_request_smuggling_through_nginx(front: Door, web: Web) -> None:
    """The kiosk's own face is not reached by a request that is hidden in another one."""
    hidden = HIDDEN.replace(b"/me/delete", b"/kiosk/start")
    for name, between in SMUGGLED.items():
        first = b"POST /nowhere HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n" + between
        with front.connect() as wire:
            wire.sendall(first + hidden)
            answers = re.findall(rb"HTTP/1\.[01] (\d+)", words(wire))
        assert answers and not {b"200", b"202"} & set(answers), name
    assert web.station.calls == []


# ---- addresses that are none


UPWARDS = [
        "/static/../secret.key", "/static/../../secret.key", "/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/secret.key", "/static/..%5c..%5csecret.key", "//etc/passwd",
        "/static//etc/passwd", "/static/%00", "/static/./../faces.py", "file:///etc/passwd",
        "http://localhost/static/../../secret.key", "*", "secret.key", "/scores/../../secret.key",
]  # fmt: skip


def test_path_traversal_word_for_word(server: CarefulServer) -> None:
    for target in UPWARDS:
        with closing(connect_from(server, STRANGER)) as wire:
            wire.sendall(
                f"GET {target} HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\n\r\n".encode()
            )
            answer = words(wire)
        assert re.match(rb"HTTP/1\.1 (400|404|405|308)", answer), answer[:200]
        assert b"root:" not in answer and b"def is_device" not in answer


ELSEWHERE = [
        "//evil.example/",
        "//evil.example/..",
        "/\\evil.example/",
        "///evil.example",
        "/phone/",
        "http://evil.example/phone/",
]  # fmt: skip


def test_open_redirect_word_for_word(server: CarefulServer) -> None:
    for target in ELSEWHERE:
        with closing(connect_from(server, STRANGER)) as wire:
            wire.sendall(
                f"GET {target} HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\n\r\n".encode()
            )
            answer = words(wire).decode(errors="replace")
        where = re.search(r"(?im)^location: *(\S+)", answer)
        if where:
            assert not re.match(r"(?i)([a-z]+:)?//(?!kiosk/)|/\\", where[1]), where[1]


NO_DESCRIPTIONS = [
        b"name YQ==\nX-Evil: 1", b"name YQ==\rX-Evil: 1", b"a\x00b", b"name YQ==\r\n X-Evil: 1",
        "n\u00e4me YQ==".encode(),
]  # fmt: skip


def test_header_injection_through_what_is_repeated(server: CarefulServer) -> None:
    """An upload's description is given back as it came."""
    for value in NO_DESCRIPTIONS:
        head = (
            b"POST /api/v1/uploads HTTP/1.1\r\nHost: kiosk\r\nTus-Resumable: 1.0.0\r\n"
            b"Upload-Length: 5\r\nContent-Length: 0\r\nConnection: close\r\nUpload-Metadata: "
        )
        with closing(connect(server)) as wire:
            wire.sendall(head + value + b"\r\n\r\n")
            answer = words(wire).decode("latin-1")
        where = re.search(r"(?im)^location: *(\S+)", answer)
        if where:
            status, headers, _ = ask(
                server, f"HEAD {where[1]} HTTP/1.1\nHost: kiosk\nTus-Resumable: 1.0.0"
            )
            assert status == 200
            assert "x-evil" not in headers
        else:
            assert re.match(r"HTTP/1\.[01] 400", answer), answer[:200]
