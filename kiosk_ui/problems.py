"""Errors as ``application/problem+json`` (RFC 9457) for programs, and as a page for people."""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from kiosk_ui.languages import gettext, noted

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
FOR_PROGRAMS = ("/api/", "/kiosk/", "/healthz", "/readyz", "/metrics")
"""Paths whose errors are never pages, whatever the client says that it accepts."""


class Problem(Exception):  # noqa: N818 - named as the standard names it
    """An error that is told to the client.

        raise Problem(429, "queue_full", "Too many videos are waiting.", retry_after=30)

    :param status: HTTP status.
    :param code: a stable word for programs.
    :param detail: a sentence for people, which says what to do.
    :param retry_after: seconds after which to try again, or None.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: int | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.extra = extra


WORDS = {
    400: ("bad_request", noted("The request was not understood.")),
    404: ("not_found", noted("There is nothing here.")),
    405: ("method_not_allowed", noted("This cannot be done here.")),
    413: ("too_large", noted("The video is too large. Record one set of squats at 1080p.")),
    416: ("range_invalid", noted("The file is shorter than that.")),
    500: ("internal", noted("Something went wrong on our side. Please try again.")),
}
"""Code and sentence of the errors that Flask raises itself."""

TITLES = {
    400: "Bad request", 401: "Unauthorized", 403: "Forbidden", 404: "Not found",
    405: "Method not allowed",
    409: "Conflict", 410: "Gone", 412: "Precondition failed", 413: "Content too large",
    415: "Unsupported media type", 416: "Range not satisfiable", 421: "Misdirected request",
    423: "Locked",
    429: "Too many requests", 431: "Request header fields too large",
    500: "Internal server error", 501: "Not implemented", 503: "Service unavailable",
    507: "Insufficient storage",
}  # fmt: skip


def install(app: Flask) -> None:
    """Make the app answer every error as a problem."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_anything)


def answer(problem: Problem) -> Response:
    """Return a problem as a response."""
    g.problem = problem.code  # for whoever counts
    if _wants_page():
        page = render_template("error.html", status=problem.status, detail=problem.detail)
        response = Response(page, problem.status)
    else:
        body = {
            "type": "about:blank",
            "title": TITLES.get(problem.status, "Error"),
            "status": problem.status,
            "detail": problem.detail,
            "code": problem.code,
            **problem.extra,
        }
        response = Response(json.dumps(body), problem.status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def _wants_page() -> bool:
    if request.path.startswith(FOR_PROGRAMS):
        return False
    return request.accept_mimetypes.quality("text/html") > request.accept_mimetypes.quality(
        MEDIA_TYPE
    )


def _from_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect
        redirection = error.get_response(request.environ)
        return Response(redirection.get_data(), redirection.status, redirection.headers)
    code, detail = WORDS.get(error.code, ("error", error.description or error.name))
    response = answer(Problem(error.code, code, gettext(detail)))
    # Allow for 405, and whatever else the standard wants to be told.
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _from_anything(error: Exception) -> Response:
    # By its rule: the path itself may be what opens a result.
    rule = request.url_rule.rule if request.url_rule else "a request"
    log.error("%s %s failed", request.method, rule, exc_info=error)
    code, detail = WORDS[500]
    return answer(Problem(500, code, gettext(detail)))
