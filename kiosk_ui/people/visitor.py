"""Who uses this phone: what the pages of histories, coaches and studies share."""

from __future__ import annotations

import math
from typing import Any

from flask import Response, session

from edge.errors import PinPauseError
from kiosk_ui.languages import gettext as _
from kiosk_ui.people.store import Person
from kiosk_ui.problems import Problem
from kiosk_ui.services import Services


def signed_in(services: Services) -> Person | None:
    """Return whoever has a history and is signed in on this phone."""
    return services.people.find(session.get("person"))


def require_person(services: Services) -> Person:
    """Return whoever is signed in.

    :raises Problem: nobody is.
    """
    person = signed_in(services)
    if person is None:
        raise signed_out()
    return person


def signed_out() -> Problem:
    """Return what is told to whoever must sign in first."""
    return Problem(403, "signed_out", _("You are not signed in."))


def remember(person: Person) -> None:
    """Let this phone be signed in, from now for as long as a browser keeps a cookie."""
    session.permanent = True
    session["person"] = person.key


def not_stored(response: Response) -> Response:
    """Let nobody who comes after find the page in the browser's memory."""
    response.headers["Cache-Control"] = "no-store"
    return response


def told_to_wait(error: PinPauseError) -> tuple[str, dict[str, Any]]:
    """Return what is told after too many wrong PINs, and the headers."""
    seconds = math.ceil(error.seconds)
    text = _("Too many wrong PINs. Try again in %(seconds)s s.", seconds=seconds)
    return text, {"Retry-After": str(seconds)}
