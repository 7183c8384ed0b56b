"""What a request must be before a page sees it: asked for by our name, sent by our own page or no
browser at all, and not too often.
"""

from __future__ import annotations

import ipaddress
import math
import re
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, request

from kiosk_ui.config import WebConfig
from kiosk_ui.faces import is_https
from kiosk_ui.languages import gettext as _
from kiosk_ui.problems import Problem
from kiosk_ui.rates import Rates
from kiosk_ui.uploads.form import client_of

SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""

BURST: Final = 300
"""Requests at once: three times a page with all that belongs to it, and some pieces of a video."""

GUESSES: Final = ("people.sign_in", "people.name", "coach.sign_in", "study.join",
                  "public.take_home")  # fmt: skip
"""Where a PIN or a code could be guessed; beside the pauses that each PIN has of its own."""

GUESS_SECONDS: Final = 6.0
GUESS_BURST: Final = 10
"""So often one client may guess: once in so many seconds, and so often at once."""

HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)


def install(app: Flask, config: WebConfig, *, network: bool) -> None:
    """Let an app refuse what no page of ours and no honest program sends.

    :param config: names and limits.
    :param network: whether the app is the network's face; who may see the other one is told by
        :func:`kiosk_ui.faces.is_device`.
    """
    often = Rates(config.requests_per_second, BURST)
    guesses = Rates(1 / GUESS_SECONDS, GUESS_BURST)

    def only_by_our_name() -> None:
        if not is_our_host(request.environ.get("HTTP_HOST", ""), config):
            raise Problem(
                421, "wrong_host",
                _("This kiosk does not go by that name. Scan the code on its screen."),
            )  # fmt: skip

    def not_too_often() -> None:
        client = client_of(request.environ)
        guessed = request.endpoint in GUESSES and request.method != "OPTIONS"
        wait = often.wait(client) or (guesses.wait(client) if guessed else 0.0)
        if wait:
            raise Problem(
                429, "too_often", _("That was too often. Please wait a moment and try again."),
                retry_after=math.ceil(wait),
            )  # fmt: skip

    def only_our_own_pages() -> None:
        if request.method not in SAFE and not same_origin():
            raise Problem(403, "other_origin", _("Only the kiosk's own pages may do this."))

    if network:
        app.before_request(only_by_our_name)
        app.before_request(not_too_often)
    app.before_request(only_our_own_pages)


def is_our_host(host: str, config: WebConfig) -> bool:
    """Tell whether a request asked for this kiosk, and not for a site that was made to point here.

    An address is nobody's name. A name without a dot and the kiosk's own under ``.local`` are
    given by this network alone; any other one the maintainer has to name.
    """
    if not host:  # no browser
        return True
    parts = HOST.fullmatch(host)
    if parts is None:
        return False
    name = parts["name"].lower().removesuffix(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        own = re.fullmatch(rf"{re.escape(config.name)}(-[0-9]+)?\.local", name)
        return bool(own) or "." not in name or name in config.trusted_hosts
    return True


def same_origin() -> bool:
    """Tell whether one of our own pages sent the request, or no browser at all."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return urlsplit(origin)[:2] == ("https" if is_https() else request.scheme, request.host)
