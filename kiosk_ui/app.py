"""The Flask application: one factory, two faces."""

from __future__ import annotations

from typing import Final, Literal

from flask import Flask, Response, request

from kiosk_ui import guard, languages, metrics, problems
from kiosk_ui.api import api_blueprint
from kiosk_ui.coaching.pages import coach_blueprint
from kiosk_ui.config import WebConfig
from kiosk_ui.faces import TwoFaces, is_https
from kiosk_ui.kiosk import kiosk_blueprint
from kiosk_ui.operation.pages import install_metrics
from kiosk_ui.people import sessions
from kiosk_ui.people.pages import people_blueprint
from kiosk_ui.phones.record import record_blueprint
from kiosk_ui.public import public_blueprint
from kiosk_ui.services import Services
from kiosk_ui.studies.pages import study_blueprint
from kiosk_ui.uploads.form import StreamingRequest, discard_files
from kiosk_ui.uploads.tus import tus_blueprint

Face = Literal["device", "network"]

HEADERS: Final = {
    # Nothing from elsewhere, nothing inline, and no page of ours inside a stranger's.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # To no other site; our own need it, since a form without it says that it comes from nowhere.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Sent with every answer."""


class KioskFlask(Flask):
    """Flask with uploads that go straight to the disk."""

    request_class = StreamingRequest


def create_app(config: WebConfig, services: Services, face: Face = "device") -> Flask:
    """Make the web application; starts no thread and no process.

        app = create_app(WebConfig(), services, face="network")

    :param config: limits.
    :param services: what the pages work with.
    :param face: ``device`` has the kiosk's screen and the public pages; ``network`` only these.
    """
    app = KioskFlask("kiosk_ui")
    app.extensions["services"] = services
    app.config["MAX_CONTENT_LENGTH"] = config.max_upload_bytes
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if face == "device":  # whoever stands before it sees the kiosk's language on every page
        languages.install(app, lambda: services.settings.get().language)
    else:
        languages.install(app)
    problems.install(app)
    metrics.install(app, services.metrics, face)
    guard.install(app, config, network=face == "network")
    public = public_blueprint(config, services, network=face == "network")
    public.register_blueprint(api_blueprint(config, services, network=face == "network"))
    public.register_blueprint(record_blueprint(config, services))
    public.register_blueprint(tus_blueprint(config, services))
    app.register_blueprint(public)
    install_metrics(app, config, services, network=face == "network")
    if face == "device":
        app.register_blueprint(kiosk_blueprint(config, services))
    else:  # nobody signs in on a screen that everybody uses
        sessions.install(app, services.store.data_dir)
        app.register_blueprint(study_blueprint(services))
        if config.history:
            app.register_blueprint(people_blueprint(services))
            app.register_blueprint(coach_blueprint(services))

    app.jinja_env.get_template("card.html")  # compiled before somebody waits for a verdict

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():  # a page that needs others has set them already
            response.headers.setdefault(name, value)
        if is_https():  # over plain HTTP a browser ignores it, with an error in its console
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

    @app.teardown_request
    def clean_up(_error: BaseException | None) -> None:
        discard_files(request.environ)

    return app


def create_application(config: WebConfig, services: Services) -> TwoFaces:
    """Make what the server serves: both faces behind one door.

    :param config: limits.
    :param services: what the pages work with.
    """
    return TwoFaces(
        create_app(config, services, face="device"),
        create_app(config, services, face="network"),
        limit=config.network_requests,
    )
