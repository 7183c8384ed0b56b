"""What a result page shows of a score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.assessment import LIKELY
from edge.errors import ExerciseError
from edge.exercise import Fault, Quantity
from edge.exercises import load
from kiosk_ui.failures import failure
from kiosk_ui.languages import current, noted
from kiosk_ui.languages import gettext as _
from kiosk_ui.scores import Replay, Score, Status

MOST_CUES: Final = 2
"""So many further cues are shown: who is told everything changes nothing."""

TURNED: Final = 15.0
"""Degrees from which it is said that turning to the camera would show more."""

PARTS: Final = {
    "base_of_support": noted("your feet"),
    "left_knee": noted("your left knee"),
    "right_knee": noted("your right knee"),
    "torso": noted("your trunk"),
    "hip_joint": noted("your hips"),
    "neck": noted("your head"),
}
"""What the parts of the body are called where they could not be seen."""


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
class Figure:
    """The number behind the main cue.

    :param label: what was measured.
    :param value: how much it was, with its unit.
    :param aim: what it should be, with its unit.
    """

    label: str
    value: str
    aim: str


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
    :param fault: the name of the fault that the cue is about, or None.
    :param figure: the number behind the cue, or None.
    :param worst: when in the clip it was worst, in seconds, or None.
    :param also: the cues of further faults, the likeliest first.
    :param unseen: what the camera could not see, in a sentence, or None.
    :param has_clip: whether there is a clip to be shown.
    :param gone: whether video and joints have been deleted, their time being over.
    :param seconds_left: until then; None: they are kept, or there are none.
    :param has_replay: whether there is a replay to take home, or will be one.
    :param percent: how far the scoring is.
    :param ahead: how many wait before this one.
    :param wait: about how many seconds pass until it is done, in steps of five.
    """

    key: str
    state: str
    points: int | None
    needed: int
    cue: str | None
    fault: str | None
    figure: Figure | None
    worst: float | None
    also: tuple[str, ...]
    unseen: str | None
    repetitions: tuple[RepetitionLine, ...]
    has_clip: bool
    gone: bool
    seconds_left: int | None
    has_replay: bool
    percent: int
    ahead: int
    wait: int

    @property
    def finished(self) -> bool:
        """Tell whether the card will not change any more."""
        return self.state not in ("waiting", "running")

    @property
    def minutes_left(self) -> int | None:
        """Return the minutes until video and joints are deleted; the last one is a whole one."""
        return None if self.seconds_left is None else max(math.ceil(self.seconds_left / 60), 1)

    @property
    def good_count(self) -> int:
        """Return how many repetitions were good."""
        return sum(line.state == "good" for line in self.repetitions)


def card_of(score: Score) -> Card:
    """Return what to show of a score, in the language of the request."""
    language = current()
    found = score.assessment or {}
    value, threshold, cue = found.get("score"), score.threshold, found.get("cue") or {}
    fault = cue.get("name") if cue.get("kind") in ("fault", "tip") else None
    return Card(
        key=score.id,
        state=_state(score, found),
        points=None if value is None else points_of(value, threshold),
        needed=points(threshold),
        cue=failure(score.error) if score.error else cue.get(language),
        fault=fault,
        figure=_figure(found, cue, language),
        worst=_worst(found, cue, fault),
        also=_also(found, cue, language),
        unseen=_unseen(found),
        repetitions=tuple(
            _line(number, line, threshold)
            for number, line in enumerate(found.get("repetitions", ()), start=1)
        ),
        has_clip=score.status is Status.DONE and score.replay is not Replay.NONE,
        gone=score.wiped and score.status is Status.DONE,
        seconds_left=None if score.video_left is None else math.ceil(score.video_left),
        has_replay=score.replay in (Replay.PENDING, Replay.READY),
        percent=round(100 * score.progress),
        ahead=score.ahead,
        wait=5 * math.ceil(score.wait / 5),
    )


def _figure(found: Mapping[str, Any], cue: Mapping[str, Any], language: str) -> Figure | None:
    """Return the number of the main cue, where it has one."""
    if cue.get("value") is None:
        return None
    try:
        exercise = load(found["exercise"])
        fault = next(one for one in exercise.faults if one.name == cue["name"])
    except (ExerciseError, StopIteration):  # a score of another version
        return None
    quantity = exercise.quantity(fault.quantity)
    label = exercise.texts.quantities[quantity.name].model_dump()[language]
    told = quantity.tell_beyond(cue["value"], fault.limit)
    return Figure(label, amount(told, quantity.unit), _aim(fault, quantity))


def _aim(fault: Fault, quantity: Quantity) -> str:
    """Return what to aim for; of a side that has a sign the other side's limit is told alike."""
    limit = amount(quantity.tell(fault.limit), quantity.unit)
    if fault.beyond == "low" and fault.limit >= 0:
        return _("over %(limit)s", limit=limit)
    return _("under %(limit)s", limit=limit)


def amount(number: str, unit: str) -> str:
    """Return a number with its unit as the language of the request writes it."""
    return f"{number}{unit}" if unit == "°" or current() == "ko" else f"{number} {unit}"


def _worst(found: Mapping[str, Any], cue: Mapping[str, Any], fault: str | None) -> float | None:
    """Return the moment to look at: of the main fault, else of what cost the most."""
    for one in found.get("faults", ()):
        if one["name"] == fault and one["moment"] is not None:
            return float(one["moment"])
    explanation = found.get("explanation")
    if explanation and cue.get("kind") in ("fault", "unknown"):
        return float(explanation["moment"])
    return None


def _unseen(found: Mapping[str, Any]) -> str | None:
    """Return what the camera could not see, and what to do about it."""
    parts: dict[str, bool] = {}
    for fault in found.get("faults", ()):
        parts[fault["part"]] = parts.get(fault["part"], False) or fault["visible"]
    hidden = [_(PARTS[part]) for part, seen in parts.items() if not seen and part in PARTS]
    if not hidden:
        return None
    view = found.get("view") or {}
    if abs(view.get("yaw") or 0.0) >= TURNED:
        return _(
            "The camera could not see: %(parts)s. You were turned by %(turn)s°; face it squarely.",
            parts=", ".join(hidden), turn=round(abs(view["yaw"])),
        )  # fmt: skip
    return _("The camera could not see: %(parts)s.", parts=", ".join(hidden))


def _also(found: Mapping[str, Any], cue: Mapping[str, Any], language: str) -> tuple[str, ...]:
    """Return the cues of the likely faults that the main cue is not about."""
    likely = [f for f in found.get("faults", ()) if f["visible"] and f["probability"] >= LIKELY]
    further = [fault["cue"][language] for fault in likely if fault["name"] != cue.get("name")]
    return tuple(further[:MOST_CUES])


def _line(number: int, line: Mapping[str, Any], threshold: float) -> RepetitionLine:
    score = line["score"]
    if score is None:
        return RepetitionLine(number, None, "not_judged", line["start"], line["end"])
    state = "good" if score >= threshold else "bad"
    return RepetitionLine(number, points_of(score, threshold), state, line["start"], line["end"])


def _state(score: Score, found: Mapping[str, Any]) -> str:
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
