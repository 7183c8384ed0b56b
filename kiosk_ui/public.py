"""The pages for phones, and the page of one result, which the kiosk shows as well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from kiosk_ui.api import find_score
from kiosk_ui.card import card_of
from kiosk_ui.config import WebConfig
from kiosk_ui.languages import gettext as _
from kiosk_ui.operation import health
from kiosk_ui.phones.record import record_url
from kiosk_ui.problems import Problem
from kiosk_ui.qr import code_for
from kiosk_ui.scores import Score, Source, Status
from kiosk_ui.services import Services
from kiosk_ui.slots import Slots
from kiosk_ui.tables import IN_A_HISTORY
from kiosk_ui.uploads.form import take_upload

MOMENT: Final = 1.0
"""Seconds for which a request for a card waits for news."""


@dataclass(frozen=True, slots=True)
class WayHome:
    """How a result is taken home.

    :param link: address with a code that expires.
    :param drawing: the same as a QR code, an SVG.
    :param minutes: for which it works.
    """

    link: str
    drawing: Markup
    minutes: int


def public_blueprint(config: WebConfig, services: Services, *, network: bool) -> Blueprint:
    """Make the routes that everybody on the network may use.

    :param config: limits.
    :param services: what they work with.
    :param network: whether they are for the network, where the phone's page is the first page;
        else they are for the device itself, whose screen has a page of its own.
    """
    public = Blueprint("public", __name__)
    places = Slots(config.card_waiters)

    @public.get("/phone")
    def phone() -> str:
        """Explain, and take a video."""
        return render_template(
            "phone.html",
            max_bytes=config.max_upload_bytes,
            record_url=record_url(services),
            full=not services.room(),
            minutes=minutes_of(config),
        )

    @public.get("/phone/room")
    def room() -> Response:
        """Say whether a video that is filmed now would find no room."""
        response = jsonify({"full": not services.room()})
        response.headers["Cache-Control"] = "no-store"
        return response

    public.app_context_processor(lambda: {"keeps": what_is_kept(config, services)})

    @public.get("/notice")
    def notice() -> str:
        """Tell in plain words what is kept, for how long, and who sees it."""
        return render_template("notice.html", network=network)

    if network:
        public.add_url_rule("/", "home", phone)

    @public.post("/phone")
    def phone_upload() -> AnyResponse:
        """Take a video from a browser without scripts."""
        key = take_upload(config, services)
        return redirect(url_for("public.read_page", key=key), 303)

    @public.get("/scores/<key>")
    def read_page(key: str) -> str:
        """Show one result, or how far it is."""
        score = find_score(services, key)
        if score.withheld:
            return render_template("thanks_page.html", key=key)
        owned = services.people.owner_of(key) is not None
        return render_template(
            "result.html", card=card_of(score), kiosk=False, network=network, owned=owned
        )

    @public.post("/scores/<key>/delete")
    def delete(key: str) -> AnyResponse:
        """Remove a result that is in nobody's history; whoever has its address was given it."""
        find_score(services, key)
        if not services.store.delete(key, unless=IN_A_HISTORY):
            raise Problem(
                409, "in_a_history", _("This result is in a history. It is deleted there.")
            )
        return redirect(url_for("public.phone", deleted=1), 303)

    @public.get("/scores/<key>/card")
    def read_card(key: str) -> Response:
        """Give the result alone, to be put into a page; waits a moment for news of it."""
        score = wait_for_news(services, places, find_score(services, key))
        page = draw_card(services, score, network=network)
        return Response(page, headers={"Cache-Control": "no-store"})

    @public.get("/t/<code>")
    def take_home(code: str) -> AnyResponse:
        """Lead from a code on the kiosk's screen to its result."""
        key = services.shares.find(code)
        if key is None or services.store.get(key) is None:
            minutes = share_minutes(config, services)
            raise Problem(
                410, "code_expired",
                _("This code has expired: each one works for %(minutes)s minutes. Do another set "
                  "at the kiosk and scan the new one.", minutes=minutes),
            )  # fmt: skip
        answer = redirect(url_for("public.read_page", key=key), 302)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @public.get("/healthz")
    def healthz() -> Response:
        """Say whether the process and its threads live."""
        return health.alive(services, details=not network)

    @public.get("/readyz")
    def readyz() -> Response:
        """Say whether clips can be scored, and to the device itself what is missing for it."""
        return health.ready(services, details=not network)

    return public


def wait_for_news(services: Services, places: Slots, score: Score) -> Score:
    """Return a score once its status is another one, or after a moment.

    So a verdict is on the screen as soon as it is there. Where too many wait already, the answer
    comes at once.
    """
    give_back = places.take() if not score.finished else None
    if give_back is None:
        return score
    try:
        found = services.store.wait_for(score.id, lambda s: s.status is not score.status, MOMENT)
        return found or find_score(services, score.id)
    finally:
        give_back()


def draw_card(services: Services, score: Score, *, network: bool) -> str:
    """Return the card of a score as HTML; on the device itself with a code to take it home."""
    if score.withheld:
        return render_template("thanks.html", key=score.id)
    home = None if network else _way_home(services, score)
    return render_template("card.html", card=card_of(score), kiosk=not network, home=home)


def _way_home(services: Services, score: Score) -> WayHome | None:
    """Return how a result on the kiosk's screen is taken home; None where no phone gets there."""
    address = services.address()
    if score.source is not Source.KIOSK or score.status is not Status.DONE or address is None:
        return None
    lasts = None if score.wiped else services.shares.left(score.id)
    if lasts is None:
        return None
    link = address + url_for("public.take_home", code=services.shares.code_for(score.id))
    lasts = min(lasts, score.video_left or lasts)
    return WayHome(link, code_for(link), max(math.ceil(lasts / 60), 1))


def minutes_of(config: WebConfig) -> int:
    """Return for how many minutes a video stays, as it is told to people."""
    return max(math.ceil(config.clip_minutes), 1)


def share_minutes(config: WebConfig, services: Services) -> int:
    """Return for how many minutes a code leads to a result: no longer than its video stays."""
    return min(round(services.shares.lasts / 60), minutes_of(config))


def what_is_kept(config: WebConfig, services: Services) -> dict[str, Any]:
    """Return what the notice says of this kiosk, as it is set up."""
    return {
        "minutes": minutes_of(config),
        "keep_days": config.keep_days,
        "forget_days": config.forget_days,
        "history": config.history,
        "share_minutes": share_minutes(config, services),
        "contact": config.contact,
    }
