"""HTTPS before the kiosk: Debian's nginx, with a configuration and certificates of our own."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from edge.errors import CertificateError
from kiosk_ui.phones.certificates import CERTIFICATE, Made

log = logging.getLogger(__name__)

TEMPLATE: Final = Path(__file__).resolve().parents[2] / "systemd" / "nginx" / "kiosk.conf"
LOOK_EVERY: Final = 600.0
"""Seconds between two looks at certificate and address; a new address waits no longer."""

Renew = Callable[[], Made]


def nginx_path() -> str | None:
    """Return nginx's program; it is not on every user's path."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def configuration(
    folder: Path,
    *,
    hosts: tuple[str, ...],
    port: int,
    upstream: int,
    max_body: int,
    http_port: int | None = None,
) -> str:
    """Return nginx's configuration.

        configuration(Path("var/https"), hosts=("squat.local",), port=8443, upstream=8080,
                      max_body=200_000_000)

    :param folder: with the certificates, and for what nginx writes.
    :param hosts: names and addresses of the certificate.
    :param port: where phones connect.
    :param upstream: the kiosk's port on this machine.
    :param max_body: largest request in bytes.
    :param http_port: where phones connect without encryption, beside the kiosk's own port; None:
        nowhere.
    """
    template = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it is no page
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(TEMPLATE.read_text())
    return template.render(
        folder=folder, certificate=folder / CERTIFICATE, hosts=hosts, port=port,
        upstream=upstream, max_body=max_body, http_port=http_port,
    )  # fmt: skip


class Front:
    """Runs nginx, and renews its certificate while it runs.

        front = Front(folder, renew, port=8443, upstream=8080, max_body=200_000_000)
        code = front.run()

    :param folder: with the certificates, and for what nginx writes.
    :param renew: makes the certificate anew where that is due, and says what it is for.
    :param port: where phones connect.
    :param upstream: the kiosk's port on this machine.
    :param max_body: largest request in bytes.
    :param http_port: where phones connect without encryption; None: nowhere.
    :param every: seconds between two looks at the certificate.
    """

    def __init__(
        self,
        folder: Path,
        renew: Renew,
        *,
        port: int,
        upstream: int,
        max_body: int,
        http_port: int | None = None,
        every: float = LOOK_EVERY,
    ) -> None:
        self._folder = folder.resolve()
        self._renew = renew
        self._ports: dict[str, Any] = {
            "port": port, "upstream": upstream, "max_body": max_body, "http_port": http_port,
        }  # fmt: skip
        self._every = every
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run until nginx ends or :meth:`stop` is called; returns nginx's exit code.

        :raises CertificateError: the certificates cannot be had, or nginx refuses them.
        :raises FileNotFoundError: there is no nginx.
        """
        nginx = nginx_path()
        if nginx is None:
            raise FileNotFoundError("nginx is missing: apt-get install nginx-light")
        command = [nginx, "-p", str(self._folder), "-c", str(self._configure(self._renew()))]
        (self._folder / "tmp").mkdir(exist_ok=True)
        tried = subprocess.run(
            [*command, "-t", "-q"], capture_output=True, text=True, check=False
        )  # fmt: skip
        if tried.returncode != 0:
            raise CertificateError(f"nginx refuses its configuration: {tried.stderr.strip()}")
        self._child = child = subprocess.Popen(command)
        log.info("phones may use https on port %s", self._ports["port"])
        while not self._stopping.is_set() and child.poll() is None:
            try:
                child.wait(self._every)
            except subprocess.TimeoutExpired:
                self._look()
        return child.wait()

    def stop(self) -> None:
        """End nginx; requests that are being answered are cut off."""
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()

    def _look(self) -> None:
        """Renew what is due, and let nginx read it; a failure leaves the old certificate."""
        try:
            made = self._renew()
        except (CertificateError, OSError) as error:
            log.warning("the certificate was not renewed: %s", error)
            return
        if made.certificate and self._child is not None:
            self._configure(made)
            self._child.send_signal(signal.SIGHUP)  # open connections are not cut off
            log.info("a new certificate for %s until %s", ", ".join(made.hosts), made.ends.date())

    def _configure(self, made: Made) -> Path:
        path = self._folder / "nginx.conf"
        path.write_text(configuration(self._folder, hosts=made.hosts, **self._ports))
        return path
