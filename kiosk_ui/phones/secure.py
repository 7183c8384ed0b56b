"""What the pages know of HTTPS: whether it is there, for which hosts, and what to trust."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from edge.errors import CertificateError
from kiosk_ui.phones.certificates import PUBLIC, hosts_of, read_certificate

ASK_SECONDS: Final = 5.0
"""For so long an answer holds whether the front runs."""


def listens(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


class SecureDoor:
    """The HTTPS front as the pages see it.

        door = SecureDoor(Path("var/https"), 8443)
        door.url("192.168.0.17")      # "https://192.168.0.17:8443", or None where it does not run

    :param folder: of the certificates.
    :param port: where the front listens.
    :param open_now: tells whether it does.
    """

    def __init__(
        self, folder: Path, port: int, open_now: Callable[[int], bool] = listens
    ) -> None:  # fmt: skip
        self._folder = folder
        self._port = port
        self._open_now = open_now
        self._lock = threading.Lock()
        self._asked = -ASK_SECONDS
        self._hosts: tuple[str, ...] = ()

    def authority(self) -> bytes | None:
        """Return the certificate that phones are to trust, or None where there is none."""
        try:
            return (self._folder / PUBLIC).read_bytes()
        except OSError:
            return None

    def url(self, host: str) -> str | None:
        """Return the address over HTTPS; None where HTTPS is not set up or does not run.

        :param host: by which the phone reached this page; one that the certificate names is kept.
        """
        hosts = self._known_hosts()
        if not hosts:
            return None
        # By an unknown number: the address has changed, and the name is still right. By an unknown
        # name: another device has ours, and the number is right.
        known = hosts[0] if host.replace(".", "").isdigit() else hosts[-1]
        name = host if host in hosts else known
        return f"https://{name}" if self._port == 443 else f"https://{name}:{self._port}"

    def _known_hosts(self) -> tuple[str, ...]:
        with self._lock:
            if monotonic() - self._asked >= ASK_SECONDS:
                self._asked = monotonic()
                self._hosts = self._ask()
            return self._hosts

    def _ask(self) -> tuple[str, ...]:
        try:
            certificate = read_certificate(self._folder)
        except (CertificateError, OSError):
            return ()
        if certificate is None or not self._open_now(self._port):
            return ()
        return hosts_of(certificate)
