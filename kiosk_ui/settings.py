"""The kiosk's settings and their lock, for the menu on its screen."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import ValidationError

from edge.errors import PinPauseError, SettingsLockedError, WrongPinError
from kiosk_ui.languages import gettext as _
from kiosk_ui.problems import Problem, answer
from kiosk_ui.services import Services


def settings_blueprint(services: Services) -> Blueprint:
    """Make the routes of the menu; nested in the screen's own, which lets only our pages in.

    :param services: whose settings are changed.
    """
    blueprint = Blueprint("settings", __name__, url_prefix="/kiosk")
    settings = services.settings

    @blueprint.errorhandler(SettingsLockedError)
    def locked(_error: SettingsLockedError) -> Response:
        return answer(
            Problem(423, "settings_locked", _("The settings are locked. Enter the PIN first."))
        )

    @blueprint.errorhandler(OSError)
    def full(_error: OSError) -> Response:
        return answer(Problem(507, "disk_full", _("The settings could not be kept.")))

    @blueprint.get("/settings")
    def read() -> dict[str, Any]:
        """Give the settings."""
        return settings.get().model_dump()

    @blueprint.put("/settings")
    def change() -> Response:
        """Change the settings that are named."""
        try:
            return jsonify(settings.update(**_body()).model_dump())
        except ValidationError as error:
            wrong = [
                {"field": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()
            ]
            raise Problem(
                400, "setting_invalid", _("A setting is out of range."), errors=wrong
            ) from None

    @blueprint.get("/lock")
    def read_lock() -> dict[str, Any]:
        """Tell whether the settings are locked."""
        return asdict(settings.lock_state)

    @blueprint.put("/lock")
    def set_pin() -> dict[str, Any]:
        """Set another PIN, or none."""
        pin = _body().get("pin")
        if pin is not None and not isinstance(pin, str):
            raise Problem(400, "pin_invalid", _("A PIN is 4 to 12 digits."))
        try:
            settings.set_pin(pin)
        except ValueError:
            raise Problem(400, "pin_invalid", _("A PIN is 4 to 12 digits.")) from None
        return asdict(settings.lock_state)

    @blueprint.post("/unlock")
    def unlock() -> dict[str, Any]:
        """Open the settings for a while."""
        pin = _body().get("pin")
        try:
            settings.unlock(pin if isinstance(pin, str) else "")
        except WrongPinError:
            raise Problem(
                403, "pin_wrong", _("This is not the PIN."), pause=settings.lock_state.pause
            ) from None
        except PinPauseError as error:
            seconds = math.ceil(error.seconds)
            raise Problem(
                429, "pin_pause",
                _("Too many wrong PINs. Try again in %(seconds)s s.", seconds=seconds),
                retry_after=seconds, pause=error.seconds,
            ) from None  # fmt: skip
        return asdict(settings.lock_state)

    @blueprint.post("/lock")
    def lock() -> dict[str, Any]:
        """Lock the settings at once."""
        settings.lock()
        return asdict(settings.lock_state)

    return blueprint


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        body = None
    if not isinstance(body, dict):
        raise Problem(400, "not_json", _("Send a JSON object."))
    return body
