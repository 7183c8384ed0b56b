"""The coach's pages: see what consenting people did, and say whether the kiosk was right."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from edge.errors import PinPauseError, WrongPinError
from kiosk_ui.api import find_score
from kiosk_ui.card import card_of
from kiosk_ui.coaching.labels import Label, known_parts
from kiosk_ui.coaching.parts import likely_parts, part_names
from kiosk_ui.dates import day_and_time
from kiosk_ui.languages import gettext as _
from kiosk_ui.people.visitor import not_stored, signed_out, told_to_wait
from kiosk_ui.problems import Problem
from kiosk_ui.scores import Score
from kiosk_ui.services import Services

ANSWERS: Final = ("agree", "good", "bad", "unsure")


def coach_blueprint(services: Services) -> Blueprint:
    """Make the coach's routes.

    :param services: with the results.
    """
    blueprint = Blueprint("coach", __name__, url_prefix="/coach")
    labels = services.labels
    blueprint.after_request(not_stored)

    @blueprint.before_request
    def only_where_there_is_a_coach() -> None:
        if labels.mark is None:
            raise Problem(404, "no_coach", _("There is no coach here."))

    def signed_in() -> bool:
        return services.passes.opens(session.get("coach"), labels.mark)

    def require() -> None:
        if not signed_in():
            raise signed_out()

    @blueprint.get("")
    def coach() -> Any:
        """Show the result that has waited longest."""
        return page()

    def page(status: int = 200, **values: Any) -> Any:
        if not signed_in():
            return render_template("coach_sign_in.html", **values), status
        waiting = labels.waiting()
        if not waiting:
            return render_template("coach_done.html", last=session.get("labelled"))
        score = find_score(services, waiting[0])
        return render_template(
            "coach.html",
            card=card_of(score),
            when=day_and_time(score.created),
            parts=part_names(),
            likely=likely_parts(score.assessment or {}),
            waiting=len(waiting),
            last=session.get("labelled"),
        )

    @blueprint.post("/sign-in")
    def sign_in() -> Any:
        """Let the coach in."""
        try:
            mark = labels.knock(request.form.get("pin", ""))
        except WrongPinError:
            return page(403, error=_("This is not the PIN."))
        except PinPauseError as error:
            text, headers = told_to_wait(error)
            return *page(429, error=text), headers
        services.passes.take(session.get("coach"))
        session["coach"] = services.passes.give(mark)
        return redirect(url_for("coach.coach"), 303)

    @blueprint.post("/sign-out")
    def sign_out() -> AnyResponse:
        """Let the coach out."""
        services.passes.take(session.pop("coach", None))
        session.pop("labelled", None)
        return redirect(url_for("coach.coach"), 303)

    @blueprint.post("/label/<key>")
    def label(key: str) -> AnyResponse:
        """Keep what the coach says of a result, and go on to the next."""
        require()
        answer = request.form.get("answer", "")
        if answer not in ANSWERS:
            raise Problem(400, "answer_missing", _("The request was not understood."))
        score = find_score(services, key)
        try:
            labels.put(key, label_of(answer, score, request.form.getlist("part")))
        except LookupError:
            raise Problem(
                409, "no_consent", _("This result is not to be seen here any more.")
            ) from None
        session["labelled"] = key
        return redirect(url_for("coach.coach"), 303)

    @blueprint.post("/undo")
    def undo() -> AnyResponse:
        """Take back what was said last."""
        require()
        labels.remove(session.pop("labelled", ""))
        labels.remove_withdrawn()
        return redirect(url_for("coach.coach"), 303)

    return blueprint


def label_of(answer: str, score: Score, parts: list[str]) -> Label:
    """Return what a coach's answer means.

    :param answer: one of :data:`ANSWERS`.
    :param parts: the names of those that were marked as wrong.
    """
    found = score.assessment or {}
    if answer == "agree":
        good = found.get("verdict") == "good"
        return Label(good, () if good else tuple(likely_parts(found)))
    if answer == "bad":
        return Label(False, known_parts(parts))
    return Label(True if answer == "good" else None)
