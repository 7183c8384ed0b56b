"""A participant's pages of a study: come in by a code, film, answer, and leave at any time."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk_ui.languages import gettext as _
from kiosk_ui.languages import noted
from kiosk_ui.people.visitor import not_stored, signed_out
from kiosk_ui.problems import Problem
from kiosk_ui.services import Services
from kiosk_ui.studies import visitor
from kiosk_ui.studies.plan import ITEMS, Participant, Step

QUESTIONS: Final = dict(
    zip(
        ITEMS,
        (
            noted("It was easy to film my squats."),
            noted("I always knew what to do next."),
            noted("I am now more certain how to squat."),
            noted("My squats have become better today."),
            noted("I would use this again."),
        ),
        strict=True,
    )
)
"""What participants of both groups can answer, 1 (not at all) to 5 (fully)."""

ANSWERS: Final = ("1", "2", "3", "4", "5")


def study_blueprint(services: Services) -> Blueprint:
    """Make the participants' routes.

    :param services: with the studies.
    """
    blueprint = Blueprint("study", __name__, url_prefix="/study")
    studies = services.studies
    blueprint.after_request(not_stored)
    blueprint.app_context_processor(lambda: {"participant": participant})

    @blueprint.before_request
    def only_while_there_is_a_study() -> None:
        if not studies.any_open():
            raise Problem(404, "no_study", _("There is no study here at the moment."))

    def participant() -> Participant | None:
        return studies.find(visitor.participating())

    def require() -> Participant:
        found = participant()
        if found is None:
            raise signed_out()
        return found

    @blueprint.get("")
    def study() -> Any:
        """Show what comes next."""
        return page()

    def page(status: int = 200, **values: Any) -> Any:
        found = participant()
        if found is None:
            return render_template("study_join.html", **values), status
        questions = {name: _(text) for name, text in QUESTIONS.items()}
        steps = list(Step)
        return render_template(
            "study.html", who=found, questions=questions, answers=ANSWERS,
            number=steps.index(found.step) + 1, steps=len(steps) - 1, **values,
        ), status  # fmt: skip

    @blueprint.post("/join")
    def join() -> Any:
        """Come in by a code."""
        if request.form.get("agreed") != "1":
            return page(400, error=_("Please tick that you agree, or leave this page."))
        try:
            found = studies.join(request.form.get("code", ""))
        except LookupError:
            return page(404, error=_("There is no such code. Please check it."))
        visitor.take_part(found.number)
        return redirect(url_for("study.study"), 303)

    @blueprint.post("/practised")
    def practised() -> AnyResponse:
        """Go on to the last recording."""
        found = require()
        if found.step is Step.PRACTICE:
            studies.end_practice(found)
        return redirect(url_for("study.study"), 303)

    @blueprint.post("/answers")
    def answers() -> Any:
        """Take the answers to the questions."""
        found = require()
        given = {name: request.form.get(name, "") for name in ITEMS}
        if any(value not in ANSWERS for value in given.values()):
            return page(400, error=_("Please answer every question."))
        if found.step is Step.QUESTIONS:
            studies.answer(found, {name: int(value) for name, value in given.items()})
        return redirect(url_for("study.study"), 303)

    @blueprint.post("/leave")
    def leave() -> AnyResponse:
        """Let somebody else use this phone."""
        visitor.leave()
        return redirect(url_for("study.study"), 303)

    @blueprint.post("/withdraw")
    def withdraw() -> AnyResponse:
        """Remove everything of a participant."""
        studies.withdraw(require())
        visitor.leave()
        return redirect(url_for("study.study", withdrawn=1), 303)

    return blueprint
