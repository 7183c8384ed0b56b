"""Uploads that can be resumed, under ``/api/v1/uploads``: the tus protocol 1.0.0 (tus.io)."""

from __future__ import annotations

import base64
import binascii
from email.utils import formatdate
from typing import Final

from flask import Blueprint, Response, request, url_for

from kiosk_ui.config import WebConfig
from kiosk_ui.languages import gettext as _
from kiosk_ui.problems import Problem
from kiosk_ui.services import Services
from kiosk_ui.uploads.form import check_room, client_of, mirrored_of, threshold_of
from kiosk_ui.uploads.pieces import LengthMismatch, OffsetMismatch, Partial

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-defer-length,creation-with-upload,expiration,termination"
PIECE: Final = "application/offset+octet-stream"
MOST_METADATA: Final = 4096
"""Characters that the description of an upload may have."""


def tus_blueprint(config: WebConfig, services: Services) -> Blueprint:
    """Make the routes of the protocol.

    :param config: limits.
    :param services: what they work with.
    """
    tus = Blueprint("tus", __name__, url_prefix="/api/v1/uploads")
    uploads = services.uploads

    tus.before_request(_check_version)
    tus.after_request(_say_version)

    @tus.route("", methods=["OPTIONS"])
    @tus.route("/<key>", methods=["OPTIONS"])
    def tell(key: str = "") -> Response:
        """Tell what is understood here."""
        response = Response(status=204)
        response.headers["Tus-Extension"] = EXTENSIONS
        response.headers["Tus-Max-Size"] = str(config.max_upload_bytes)
        return response

    @tus.post("")
    def create() -> Response:
        """Begin an upload."""
        length, known = _length(config), _metadata()
        check_room(config, services, length or 0)
        partial = uploads.create(
            length=length,
            threshold=threshold_of(known.get("threshold"), services),
            client=client_of(request.environ),
            metadata=request.headers.get("Upload-Metadata", ""),
            seconds=_seconds(known.get("duration")),
            mirrored=mirrored_of(known.get("mirrored")),
        )
        if request.mimetype == PIECE:
            _append(config, services, partial.key, 0, None)
        response = _described(services, partial.key)
        response.status_code = 201
        response.headers["Location"] = url_for("public.tus.read", key=partial.key)
        return response

    @tus.route("/<key>", methods=["HEAD"])
    def read(key: str) -> Response:
        """Tell how far an upload is."""
        partial = _find(services, key)
        uploads.finish(key)  # in case that the disk was full when the last byte came
        response = _described(services, key)
        response.status_code = 200
        if partial.length is None:
            response.headers["Upload-Defer-Length"] = "1"
        else:
            response.headers["Upload-Length"] = str(partial.length)
        if partial.metadata:
            response.headers["Upload-Metadata"] = partial.metadata
        return response

    @tus.patch("/<key>")
    def append(key: str) -> Response:
        """Take a piece; the last one makes the upload a score."""
        _find(services, key)
        if request.mimetype != PIECE:
            raise Problem(415, "piece_type", f"Send pieces as {PIECE}.")
        length = _length(config) if "Upload-Length" in request.headers else None
        _append(config, services, key, _number("Upload-Offset"), length)
        return _described(services, key)

    @tus.delete("/<key>")
    def stop(key: str) -> Response:
        """Give an upload up; a score that it has become stays."""
        _find(services, key)
        uploads.remove(key)
        return Response(status=204)

    @tus.post("/<key>")
    def override(key: str) -> Response:
        """Do what X-HTTP-Method-Override asks for: some networks let only GET and POST pass."""
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
        asked = {"PATCH": append, "DELETE": stop, "HEAD": read}.get(method)
        if asked is None:
            raise Problem(405, "method_not_allowed", _("This cannot be done here."))
        return asked(key)

    return tus


def _check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise Problem(412, "tus_version", f"Send the header Tus-Resumable: {VERSION}.")


def _say_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    return response


def _find(services: Services, key: str) -> Partial:
    partial = services.uploads.get(key)
    if partial is None:
        raise Problem(404, "upload_unknown", _("There is no such upload. Begin it again."))
    return partial


def _append(
    config: WebConfig, services: Services, key: str, offset: int, length: int | None
) -> None:
    """Put the request's body behind what is there.

    :raises Problem: it does not fit there.
    """
    size = request.content_length or 0
    if offset + size > config.max_upload_bytes:
        raise _too_large()
    try:
        services.uploads.append(key, offset, request.stream, size, length)
    except KeyError:
        raise Problem(
            404, "upload_unknown", _("There is no such upload. Begin it again.")
        ) from None
    except OffsetMismatch:
        raise Problem(409, "offset_wrong", "The upload ends elsewhere; HEAD tells where.") from None
    except LengthMismatch:
        raise Problem(400, "length_wrong", "The upload has another length.") from None
    except OSError as error:
        raise Problem(
            507, "disk_full", _("There is no room for more videos. Please tell the staff.")
        ) from error


def _described(services: Services, key: str) -> Response:
    """Answer with how far an upload is, and where its score is if there is one."""
    response = Response(status=204)
    response.headers["Upload-Offset"] = str(services.uploads.offset(key))
    if services.store.get(key) is None:
        expires = services.uploads.expires(key)
        response.headers["Upload-Expires"] = formatdate(expires, usegmt=True)
    else:
        response.headers["Location"] = url_for("public.api.read_score", key=key)
        response.headers["Score-Page"] = url_for("public.read_page", key=key)
    return response


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    # Digits of other scripts count for int(), too.
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Problem(400, "header_invalid", f"{name} must be a number.")
    return int(text)


def _length(config: WebConfig) -> int | None:
    """Return the length of the whole upload in bytes; None where it will be told later."""
    deferred = request.headers.get("Upload-Defer-Length")
    if deferred is not None and "Upload-Length" not in request.headers:
        if deferred != "1":
            raise Problem(400, "header_invalid", "Upload-Defer-Length must be 1.")
        return None
    length = _number("Upload-Length")
    if length > config.max_upload_bytes:
        raise _too_large()
    if length == 0:
        raise Problem(400, "video_empty", _("The video is empty. Record it again."))
    return length


def _too_large() -> Problem:
    return Problem(
        413, "too_large", _("The video is too large. Record one set of squats at 1080p.")
    )


def _metadata() -> dict[str, str]:
    """Read Upload-Metadata: names, each with a value in base64."""
    text = request.headers.get("Upload-Metadata", "")
    wrong = Problem(400, "metadata_invalid", "Upload-Metadata was not understood.")
    if len(text) > MOST_METADATA:
        raise wrong
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _space, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise wrong from None
    return found


def _seconds(text: str | None) -> float | None:
    """Return the length of the video that the sender tells, if it is one; it is only a guess."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 < seconds < 600 else None
