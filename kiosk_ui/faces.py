"""The web's two faces: one for the device itself, one for the network."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import request
from werkzeug.wsgi import ClosingIterator

from kiosk_ui.slots import Slots

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED: Final = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Headers by which a proxy says that it speaks for somebody else."""


class TwoFaces:
    """Passes each request to the face that its sender may see.

        application = TwoFaces(create_app(c, s, face="device"), create_app(c, s, face="network"))

    On the network's face the kiosk's routes do not exist. Requests from the network may hold only
    ``limit`` threads at once, so that the device itself is always answered; beyond that they are
    told to come again.

    :param device: what a request from the device itself gets.
    :param network: what everybody else gets.
    :param limit: requests from the network that are answered at once.
    """

    def __init__(
        self, device: WSGIApplication, network: WSGIApplication, *, limit: int = 32
    ) -> None:
        self._device = device
        self._network = network
        self._slots = Slots(limit)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:  # fmt: skip
        """Answer one request."""
        if is_device(environ):
            return self._device(environ, start_response)
        release = self._slots.take()
        if release is None:
            return _busy(start_response)
        try:
            answer = self._network(environ, start_response)
        except BaseException:
            release()
            raise
        return ClosingIterator(answer, release)


def is_device(environ: WSGIEnvironment) -> bool:
    """Tell whether a request comes from a page of the device itself.

    The sender must be this very machine, no proxy may have passed the request on, and the page
    must have been asked for by a name that always means this machine: a web page whose own name
    was made to point here (DNS rebinding) is not let in.
    """
    if any(name in environ for name in FORWARDED):
        return False
    return is_loopback(environ.get("REMOTE_ADDR", "")) and _names_loopback(
        environ.get("HTTP_HOST", "")
    )


def is_https() -> bool:
    """Tell whether the request came over HTTPS, straight or through the proxy on this device.

    Whoever only says so gains nothing: a browser does not take the cookie then, and another site's
    page cannot say it.
    """
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def is_loopback(address: str) -> bool:
    """Tell whether an address is this very machine's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def _names_loopback(host: str) -> bool:
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not name:  # no port was given
        name, port = host, ""
    return name.lower() in ("localhost", "127.0.0.1", "[::1]") and (not port or port.isdigit())


def _busy(start_response: StartResponse) -> Iterable[bytes]:
    problem: dict[str, Any] = {
        "type": "about:blank", "title": "Service unavailable", "status": 503, "code": "busy",
        "detail": "The kiosk is busy. Please try again in a moment.",
    }  # fmt: skip
    body = json.dumps(problem).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", "5"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]
