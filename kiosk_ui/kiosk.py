"""The kiosk's own screen and its control; only the device itself may use them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, stream_with_context

from edge.errors import CameraError
from edge.settings import KioskSettings
from edge.words import HOLD, MESSAGES
from kiosk_ui.config import WebConfig
from kiosk_ui.guard import same_origin
from kiosk_ui.languages import current
from kiosk_ui.languages import gettext as _
from kiosk_ui.operation.pages import maintenance_blueprint
from kiosk_ui.phones.join import join_words
from kiosk_ui.problems import Problem
from kiosk_ui.public import draw_card
from kiosk_ui.services import CameraLike, Services, StationLike
from kiosk_ui.settings import settings_blueprint
from kiosk_ui.slots import Slots

BOUNDARY: Final = b"--frame\r\n"
LIVE_RATE: Final = 25.0
"""Most pictures per second on the screen."""

LIVE_PATIENCE: Final = 2.0
"""Seconds to wait for a new picture."""

MOST_STREAMS: Final = 8
"""Endless answers at once; each holds a thread."""

STARTING: Final[dict[str, Any]] = {
    "state": "starting", "remaining": None, "total": None, "session": 0, "by": None,
    "guidance": None, "insist_in": None, "repetitions": 0, "word": None, "result": None,
    "message": None, "version": 0,
    "camera": {"ok": False, "name": "", "message": None, "picture": None},
}  # fmt: skip
"""What the screen is told until the models are loaded."""


def kiosk_blueprint(config: WebConfig, services: Services) -> Blueprint:
    """Make the routes of the screen.

    :param config: limits.
    :param services: what they work with.
    """
    kiosk = Blueprint("kiosk", __name__)
    kiosk.register_blueprint(settings_blueprint(services))
    kiosk.register_blueprint(maintenance_blueprint(services))
    slots = Slots(MOST_STREAMS)

    @kiosk.before_request
    def only_our_own_pages() -> None:
        """Refuse what another site's page on this device sends or embeds."""
        if request.path.startswith("/kiosk/") and not same_origin():
            raise Problem(403, "other_origin", _("Only the kiosk's own screen may do this."))

    @kiosk.get("/")
    def screen() -> str:
        """Show the screen."""
        return render_template(
            "kiosk.html",
            settings=services.settings.get(),
            limits=settings_limits(),
            hold=HOLD.model_dump(),
            join=join_words(config, services),
        )

    @kiosk.get("/kiosk/join")
    def join() -> Response:
        """Give what the screen tells phones, as it is now."""
        page = render_template("join.html", join=join_words(config, services))
        return Response(page, headers={"Cache-Control": "no-store"})

    @kiosk.post("/kiosk/start")
    def start() -> tuple[dict[str, Any], int]:
        """Press Start."""
        station = _station(services)
        if station.start():
            return station.snapshot(), 202
        now = station.snapshot()
        if not services.room():  # beside a result the station does not say so
            raise Problem(507, "disk_full", MESSAGES["disk_full"].model_dump()[current()])
        if not now["camera"]["ok"]:
            raise Problem(
                409, "no_camera", _("There is no camera picture. Please tell the staff.")
            )  # fmt: skip
        raise Problem(409, "busy", _("The kiosk is busy. Wait until it is done."))

    @kiosk.post("/kiosk/cancel")
    def cancel() -> dict[str, Any]:
        """Return to the first screen."""
        station = _station(services)
        station.cancel()
        return station.snapshot()

    @kiosk.post("/kiosk/touched")
    def touched() -> tuple[str, int]:
        """Keep the result on the screen for longer."""
        _station(services).touched()
        return "", 204

    @kiosk.get("/kiosk/events")
    def events() -> Response:
        """Give the station's state, and each change of it (server-sent events)."""

        def draw(key: str) -> str:
            score = services.store.get(key)  # it may have been deleted meanwhile
            return "" if score is None else draw_card(services, score, network=False)

        stream = stream_with_context(event_stream(services, config.heartbeat, draw))
        return _stream(slots, stream, "text/event-stream")

    @kiosk.get("/kiosk/live.mjpg")
    def live() -> Response:
        """Give the camera's picture (multipart JPEG)."""
        camera = services.camera
        if camera is None:
            raise Problem(503, "starting", _("The kiosk is starting."), retry_after=2)
        try:
            first = camera.jpeg(0, LIVE_PATIENCE)
        except CameraError as error:
            raise Problem(503, "no_camera", f"{error}.", retry_after=2) from None
        return _stream(
            slots,
            live_stream(camera, first, services.closing),
            "multipart/x-mixed-replace; boundary=frame",
        )

    return kiosk


def settings_limits() -> dict[str, dict[str, Any]]:
    """Return the range of each setting, as the settings themselves declare it."""
    properties: dict[str, dict[str, Any]] = KioskSettings.model_json_schema()["properties"]
    return properties


def event_stream(
    services: Services, heartbeat: float, draw: Callable[[str], str]
) -> Iterator[bytes]:
    """Give events: who we are, then each state of the station, and signs of life in between.

    A new result comes with its card, so that the screen need not ask for it: somebody waits.

    :param heartbeat: seconds between two signs of life.
    :param draw: gives the card of a score.
    """
    yield _event("hello", {"instance": services.instance})
    version: int | None = None
    drawn: str | None = None
    while not services.closing.is_set():
        station = services.station
        now = STARTING if station is None else station.snapshot()
        if now["version"] != version:
            version = now["version"]
            if now["result"] not in (None, drawn):
                drawn = now["result"]
                now = {**now, "card": draw(drawn)}
            yield _event("state", now)
        else:
            yield b": alive\n\n"  # only a write notices that the screen has gone
        if station is None:
            services.closing.wait(min(0.5, heartbeat))
        else:
            station.wait(now["version"], heartbeat)


def live_stream(
    camera: CameraLike, first: tuple[int, bytes], closing: threading.Event
) -> Iterator[bytes]:
    """Give pictures until the server stops."""
    number, picture = first
    yield BOUNDARY
    while not closing.is_set():
        began = monotonic()
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        # The boundary goes with the picture: browsers show a picture when they see its end.
        yield head + picture + b"\r\n" + BOUNDARY
        closing.wait(max(0.0, began + 1 / LIVE_RATE - monotonic()))
        try:
            number, picture = camera.jpeg(number, LIVE_PATIENCE)
        except CameraError:
            # The camera may come back; the old picture goes out again meanwhile, since only a
            # write notices that the screen has gone.
            closing.wait(0.5)


def _station(services: Services) -> StationLike:
    if services.station is None:
        raise Problem(503, "starting", _("The kiosk is starting."), retry_after=2)
    return services.station


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _stream(slots: Slots, parts: Iterator[bytes], kind: str) -> Response:
    """Return an endless answer that holds one of the slots until it is closed."""
    give_back = slots.take()
    if give_back is None:
        raise Problem(503, "busy", _("Too many screens are open."), retry_after=5)
    response = Response(parts, content_type=kind, headers={"Cache-Control": "no-store"})
    response.call_on_close(give_back)
    return response
