"""The pages of somebody's history: keep a result, see the trend, delete what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk_ui.api import find_score, no_such_score
from kiosk_ui.card import points_of
from kiosk_ui.dates import day_and_time
from kiosk_ui.languages import gettext as _
from kiosk_ui.people.signing import add_signing
from kiosk_ui.people.store import NotYoursError, PeopleFullError, Person
from kiosk_ui.people.takeout import add_takeout
from kiosk_ui.people.trend import judged, trend_of
from kiosk_ui.people.visitor import (
    not_stored,
    remember,
    require_person,
    signed_in,
)
from kiosk_ui.problems import Problem, answer
from kiosk_ui.services import Services


def people_blueprint(services: Services) -> Blueprint:
    """Make the routes of histories.

    :param services: whose scores are kept.
    """
    blueprint = Blueprint("people", __name__, url_prefix="/me")
    people = services.people
    blueprint.after_request(not_stored)
    blueprint.app_context_processor(lambda: {"keeping": lambda key: keeping(services, key)})

    def for_owner(action: Callable[[Person], None]) -> None:
        """Do something with a score of the history of whoever is signed in."""
        try:
            action(require_person(services))
        except NotYoursError:
            raise Problem(409, "not_yours", _("This result is not in your history.")) from None
        except LookupError:
            raise no_such_score() from None
        services.labels.remove_withdrawn()

    @blueprint.errorhandler(PeopleFullError)
    def full(_error: PeopleFullError) -> Response:
        return answer(
            Problem(
                507, "people_full", _("There is no room for more people. Please tell the staff.")
            )
        )

    @blueprint.get("")
    def me() -> Any:
        """Show the history, or how to begin one."""
        return page(services)

    @blueprint.post("/keep/<key>")
    def keep(key: str) -> AnyResponse:
        """Put a result into the history; this phone's own where nobody is signed in."""
        if not judged(find_score(services, key)):
            raise Problem(409, "not_judged", _("Only a result with a score can be kept."))
        if signed_in(services) is None and people.owner_of(key) is None:
            remember(people.create())
        for_owner(lambda person: people.keep(person, key))
        return redirect(url_for("public.read_page", key=key, _anchor="keep"), 303)

    @blueprint.post("/consent")
    def withdraw() -> AnyResponse:
        """Take back the consent for every result."""
        for_owner(lambda person: people.consent(person, None, given=False))
        return redirect(url_for("people.me"), 303)

    @blueprint.post("/consent/<key>")
    def consent(key: str) -> AnyResponse:
        """Let a coach see a result, and the kiosk learn from it; or no longer."""
        given = request.form.get("given") == "1"
        for_owner(lambda person: people.consent(person, key, given=given))
        if request.form.get("from") == "me":
            return redirect(url_for("people.me"), 303)
        return redirect(url_for("public.read_page", key=key, _anchor="keep"), 303)

    @blueprint.post("/delete/<key>")
    def delete_score(key: str) -> AnyResponse:
        """Remove a result and its files."""
        for_owner(lambda person: people.delete_score(person, key))
        return redirect(url_for("people.me"), 303)

    @blueprint.post("/delete")
    def delete() -> AnyResponse:
        """Remove the whole history, with all its results and their files."""
        for_owner(people.delete)
        session.pop("person", None)
        return redirect(url_for("people.me", deleted=1), 303)

    add_signing(blueprint, services, page)
    add_takeout(blueprint, services)
    return blueprint


def keeping(services: Services, key: str) -> dict[str, Any] | None:
    """Return what the page of a result shows of histories; None: nothing."""
    owner, person = services.people.owner_of(key), signed_in(services)
    mine = person is not None and owner == person.number
    if owner is not None and not mine:
        return None
    return {"person": person, "kept": mine, "consent": mine and services.people.consents(key)}


def page(services: Services, status: int = 200, **values: Any) -> tuple[str, int]:
    """Return the page of whoever is signed in, or the one to sign in."""
    person = signed_in(services)
    if person is None:
        return render_template("sign_in.html", **values), status
    remember(person)  # the cookie lives on from this visit
    kept = services.people.history(person)
    trend = trend_of([one.score for one in kept])
    shown = {"kept": kept[::-1], "trend": trend, "when": day_and_time, "points_of": points_of}
    return render_template("me.html", person=person, **shown, **values), status
