"""The real nginx before the real server: what comes through it, and what never does."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from edge.errors import CertificateError
from kiosk_ui.phones import front
from kiosk_ui.phones.certificates import PUBLIC, Made, hosts_of, make_certificates
from kiosk_ui.phones.front import Front, nginx_path
from kiosk_ui.phones.secure import SecureDoor, listens
from tests.kiosk_ui.conftest import CONFIG, Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.servers import free_port, serving
from tests.kiosk_ui.test_faces import KIOSK_ROUTES

pytestmark = pytest.mark.skipif(
    nginx_path() is None, reason="no nginx: apt-get install nginx-light"
)
HOST = "squat.local"


@dataclass
class Door:
    """A running front, and how to speak to it."""

    folder: Path
    port: int
    front: Front

    def connect(self, **options: int) -> ssl.SSLSocket:
        context = ssl.create_default_context(
            cadata=ssl.DER_cert_to_PEM_cert((self.folder / PUBLIC).read_bytes())
        )
        for name, value in options.items():
            setattr(context, name, value)
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return context.wrap_socket(wire, server_hostname=HOST)

    def ask(self, head: str, body: bytes = b"") -> str:
        """Send a request word for word and return the answer."""
        with self.connect() as wire:
            wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
            parts = []
            while part := wire.recv(65536):
                parts.append(part)
        return b"".join(parts).decode(errors="replace")


@contextmanager
def running(
    folder: Path,
    upstream: int,
    *,
    addresses: list[str],
    every: float = 600,
    http_port: int | None = None,
) -> Iterator[Door]:
    """Run the front until the block ends."""

    def renew() -> Made:
        return make_certificates(folder, HOST, addresses)

    door = Door(folder, free_port(), Front(
        folder, renew, port=free_port(), upstream=upstream, max_body=1_000_000, every=every,
        http_port=http_port,
    ))  # fmt: skip
    door.port = door.front._ports["port"]
    thread = threading.Thread(target=door.front.run)
    thread.start()
    try:

        def up() -> bool:
            # Trying its configuration nginx listens for a moment, too: wait for the one that stays.
            return door.front._child is not None and listens(door.port)

        until(lambda: up() or not thread.is_alive())
        yield door
    finally:
        door.front.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def door(web: Web, tmp_path: Path) -> Iterator[Door]:
    with (
        serving(CONFIG, web.services) as server,
        running(tmp_path / "https", int(server.effective_port), addresses=["127.0.0.1"]) as made,
    ):
        yield made


def test_phones_get_their_page(door: Door) -> None:
    page = door.ask(f"GET / HTTP/1.1\nHost: {HOST}\nConnection: close")
    assert page.startswith("HTTP/1.1 200")
    assert 'id="film"' in page
    assert 'href="/record"' in page  # here the page itself may film
    assert 'class="kiosk"' not in page


TRICKS = [
    "Host: localhost",
    "Host: 127.0.0.1:8080",
    "Host: localhost\nX-Forwarded-For: 127.0.0.1",
    "Host: localhost\nX-Forwarded-For: 127.0.0.1\nX-Real-IP: 127.0.0.1\nForwarded: for=127.0.0.1",
    "Host: localhost\nX-Forwarded-Proto: http",
    # What a Connection header names is to be dropped on the way; not this.
    "Host: localhost\nConnection: close, X-Forwarded-For, X-Forwarded-Proto",
    "Host: localhost\nX_Forwarded_For: 127.0.0.1",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_of_the_kiosks_own_face_comes_through(door: Door, web: Web, trick: str) -> None:
    for method, path in KIOSK_ROUTES:
        size = "\nContent-Length: 0" if method != "GET" else ""
        close = "" if "Connection" in trick else "\nConnection: close"
        answer = door.ask(f"{method} {path} HTTP/1.1\n{trick}{size}{close}")
        assert answer.startswith("HTTP/1.1 404"), answer[:200]
    close = "" if "Connection" in trick else "\nConnection: close"
    page = door.ask(f"GET / HTTP/1.1\n{trick}{close}")
    assert "200" in page[:15] and 'class="kiosk"' not in page
    assert web.station.calls == []


def test_plain_http_on_a_port_of_its_own_is_the_network_as_well(web: Web, tmp_path: Path) -> None:
    port = free_port()
    with (
        serving(CONFIG, web.services) as server,
        running(
            tmp_path, int(server.effective_port), addresses=["127.0.0.1"], http_port=port
        ),
    ):  # fmt: skip
        for path, wanted in (("/", "200"), ("/kiosk/settings", "404"), ("/record", "302")):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
                claim = "X-Forwarded-Proto: https\r\n"
                wire.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{claim}\r\n".encode())
                assert wire.recv(100).decode().split()[1] == wanted


def test_other_forms_of_a_request_do_not_help(door: Door, web: Web) -> None:
    rest = "HTTP/1.1\nHost: localhost\nContent-Length: 0\nConnection: close"
    for head in (
        f"POST http://localhost/kiosk/start {rest}",
        f"POST /x/../kiosk/start {rest}",
        f"POST //kiosk/start {rest}",
        "POST /kiosk/start HTTP/1.0\nHost: localhost\nContent-Length: 0",
        # A second request hidden in the body of the first.
        "POST /phone HTTP/1.1\nHost: localhost\nContent-Length: 6\nTransfer-Encoding: chunked\n"
        "Connection: close\n\n0\n\nPOST /kiosk/start HTTP/1.1\nHost: localhost",
    ):
        assert not door.ask(head).startswith(("HTTP/1.1 202", "HTTP/1.0 202"))
    assert web.station.calls == []


def test_who_forgot_the_s_is_led_there(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as wire:
        wire.sendall(f"GET /trust HTTP/1.1\r\nHost: {HOST}:{door.port}\r\n\r\n".encode())
        answer = wire.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 302")
    assert f"Location: https://{HOST}:{door.port}/trust" in answer


def test_old_versions_of_tls_and_large_bodies_are_refused(door: Door) -> None:
    with pytest.raises(OSError), pytest.warns(DeprecationWarning):
        door.connect(maximum_version=ssl.TLSVersion.TLSv1_1)
    answer = door.ask(
        f"POST /api/v1/scores HTTP/1.1\nHost: {HOST}\nContent-Length: 1000001\nConnection: close"
    )
    assert answer.startswith("HTTP/1.1 413")


def test_while_the_kiosk_starts_it_says_so(tmp_path: Path) -> None:
    with running(tmp_path / "https", free_port(), addresses=["127.0.0.1"]) as door:
        answer = door.ask(f"GET / HTTP/1.1\nHost: {HOST}\nConnection: close")
    assert answer.startswith("HTTP/1.1 503")
    assert "Retry-After: 5" in answer
    assert "The kiosk is starting." in answer and "키오스크가 시작되고" in answer


def test_a_renewed_certificate_is_used_without_a_restart(web: Web, tmp_path: Path) -> None:
    addresses = ["127.0.0.1"]
    folder = tmp_path / "https"
    with (
        serving(CONFIG, web.services) as server,
        running(folder, int(server.effective_port), addresses=addresses, every=0.2) as door,
    ):

        def names() -> set[str]:
            with door.connect() as wire:
                found = wire.getpeercert(binary_form=True)
            return set(hosts_of(x509.load_der_x509_certificate(found or b"")))

        assert names() == {HOST, "127.0.0.1"}
        addresses[:] = ["192.168.7.7"]  # the router gave another one
        until(lambda: names() == {HOST})
        (folder / "kiosk.pem").write_text("damage")
        threading.Event().wait(0.5)
        assert names() == {HOST}  # nginx goes on with what it has


def test_a_configuration_that_nginx_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "broken.conf"
    template.write_text("nonsense;")
    monkeypatch.setattr(front, "TEMPLATE", template)
    made = Front(
        tmp_path, lambda: make_certificates(tmp_path, HOST, []), port=1, upstream=2, max_body=3
    )
    with pytest.raises(CertificateError, match="nginx refuses its configuration"):
        made.run()


def test_the_pages_know_whether_it_runs(door: Door, tmp_path: Path) -> None:
    known = SecureDoor(door.folder, door.port)
    assert known.url("127.0.0.1") == f"https://127.0.0.1:{door.port}"
    assert known.url(HOST) == f"https://{HOST}:{door.port}"
    assert SecureDoor(door.folder, free_port()).url(HOST) is None
    assert SecureDoor(tmp_path / "none", door.port).url(HOST) is None
