"""What is deleted by itself: videos and joints after minutes, results and histories after days.

    python -m kiosk_ui.people.retention

The kiosk does it while it runs, in a thread of its own. The command, run by
``squat-retention.timer``, does it while the kiosk does not, whatever the reason.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import Any, Final

import click
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from edge.errors import DatabaseTooNewError
from edge.memory import give_back_memory
from edge.pulse import Pulse
from edge.settings import Settings, SettingsStore
from kiosk_ui.backups import back_up, backup_is_due, forget_damaged
from kiosk_ui.config import WebConfig
from kiosk_ui.disk import DataInUseError, claim
from kiosk_ui.logs import log_discreetly
from kiosk_ui.maintenance import data_option, open_alone
from kiosk_ui.people.steady import SteadyClock
from kiosk_ui.replays import suppress_and_log
from kiosk_ui.scores import Status
from kiosk_ui.services import Services
from kiosk_ui.tables import HELD, PEOPLE, SCORES
from kiosk_ui.videos import Unchanged

log = logging.getLogger(__name__)

EVERY: Final = 20.0
"""Most seconds between two looks; a look where nothing is due takes a millisecond or two."""

LEAST: Final = 0.2
"""Least seconds between two looks."""

GIVE_BACK_EVERY: Final = 60.0
"""Seconds between two times that memory is given back; it takes milliseconds once all is loaded."""

DAYS_EVERY: Final = 3600.0
"""Seconds between two looks for what goes after days."""

HANGS_AFTER: Final = 600.0
"""Seconds without a look after which the thread hangs: nobody's video would be deleted any more."""


class Retention:
    """Deletes what has been here long enough, and what something that failed has left behind.

        retention = Retention(services, WebConfig())
        seconds = retention.look()

    Each part is done whatever becomes of the others, and tried again at the next look.

    :param services: whose videos, results and people they are.
    :param config: says how long.
    :param alone: whether nothing else works with the data: what lies about is then nobody's.
    """

    def __init__(self, services: Services, config: WebConfig, *, alone: bool = False) -> None:
        self._services = services
        self._config = config
        self._alone = alone
        self._folders = Unchanged(config.clip_seconds)
        self._incoming = Unchanged(config.clip_seconds)
        self._clock = SteadyClock(services.store.data_dir)
        self._days_at = -DAYS_EVERY
        self.wiped = 0
        """Of how many results video and joints have been deleted."""

    def look(self, today: datetime | None = None) -> float:
        """Delete what is due, and return after how many seconds something may be due again.

        :param today: None: what the clock shows, as far as it can be believed.
        """
        self._try("videos", self._videos)
        self._try("strays", self._strays)
        if today is not None or self._alone or monotonic() - self._days_at >= DAYS_EVERY:
            self._days_at = monotonic()
            self._try("what goes after days", lambda: self._days(today))
            self._try("exported joints", self._services.labels.remove_withdrawn)
            self._try("backups", self._backups)
        due: list[float] = []
        self._try("the next look", lambda: due.extend(self._next()))
        return min([EVERY, *(max(seconds, LEAST) for seconds in due)])

    @staticmethod
    def _try(what: str, action: Callable[[], Any]) -> None:
        """Do one part; the disk may be full or the table busy: the next time it may do."""
        with suppress_and_log(f"{what}: what is due cannot be deleted"):
            action()

    def _videos(self) -> None:
        count = self._services.store.videos.wipe(self._config.clip_seconds)
        self.wiped += count
        if count:
            log.info("deleted: what was left of %s", _counted(count, "recording"))

    def _strays(self) -> None:
        store = self._services.store
        strays = store.videos.sweep(None if self._alone else self._folders)
        if strays:
            log.info("deleted: %s", _counted(strays, "stray"))
        self._services.uploads.expire()
        for path in self._incoming.among(store.incoming.iterdir()):
            log.info("deleted: something that never became a video to be scored")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _days(self, today: datetime | None) -> None:
        moment = today or datetime.now(timezone.utc)
        if today is None and not self._clock.look(moment):
            return
        services, config = self._services, self._config
        unkept = _old_scores(services, moment, config.keep_days, waiting=self._alone)
        count = services.store.delete(*unkept, unless=HELD, asked=False)
        forgotten = _old_people(services, moment, config.forget_days)
        for key in forgotten:
            person = services.people.find(key)
            if person:
                services.people.delete(person, asked=False)
        forget_damaged(services.store.data_dir, moment)
        if count or forgotten:
            log.info(
                "deleted: %s that nobody keeps; histories that nobody visits: %d",
                _counted(count, "result"), len(forgotten),
            )  # fmt: skip

    def _backups(self) -> None:
        if backup_is_due(self._services.store.data_dir):
            why = back_up(self._services.store.data_dir)
            self._services.store.trouble = why or self._services.store.trouble

    def _next(self) -> list[float]:
        due = self._services.store.videos.due_in(self._config.clip_seconds)
        return [] if due is None else [due]


class RetentionTimer:
    """Looks again and again, in a thread of its own.

        timer = RetentionTimer(services, WebConfig())
        timer.start()

    :param services: whose videos, results and people they are.
    :param config: says how long.
    """

    def __init__(self, services: Services, config: WebConfig) -> None:
        self._retention = Retention(services, config)
        self._metrics = services.metrics
        self._ready = services.ready
        self._stopping = threading.Event()
        self.pulse = Pulse("retention", HANGS_AFTER)
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Start the thread: the first look is at once, for what came due while nobody looked."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        seconds, given_back = 0.0, monotonic()
        while not self._stopping.wait(seconds):
            self.pulse.beat()
            seconds = self._retention.look()
            self._metrics.tidied_now()
            if self._ready.is_set() and monotonic() - given_back >= GIVE_BACK_EVERY:
                give_back_memory()
                given_back = monotonic()


def tidy(services: Services, config: WebConfig, today: datetime | None = None) -> None:
    """Delete once what is due, beside a kiosk that may run.

        tidy(services, WebConfig(keep_days=30))

    :param today: None: what the clock shows, as far as it can be believed.
    """
    Retention(services, config).look(today)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _old_scores(
    services: Services, moment: datetime, days: int, *, waiting: bool
) -> list[str]:  # fmt: skip
    """Return the results whose days are over.

    :param waiting: whether also what was never scored: a kiosk that has not started for so long
        is to keep nobody's video for ever.
    """
    old = sa.select(SCORES.c.id).where(SCORES.c.created < _before(moment, days), sa.not_(HELD))
    if not waiting:
        old = old.where(SCORES.c.status.in_([Status.DONE, Status.FAILED]))
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
    """Delete what is due, unless the kiosk runs: then it does so itself."""
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
    config = WebConfig()
    with lock:
        try:
            store = open_alone(folder, config)
        except (DatabaseTooNewError, DatabaseError, OSError) as error:
            raise click.ClickException(f"{folder} cannot be used: {error}") from error
        services = Services(store, SettingsStore(folder / "settings.json"))
        services.uploads.seconds = config.clip_seconds
        services.uploads.recover()
        Retention(services, config, alone=True).look()
        store.close()


if __name__ == "__main__":
    main()
