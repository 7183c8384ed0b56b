"""What a result page shows of a score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from edge.assessment import LIKELY
from kiosk_ui.failures import failure
from kiosk_ui.languages import current
from kiosk_ui.scores import Replay, Score, Status

MOST_CUES: Final = 2
"""So many further cues are shown: who is told everything changes nothing."""


@dataclass(frozen=True, slots=True)
class RepetitionLine:
    """One repetition in the list.

    :param number: from 1 on.
    :param points: its score in points, 0 to 100; None where it could not be judged.
    :param state: ``good``, ``bad`` or ``not_judged``.
    :param start: when it begins in the replay, in seconds.
    :param end: when it ends, in seconds.
    """

    number: int
    points: int | None
    state: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Card:
    """A score, ready to be shown.

    :param key: the score's id.
    :param state: ``waiting``, ``running``, ``failed``, or the verdict: ``good``, ``bad``,
        ``not_judged``.
    :param points: the score in points, 0 to 100, or None.
    :param needed: the threshold in points.
    :param cue: the one sentence for the gym-goer: what to change, praise, or why there is no
        verdict; None until the card is finished.
    :param also: the cues of further faults, the likeliest first.
    :param has_replay: whether there is a replay or will be one.
    :param percent: how far the scoring is.
    :param ahead: how many wait before this one.
    :param wait: about how many seconds pass until it is done, in steps of five.
    """

    key: str
    state: str
    points: int | None
    needed: int
    cue: str | None
    also: tuple[str, ...]
    repetitions: tuple[RepetitionLine, ...]
    has_replay: bool
    percent: int
    ahead: int
    wait: int

    @property
    def finished(self) -> bool:
        """Tell whether the card will not change any more."""
        return self.state not in ("waiting", "running")

    @property
    def good_count(self) -> int:
        """Return how many repetitions were good."""
        return sum(line.state == "good" for line in self.repetitions)


def card_of(score: Score) -> Card:
    """Return what to show of a score, in the language of the request."""
    language = current()
    found = score.assessment or {}
    value, threshold, cue = found.get("score"), score.threshold, found.get("cue") or {}
    return Card(
        key=score.id,
        state=_state(score, found),
        points=None if value is None else points_of(value, threshold),
        needed=points(threshold),
        cue=failure(score.error) if score.error else cue.get(language),
        also=_also(found, cue, language),
        repetitions=tuple(
            _line(number, line, threshold)
            for number, line in enumerate(found.get("repetitions", ()), start=1)
        ),
        has_replay=score.replay in (Replay.PENDING, Replay.READY),
        percent=round(100 * score.progress),
        ahead=score.ahead,
        wait=5 * math.ceil(score.wait / 5),
    )


def _also(found: dict[str, Any], cue: dict[str, Any], language: str) -> tuple[str, ...]:
    """Return the cues of the likely faults that the main cue is not about."""
    likely = [f for f in found.get("faults", ()) if f["visible"] and f["probability"] >= LIKELY]
    further = [fault["cue"][language] for fault in likely if fault["name"] != cue.get("name")]
    return tuple(further[:MOST_CUES])


def _line(number: int, line: dict[str, Any], threshold: float) -> RepetitionLine:
    score = line["score"]
    if score is None:
        return RepetitionLine(number, None, "not_judged", line["start"], line["end"])
    state = "good" if score >= threshold else "bad"
    return RepetitionLine(number, points_of(score, threshold), state, line["start"], line["end"])


def _state(score: Score, found: dict[str, Any]) -> str:
    if score.status is Status.DONE:
        return str(found["verdict"])
    return {Status.QUEUED: "waiting", Status.RUNNING: "running"}.get(score.status, "failed")


def points(share: float) -> int:
    """Return 0 to 1 as whole points, 0 to 100."""
    return round(100 * share)


def points_of(score: float, threshold: float) -> int:
    """Return a score in points that lie on the same side of the threshold as the score does.

    Rounding alone would show 50 of 50 points, and a bad verdict beside it.
    """
    if score < threshold:
        return min(math.floor(100 * score), max(points(threshold) - 1, 0))
    return max(points(score), points(threshold))
