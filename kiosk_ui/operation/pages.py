"""The maintainer's page on the device's own face, and ``/metrics`` on both."""

from __future__ import annotations

import hmac
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, render_template, request

from kiosk_ui.config import WebConfig
from kiosk_ui.languages import gettext as _
from kiosk_ui.operation.figures import gather
from kiosk_ui.operation.words import sections, text
from kiosk_ui.problems import Problem
from kiosk_ui.services import Services

log = logging.getLogger(__name__)

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
SHORTEST_TOKEN: Final = 16
"""Characters: a shorter one could be guessed."""


def maintenance_blueprint(services: Services) -> Blueprint:
    """Make the routes of the maintainer's page; nested in the screen's own.

    Whoever stands before the screen needs the PIN, if there is one, to see the page. What it shows
    is nothing personal, and whoever can ask for it otherwise has a login on this machine.

    :param services: of the kiosk.
    """
    maintenance = Blueprint("maintenance", __name__)

    @maintenance.get("/maintenance")
    def page() -> Response:
        """Show the figures, or ask for the PIN."""
        locked = services.settings.lock_state.locked
        told = [] if locked else sections(gather(services))
        shown = render_template("maintenance.html", locked=locked, sections=told)
        return Response(shown, headers={"Cache-Control": "no-store"})

    @maintenance.get("/kiosk/told")
    def told() -> dict[str, Any]:
        """Give the figures in words, in the language of the screen."""
        figures = gather(services)
        return {
            "instance": services.instance, "sections": [asdict(one) for one in sections(figures)]
        }  # fmt: skip

    @maintenance.get("/kiosk/figures")
    def figures() -> Response:
        """Give the figures."""
        return Response(gather(services).model_dump_json(), mimetype="application/json")

    @maintenance.get("/kiosk/report.txt")
    def report() -> Response:
        """Give the figures as a text to be sent to whoever helps."""
        response = Response(text(gather(services)), mimetype="text/plain")
        response.headers["Content-Disposition"] = 'attachment; filename="squat-kiosk-report.txt"'
        return response

    return maintenance


def install_metrics(app: Flask, config: WebConfig, services: Services, *, network: bool) -> None:
    """Give an app the route of Prometheus; on the network only where there is a token.

    :param config: names the token's file.
    :param network: whether the app is the network's face.
    """
    file = config.metrics_token_file
    if network and file is None:
        return

    @app.get("/metrics")
    def metrics() -> Response:
        """Give everything that is counted, in Prometheus's text format."""
        if network and file is not None:
            _check_token(file)
        return Response(
            services.metrics.text(), content_type=PROMETHEUS,
            headers={"Cache-Control": "no-store"},
        )  # fmt: skip


def _check_token(file: Path) -> None:
    """Let through whoever brings the token.

    :raises Problem: they do not, or there is none.
    """
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        log.error("KIOSK_METRICS_TOKEN_FILE cannot be read: %s", error)
        raise _no_token() from None
    if len(token) < SHORTEST_TOKEN:
        log.error("KIOSK_METRICS_TOKEN_FILE: a token has at least %d characters", SHORTEST_TOKEN)
        raise _no_token()
    kind, _space, sent = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(sent.encode(), token.encode()):
        raise _no_token()


def _no_token() -> Problem:
    return Problem(401, "token_wrong", _("Send the token of this kiosk's metrics."))
