"""What is deleted by itself: results that nobody keeps, histories that nobody visits, strays.

    python -m kiosk_ui.people.retention

The kiosk does it every hour while it runs. The command, run by ``squat-retention.timer``, does it
while the kiosk does not, whatever the reason.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import click
import sqlalchemy as sa

from edge.settings import Settings, SettingsStore
from kiosk_ui.config import WebConfig
from kiosk_ui.disk import DataInUseError, claim
from kiosk_ui.logs import log_discreetly
from kiosk_ui.maintenance import data_option, opened
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


@click.command()
@data_option
def main(data_dir: Path | None) -> None:
    """Delete what is too old, unless the kiosk runs: then it does so itself."""
    log_discreetly()
    folder = data_dir or Settings().data_dir
    if not folder.is_dir():
        click.echo("There are no data yet.")
        return
    try:
        # Two would take each other's new files for strays. A kiosk that starts waits for us.
        lock = claim(folder, briefly=True)
    except DataInUseError:
        click.echo("The kiosk runs and does it itself.")
        return
    with lock, opened(folder) as store:
        tidy(Services(store, SettingsStore(folder / "settings.json")), WebConfig())


if __name__ == "__main__":
    main()
