"""The program's log: as text or as JSON, to the error output and to a file, without secrets.

log_discreetly()     # once, before anything is logged
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import click
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pythonjsonlogger.json import JsonFormatter

from kiosk_ui.discreet import DiscreetFormatter, discreet

TEXT: Final = "%(levelname)s %(name)s: %(message)s"
IN_A_FILE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""The journal knows the time itself; a file does not."""

FILE_BYTES: Final = 5_000_000
FILES: Final = 4
"""A log file is put aside at this size, and so many of them are kept beside the newest."""

PRIORITIES: Final = {
    logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7,
}  # fmt: skip
"""Python's levels as the journal counts them."""

REMEMBERED: Final = 50
LONGEST: Final = 300
"""So many lines from WARNING on are remembered, each with so many characters of its first line."""


class LogSettings(BaseSettings):
    """How the log is written, by environment variables named ``KIOSK_...``.

        KIOSK_LOG=json KIOSK_LOG_FILE=/var/log/kiosk.log scripts/run

    :param log: ``text`` for people, or ``json``: one object a line.
    :param log_file: written as well, and put aside at 5 MB; None: none. The journal rotates itself.
    :param access_log: whether each answered request is a line, by its route, never by its path.
    """

    model_config = SettingsConfigDict(env_prefix="KIOSK_", extra="ignore", frozen=True)

    log: Literal["text", "json"] = "text"
    log_file: Path | None = Field(default=None)
    access_log: bool = False


class DiscreetJson(JsonFormatter):
    """One object a line: time, level, logger, thread, message, and whatever the line adds.

    log.info("score failed", extra={"score": key})     # {..., "score": "dQw4w9..."}
    """

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(threadName)s %(message)s",
            rename_fields={
                "levelname": "level", "name": "logger", "threadName": "thread",
                "exc_info": "traceback", "stack_info": "stack",
            },
            rename_fields_keep_missing=False,
            json_ensure_ascii=False,
        )  # fmt: skip

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """Begin with the time, in UTC."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        super().add_fields(log_data, record, message_dict)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line that is written; it stays JSON, since only letters are taken out."""
        return discreet(super().format(record))


class ForJournal(logging.Formatter):
    """Puts the journal's priority before each line of what another formatter writes.

    :param inner: writes.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines; the journal takes each for an entry of its own."""
        begin = f"<{PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(begin + line for line in self._inner.format(record).splitlines() or [""])


@dataclass(frozen=True, slots=True)
class Remembered:
    """A line from WARNING on.

    :param time: when, in UTC.
    :param level: such as ``ERROR``.
    :param logger: who said it.
    :param message: the first line of it, without secrets.
    """

    time: datetime
    level: str
    logger: str
    message: str


class Ring(logging.Handler):
    """Remembers the last lines from WARNING on, for the maintainer's page.

        logging.getLogger().addHandler(RING)
        RING.lines()

    :param room: how many.
    """

    def __init__(self, room: int = REMEMBERED) -> None:
        super().__init__(logging.WARNING)
        self._lines: deque[Remembered] = deque(maxlen=room)
        self.counts = {"WARNING": 0, "ERROR": 0, "CRITICAL": 0}
        """How many there were of each level since the start."""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line."""
        try:
            message = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                error = record.exc_info[1]
                message = f"{message} ({type(error).__name__}: {error})"
        except (TypeError, ValueError):  # a line whose values do not fit its text
            message = str(record.msg)
        first = discreet(message).partition("\n")[0][:LONGEST]
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        self._lines.append(Remembered(moment, record.levelname, record.name, first))
        if record.levelname in self.counts:
            self.counts[record.levelname] += 1

    def lines(self) -> Sequence[Remembered]:
        """Return what is remembered, the newest first."""
        return tuple(reversed(self._lines.copy()))


RING: Final = Ring()
"""Of this process: the log is one for all, and so is what is remembered of it."""


def log_discreetly(level: int = logging.INFO) -> LogSettings:
    """Let the program's log go where the environment says, without secrets.

    :raises click.ClickException: the environment asks for what there is not.
    """
    try:
        settings = LogSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise click.ClickException(f"KIOSK_{name}: {first['msg']}") from error
    try:
        handlers = handlers_for(settings, os.environ)
    except OSError as error:
        raise click.ClickException(
            f"KIOSK_LOG_FILE: {settings.log_file} cannot be written: {error.strerror}"
        ) from error
    if logging.getLogger().handlers:
        return settings  # somebody else's program has a log of its own
    logging.basicConfig(level=level, handlers=[*handlers, RING])
    logging.getLogger("kiosk_ui.access").disabled = not settings.access_log
    logging.captureWarnings(True)
    # What nobody catches would be printed as it is, with whatever stands in it.
    sys.excepthook = _tell
    threading.excepthook = lambda what: _tell(
        what.exc_type, what.exc_value or what.exc_type(), what.exc_traceback
    )
    return settings


def handlers_for(settings: LogSettings, environment: Mapping[str, str]) -> list[logging.Handler]:
    """Return what writes the log.

    :param settings: how.
    :param environment: tells whether the journal listens at the error output.
    :raises OSError: the file cannot be written.
    """

    def formatter(text: str) -> logging.Formatter:
        return DiscreetJson() if settings.log == "json" else DiscreetFormatter(text)

    screen = logging.StreamHandler()
    inner = formatter(TEXT)
    screen.setFormatter(ForJournal(inner) if is_journal(environment) else inner)
    if settings.log_file is None:
        return [screen]
    file = RotatingFileHandler(
        settings.log_file, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8", delay=False
    )
    file.setFormatter(formatter(IN_A_FILE))
    return [screen, file]


def is_journal(environment: Mapping[str, str]) -> bool:
    """Tell whether the error output of this process goes to systemd's journal."""
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _tell(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:  # fmt: skip
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    name = threading.current_thread().name
    logging.getLogger("kiosk_ui").critical(
        "the thread %s has ended", name, exc_info=(kind, error, traceback)
    )
