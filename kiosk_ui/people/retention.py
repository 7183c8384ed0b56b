"""What is deleted by itself: results that nobody keeps, histories that nobody visits, strays."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import sqlalchemy as sa

from kiosk_ui.config import WebConfig
from kiosk_ui.scores import Status
from kiosk_ui.services import Services
from kiosk_ui.tables import KEPT, PEOPLE, SCORES, STUDY_SCORES

log = logging.getLogger(__name__)

EVERY: Final = 3600.0
"""Seconds between two looks."""


def tidy(services: Services, config: WebConfig, today: datetime | None = None) -> None:
    """Delete what has been here long enough, and what something that failed has left behind.

        tidy(services, WebConfig(keep_days=30))

    :param services: whose scores and people they are.
    :param config: says how long.
    :param today: None: now.
    """
    moment = today or datetime.now(timezone.utc)
    unkept = _old_scores(services, moment, config.keep_days)
    services.store.delete(*unkept)
    forgotten = _old_people(services, moment, config.forget_days)
    for key in forgotten:
        person = services.people.find(key)
        if person:
            services.people.delete(person)
    strays = services.store.remove_strays()
    services.labels.remove_withdrawn()
    if unkept or forgotten or strays:
        log.info(
            "deleted: %d results that nobody keeps, %d histories that nobody visits, %d strays",
            len(unkept), len(forgotten), strays,
        )  # fmt: skip


def _old_scores(services: Services, moment: datetime, days: int) -> list[str]:
    held = sa.union(sa.select(KEPT.c.score), sa.select(STUDY_SCORES.c.score))
    old = sa.select(SCORES.c.id).where(
        SCORES.c.created < _before(moment, days),
        SCORES.c.status.in_([Status.DONE, Status.FAILED]),
        SCORES.c.id.not_in(held),
    )
    return _found(services, old) if days else []


def _old_people(services: Services, moment: datetime, days: int) -> list[str]:
    old = sa.select(PEOPLE.c.key).where(PEOPLE.c.seen < _before(moment, days))
    return _found(services, old) if days else []


def _before(moment: datetime, days: int) -> str:
    return (moment - timedelta(days=days)).isoformat()


def _found(services: Services, query: Any) -> list[str]:
    with services.store.engine.connect() as connection:
        return list(connection.scalars(query))
