"""A score as programs and pages see it: where it came from and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from edge.errors import KioskError


class QueueFull(KioskError):  # noqa: N818 - it is an answer, not a failure
    """As many videos wait as may wait."""


class Source(str, Enum):
    """Where a score's clip came from."""

    KIOSK = "kiosk"
    UPLOAD = "upload"


class Status(str, Enum):
    """How far a score is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Replay(str, Enum):
    """How far a score's replay is; ``none`` where there never will be one."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Score:
    """One score as it is kept.

    :param created: when it came, in UTC.
    :param attempts: how often scoring was begun.
    :param threshold: the score, 0 to 1, from which the verdict is good.
    :param assessment: what :meth:`edge.assessment.Assessment.to_dict` gave, once done.
    :param error: why it failed, in words for the gym-goer.
    :param progress: 0 to 1; live, not kept.
    :param ahead: how many wait before it; live, not kept.
    :param wait: about how many seconds pass until it is done; live, not kept.
    :param video_left: in how many seconds video and joints are deleted; None: they are kept, or are
        gone, or the score is not finished.
    :param wiped: whether video and joints have been deleted.
    :param withheld: whether a study keeps the assessment from its participant.
    """

    id: str
    created: datetime
    source: Source
    status: Status
    attempts: int
    threshold: float
    assessment: dict[str, Any] | None
    error: str | None
    replay: Replay
    progress: float = 0.0
    ahead: int = 0
    wait: float = 0.0
    video_left: float | None = None
    wiped: bool = False
    withheld: bool = False

    @property
    def finished(self) -> bool:
        """Tell whether the status will not change any more."""
        return self.status in (Status.DONE, Status.FAILED)
