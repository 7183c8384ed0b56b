"""Recording in a phone's page, which needs HTTPS, and the page that explains how to trust it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from edge.errors import PoseError, SourceError
from edge.frames.stills import MOST_BYTES
from edge.words import HOLD
from kiosk_ui.config import WebConfig
from kiosk_ui.faces import is_https
from kiosk_ui.languages import gettext as _
from kiosk_ui.phones.framing import FramingFullError
from kiosk_ui.problems import Problem
from kiosk_ui.services import Services
from kiosk_ui.studies.visitor import participating
from kiosk_ui.uploads.form import client_of

CAMERA: Final = "camera=(self), microphone=(), geolocation=()"
"""The permissions of the one page that films."""


def record_blueprint(config: WebConfig, services: Services) -> Blueprint:
    """Make the routes of the recorder.

    :param config: limits.
    :param services: what they work with.
    """
    record = Blueprint("record", __name__)

    @record.get("/record")
    def page() -> AnyResponse:
        """Film in the page; without HTTPS no browser would let it."""
        if not is_https():
            return redirect(url_for("public.record.trust"))
        text = render_template(
            "record.html",
            seconds=services.settings.get().recording_seconds,
            hold=HOLD.model_dump(),
            full=not services.room(),
        )
        return Response(text, headers={"Permissions-Policy": CAMERA})

    @record.get("/trust")
    def trust() -> Response:
        """Explain how a phone comes to trust this kiosk."""
        url = None if services.secure is None else services.secure.url(_host())
        text = render_template("trust.html", secure=url, here=is_https())
        response = Response(text)
        if url is not None:  # the page asks whether the phone trusts it already
            policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            response.headers["Content-Security-Policy"] = (
                f"{policy}connect-src {url}; base-uri 'none'; frame-ancestors 'none'"
            )
        return response

    @record.get("/ca.crt")
    def authority() -> Response:
        """Give the certificate of the kiosk's own authority."""
        found = None if services.secure is None else services.secure.authority()
        if found is None:
            raise Problem(404, "no_https", _("HTTPS is not set up on this kiosk."))
        return Response(
            found,
            mimetype="application/x-x509-ca-cert",
            # The page of /trust asks for it over HTTPS, from its own place without.
            headers={"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"},
        )

    @record.post("/api/v1/framing")
    def framing() -> dict[str, Any]:
        """Look at one small picture and say what stands between it and a good recording."""
        if services.framing is None:
            raise Problem(503, "starting", _("The kiosk is starting."), retry_after=2)
        if request.mimetype != "image/jpeg" or (request.content_length or 0) > MOST_BYTES:
            raise Problem(415, "picture_type", f"Send a JPEG of at most {MOST_BYTES} bytes.")
        try:
            guidance = services.framing.look(
                client_of(request.environ), request.args.get("page", "")[:40], request.get_data()
            )
        except SourceError as error:
            raise Problem(400, "picture_invalid", f"{error}.") from None
        except (FramingFullError, PoseError):
            raise Problem(503, "busy", _("The kiosk is busy."), retry_after=2) from None
        return {**guidance.to_dict(), "armed": guidance.armed}

    return record


def record_url(services: Services) -> str | None:
    """Return where a phone goes that wants to film in the page; None without HTTPS."""
    if is_https():
        return url_for("public.record.page")
    url = None if services.secure is None else services.secure.url(_host())
    if url is None:
        return None
    if participating() is not None and urlsplit(url).hostname != _host():
        return None  # by another name the phone would not be a participant's any more
    return url_for("public.record.trust")


def _host() -> str:
    return urlsplit(f"//{request.host}").hostname or ""
