"""Who takes part in a study on this phone: a signed cookie that HTTP and HTTPS share.

A participant may join over one and film over the other, and must be the same person to both. The
session of :mod:`kiosk_ui.people.sessions` has another name over each.
"""

from __future__ import annotations

from typing import Final

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

COOKIE: Final = "study"


def participating() -> int | None:
    """Return the number of the participant who uses this phone; None: nobody takes part on it."""
    try:
        number = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return None
    return number if isinstance(number, int) else None


def take_part(number: int) -> None:
    """Let this phone be a participant's, until the browser ends or they leave.

    The cookie is not ``Secure``, or it could not be replaced over HTTP; it opens nothing but the
    participant's own page of the study.
    """
    text = str(_signer().dumps(number))

    @after_this_request
    def give(response: Response) -> Response:
        # Strict would not come along where a page over HTTP leads to HTTPS.
        response.set_cookie(COOKIE, text, httponly=True, samesite="Lax")
        return response


def leave() -> None:
    """Let somebody else use this phone."""

    @after_this_request
    def take(response: Response) -> Response:
        response.delete_cookie(COOKIE, httponly=True, samesite="Lax")
        return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="study")
