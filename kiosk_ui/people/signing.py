"""Signing in to a history with a nickname and a PIN, and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from edge.errors import PinPauseError, WrongPinError
from kiosk_ui.languages import gettext as _
from kiosk_ui.people.store import NicknameTakenError
from kiosk_ui.people.visitor import remember, signed_in, told_to_wait
from kiosk_ui.services import Services

Page = Callable[..., tuple[str, int]]


def add_signing(blueprint: Blueprint, services: Services, page: Page) -> None:
    """Add the routes.

    :param blueprint: of histories.
    :param services: whose people sign in.
    :param page: makes the page with the forms, for what is wrong with them.
    """
    people = services.people

    @blueprint.post("/sign-in")
    def sign_in() -> Any:
        """Sign in; what this phone kept without a name goes along."""
        nickname, pin = _name_and_pin()
        phone = signed_in(services)
        try:
            person = people.sign_in(nickname, pin)
        except WrongPinError:
            return page(services, 403, wrong="sign_in", error=_("Nickname or PIN is wrong."))
        except PinPauseError as error:
            text, headers = told_to_wait(error)
            return *page(services, 429, wrong="sign_in", error=text), headers
        if phone and phone.nickname is None:
            people.join(phone, person)
        remember(person)
        return redirect(_after(), 303)

    @blueprint.post("/name")
    def name() -> Any:
        """Begin a history with a nickname, or give this phone's history one."""
        nickname, pin = _name_and_pin()
        person = signed_in(services)
        try:
            if person:
                person = people.rename(person, nickname, pin, request.form.get("before", ""))
            else:
                person = people.create(nickname, pin)
        except WrongPinError:
            text = _("The PIN until now is wrong.")
            return page(services, 403, wrong="name", error=text)
        except PinPauseError as error:
            text, headers = told_to_wait(error)
            return *page(services, 429, wrong="name", error=text), headers
        except NicknameTakenError:
            text = _("Somebody has this nickname already.")
            return page(services, 409, wrong="name", error=text)
        except ValueError:
            text = _("A nickname has 2 to 20 letters and digits, a PIN 4 to 12 digits.")
            return page(services, 400, wrong="name", error=text)
        remember(person)
        return redirect(_after(), 303)

    @blueprint.post("/sign-out")
    def sign_out() -> AnyResponse:
        """Forget on this phone who it was."""
        session.pop("person", None)
        return redirect(url_for("public.phone"), 303)


def _name_and_pin() -> tuple[str, str]:
    return request.form.get("nickname", ""), request.form.get("pin", "")


def _after() -> str:
    """Return where to go after signing in: to the result from which somebody came."""
    key = request.form.get("result")
    if not key:
        return url_for("people.me")
    return url_for("public.read_page", key=key, _anchor="keep")
