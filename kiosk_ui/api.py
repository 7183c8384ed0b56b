"""The scoring API under ``/api/v1``; described by ``openapi.json``."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final
from zipfile import BadZipFile

from flask import Blueprint, Response, jsonify, send_file, url_for

from kiosk_ui.config import WebConfig
from kiosk_ui.languages import gettext as _
from kiosk_ui.motion import motion_file
from kiosk_ui.problems import Problem
from kiosk_ui.scores import Replay, Score, Status
from kiosk_ui.services import Services
from kiosk_ui.slots import Slots
from kiosk_ui.store import CLIP, REPLAY
from kiosk_ui.uploads.form import take_upload

log = logging.getLogger(__name__)

DESCRIPTION: Final = Path(__file__).with_name("openapi.json")
RETRY_REPLAY: Final = 5
"""Seconds after which a replay may be ready."""


def api_blueprint(config: WebConfig, services: Services, *, network: bool) -> Blueprint:
    """Make the API's routes.

    :param config: limits.
    :param services: what they work with.
    :param network: whether they are for the network; on the device itself no browser may keep what
        it has shown, since it would have it for longer than the kiosk.
    """
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    waiters = Slots(config.replay_waiters)
    send = partial(_send, caching="private, no-cache" if network else "no-store")

    @api.get("/openapi.json")
    def description() -> Response:
        """Describe this API."""
        return Response(DESCRIPTION.read_bytes(), mimetype="application/json")

    @api.post("/scores")
    def create_score() -> Response:
        """Take a video and queue it."""
        score = find_score(services, take_upload(config, services))
        response = jsonify(represent(score))
        response.status_code = 202
        response.headers["Location"] = url_for("public.api.read_score", key=score.id)
        return response

    @api.get("/scores/<key>")
    def read_score(key: str) -> Response:
        """Say how far a score is, and its assessment once it is done."""
        score = find_score(services, key)
        response = jsonify(represent(score))
        response.headers["Cache-Control"] = "no-store"
        if not score.finished:
            response.headers["Retry-After"] = "1"
        return response

    @api.get("/scores/<key>/replay.mp4")
    def read_replay(key: str) -> Response:
        """Give the replay; waits until it is rendered."""
        score = find_score(services, key)
        if not _replay_decided(score):
            score = _wait_for_replay(config, services, waiters, score)
        if score.status is Status.FAILED:
            raise Problem(409, "score_failed", score.error or "The video could not be scored.")
        missing = Problem(404, "no_replay", _("There is no replay of this recording."))
        if score.withheld or score.replay is not Replay.READY:
            raise missing
        return send(services.store.path(key, REPLAY), "video/mp4", missing, name="squat-replay.mp4")

    @api.get("/scores/<key>/clip.mp4")
    def read_clip(key: str) -> Response:
        """Give the clean clip, over which a page draws; it is there with the verdict."""
        score = find_score(services, key)
        missing = Problem(404, "no_clip", _("There is no clip of this recording."))
        if score.withheld or score.wiped:
            raise missing
        return send(services.store.path(key, CLIP), "video/mp4", missing)

    @api.get("/scores/<key>/motion")
    def read_motion(key: str) -> Response:
        """Give what is drawn over the clip: joints, depth, faults, a good repetition."""
        score = find_score(services, key)
        missing = Problem(404, "no_motion", _("Nothing is known to draw over this recording."))
        if score.status is not Status.DONE or score.withheld or score.wiped:
            raise missing
        try:
            path = motion_file(services.store, score, services.typical)
        except OSError as error:
            raise missing from error
        except (ValueError, LookupError, BadZipFile) as error:  # a file of this result is damaged
            log.error("score %s cannot be drawn: %s", key, error)
            raise missing from error
        return send(path, "application/json", missing)

    return api


def _send(
    path: Path, kind: str, missing: Problem, *, caching: str, name: str | None = None
) -> Response:
    """Send a file; a phone's browser may keep it if it asks each time whether it may.

    What is being sent when its time is over is sent to its end.

    :raises Problem: it is not there, or has gone just now.
    """
    try:
        response = send_file(path, kind, conditional=True, download_name=name)
    except OSError:
        raise missing from None
    response.headers["Cache-Control"] = caching
    return response


def find_score(services: Services, key: str) -> Score:
    """Return a score.

    :raises Problem: there is none of that id.
    """
    score = services.store.get(key)
    if score is None:
        raise no_such_score()
    return score


def no_such_score() -> Problem:
    """Return what is told of a score that is not there, or not any more."""
    return Problem(404, "score_unknown", _("There is no such result. It may have been deleted."))


def represent(score: Score) -> dict[str, Any]:
    """Return a score as programs get it."""
    replay = Replay.NONE if score.withheld else score.replay
    wanted = replay in (Replay.READY, Replay.PENDING) or not score.finished
    return {
        "id": score.id,
        "status": score.status.value,
        "source": score.source.value,
        "created": score.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "progress": round(score.progress, 3),
        "ahead": score.ahead,
        "wait": round(score.wait, 1),
        "threshold": score.threshold,
        "assessment": score.assessment,
        "error": score.error,
        "withheld": score.withheld,
        "replay": {
            "status": (replay if score.finished else Replay.PENDING).value,
            "url": url_for("public.api.read_replay", key=score.id) if wanted else None,
        },
        "video": {
            "deleted": score.wiped,
            "deleted_in": None if score.video_left is None else round(score.video_left, 1),
        },
        "page": url_for("public.read_page", key=score.id),
    }


def _replay_decided(score: Score) -> bool:
    return score.finished and (score.withheld or score.replay is not Replay.PENDING)


def _wait_for_replay(config: WebConfig, services: Services, waiters: Slots, score: Score) -> Score:
    """Return the score once its replay is there or will never be.

    :raises Problem: it takes too long, or too many wait already.
    """
    waiting = Problem(
        503, "replay_pending", _("The replay is still being made. Please try again in a moment."),
        retry_after=RETRY_REPLAY,
    )  # fmt: skip
    give_back = waiters.take()
    if give_back is None:
        raise waiting
    try:
        deadline = monotonic() + config.replay_patience
        while not _replay_decided(score):
            left = deadline - monotonic()
            if left <= 0 or services.closing.is_set():
                raise waiting
            # In short steps, so that a server that is to stop need not wait for this.
            found = services.store.wait_for(score.id, _replay_decided, min(left, 1.0))
            score = found or find_score(services, score.id)
        return score
    finally:
        give_back()
