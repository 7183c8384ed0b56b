"""The result of a session: verdict, cue, repetitions, numbers, faults, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final

from edge.exercise import Text
from edge.explanation import Explanation
from edge.judging import View

LIKELY: Final = 0.5
"""From this probability on, a fault is named."""


class Verdict(str, Enum):
    """What the gym-goer is told."""

    GOOD = "good"
    BAD = "bad"
    NOT_JUDGED = "not_judged"


class Reason(str, Enum):
    """Why a clip was not judged."""

    NO_PERSON = "no_person"
    TOO_SHORT = "too_short"
    TOO_FEW_FRAMES = "too_few_frames"
    NOT_IN_VIEW = "not_in_view"
    SEVERAL_PEOPLE = "several_people"
    TURNED_AWAY = "turned_away"
    NO_REPETITION = "no_repetition"


MESSAGES: Final[dict[Reason, Text]] = {
    Reason.NO_PERSON: Text(
        en="Nobody was seen. Stand where the camera sees you from head to feet.",
        ko="사람이 보이지 않아요. 머리부터 발끝까지 보이는 곳에 서 주세요.",
    ),
    Reason.TOO_SHORT: Text(
        en="That was too short. Record at least one whole repetition, from start to end.",
        ko="영상이 너무 짧아요. 한 번의 동작을 처음부터 끝까지 찍어 주세요.",
    ),
    Reason.TOO_FEW_FRAMES: Text(
        en="You were seen too rarely. Make sure nobody and nothing stands in front of you, and "
        "that there is enough light.",
        ko="잘 보이지 않았어요. 앞을 가리는 것이 없는지, 조명이 충분한지 확인해 주세요.",
    ),
    Reason.NOT_IN_VIEW: Text(
        en="Part of you was outside the picture. Step back until the camera sees you from head to "
        "feet.",
        ko="몸의 일부가 화면 밖에 있었어요. 온몸이 보일 때까지 뒤로 물러나 주세요.",
    ),
    Reason.SEVERAL_PEOPLE: Text(
        en="Two people were moving. One at a time, please.",
        ko="두 사람이 함께 움직였어요. 한 번에 한 사람씩 해 주세요.",
    ),
    Reason.TURNED_AWAY: Text(
        en="You were not facing the camera. Turn to it and try again.",
        ko="카메라를 보고 있지 않았어요. 카메라를 향해 서서 다시 해 주세요.",
    ),
    Reason.NO_REPETITION: Text(
        en="No repetition was seen. Go all the way and come all the way back.",
        ko="동작이 보이지 않았어요. 끝까지 움직였다가 처음 자세로 돌아오세요.",
    ),
}
"""What each reason means, in words for a gym-goer; an exercise may have words of its own."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The one sentence that a person is told.

    :param kind: ``fault``, ``tip`` (something that could be better in a good result), ``praise``,
        ``unknown`` (bad, but nobody can say why) or ``reason`` (not judged).
    :param name: of the fault, of the reason, or the kind again.
    :param value: the measured number, if there is one.
    :param unit: of value and aim.
    :param aim: the range aimed at; None where there is no limit on a side.
    """

    kind: str
    name: str
    en: str
    ko: str
    value: float | None = None
    unit: str | None = None
    aim: tuple[float | None, float | None] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types."""
        aim = None if self.aim is None else list(self.aim)
        return {**asdict(self), "value": rounded(self.value), "aim": aim}


@dataclass(frozen=True, slots=True)
class FoundFault:
    """Something that may have been wrong.

    :param name: of the fault, or of the part of the body where no number says what it is.
    :param part: of the body; left and right are the person's own.
    :param probability: 0 to 1, that it was wrong; over several repetitions, their mean.
    :param visible: whether this view can show it at all; if not, it is never told.
    :param cue: its sentence.
    :param quantity: the name of the quantity that shows it, or None.
    :param value: of the quantity where it was worst.
    :param unit: of value and aim.
    :param aim: the range aimed at.
    :param moment: seconds in the clip; when it was worst.
    :param excess: by how many tolerances of its measurement the value is beyond the aim;
        negative within it.
    """

    name: str
    part: str
    probability: float
    visible: bool
    cue: Text
    quantity: str | None = None
    value: float | None = None
    unit: str | None = None
    aim: tuple[float | None, float | None] | None = None
    moment: float | None = None
    excess: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types."""
        return {
            "name": self.name,
            "part": self.part,
            "probability": rounded(self.probability, 4),
            "visible": self.visible,
            "quantity": self.quantity,
            "value": rounded(self.value),
            "unit": self.unit,
            "aim": None if self.aim is None else list(self.aim),
            "moment": rounded(self.moment),
            "cue": self.cue.model_dump(),
        }


@dataclass(frozen=True, slots=True)
class FoundQuantity:
    """A measured quantity over all repetitions.

    :param label: what it is called.
    :param source: where its definition comes from.
    :param value: the median of the repetitions'; None where this clip cannot show it.
    """

    name: str
    label: Text
    unit: str
    source: str
    value: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types."""
        return {**asdict(self), "label": self.label.model_dump(), "value": rounded(self.value)}


@dataclass(frozen=True, slots=True)
class JudgedRepetition:
    """One repetition and its own score; times in seconds of the clip.

    :param turn: when it was farthest from the rest, for instance at the bottom of a squat.
    :param travel: how far the exercise's signal moved, in torso lengths.
    :param score: probability, 0 to 1, that it was correct; None where it could not be judged.
    :param quantities: what was measured, in the quantities' units; None: not visible.
    :param faults: what may have been wrong with it, the likeliest first.
    """

    start: float
    turn: float
    end: float
    travel: float
    score: float | None
    quantities: Mapping[str, float | None] = field(default_factory=dict)
    faults: tuple[FoundFault, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain types; of the faults the names of those that are more likely than not."""
        return {
            "start": rounded(self.start),
            "turn": rounded(self.turn),
            "end": rounded(self.end),
            "travel": rounded(self.travel),
            "score": rounded(self.score, 4),
            "quantities": {name: rounded(value) for name, value in self.quantities.items()},
            "faults": [f.name for f in self.faults if f.visible and f.probability >= LIKELY],
        }


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """The frames a result rests on.

    :param pushed: frames that were looked at.
    :param subject: frames in which the subject was seen.
    :param used: frames of the repetitions, in which all needed joints were seen well.
    :param skipped: frames that were left out by rule: the model was behind, or so many are enough.
    :param dropped: frames that the camera lost because nobody took them in time.
    """

    pushed: int = 0
    subject: int = 0
    used: int = 0
    skipped: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a session has found.

    :param verdict: good, bad or not judged.
    :param score: probability, 0 to 1, that the repetitions were correct; the mean of theirs; None
        where nothing was judged.
    :param threshold: the score from which the verdict is good; nothing else decides it.
    :param cue: the one sentence to tell.
    :param exercise: name of the exercise.
    :param reason: why nothing was judged, or None.
    :param repetitions: in order of time; also those that were counted but not judged.
    :param quantities: what was measured.
    :param faults: what may have been wrong, the likeliest first.
    :param view: where the camera stood, if the model can tell.
    :param explanation: what cost the repetition with the lowest score most of it, if the model
        can tell.
    :param joints: names of the joints the score rests on.
    :param frames: how many frames it rests on.
    :param duration: seconds from the first frame to the last.
    :param model: name and version of the classifier's bundle.
    :param pose_model: name of the pose model.
    """

    verdict: Verdict
    score: float | None
    threshold: float
    cue: Cue
    exercise: str = ""
    reason: Reason | None = None
    repetitions: tuple[JudgedRepetition, ...] = ()
    quantities: tuple[FoundQuantity, ...] = ()
    faults: tuple[FoundFault, ...] = ()
    view: View | None = None
    explanation: Explanation | None = None
    joints: tuple[str, ...] = ()
    frames: FrameCounts = field(default_factory=FrameCounts)
    duration: float = 0.0
    model: str = ""
    pose_model: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the programs get: plain types only, times rounded to milliseconds."""
        return {
            "exercise": self.exercise,
            "verdict": self.verdict.value,
            "score": rounded(self.score, 4),
            "threshold": self.threshold,
            "cue": self.cue.to_dict(),
            "reason": self.cue.en if self.reason else None,
            "reason_code": self.reason.value if self.reason else None,
            "repetitions": [repetition.to_dict() for repetition in self.repetitions],
            "quantities": [quantity.to_dict() for quantity in self.quantities],
            "faults": [fault.to_dict() for fault in self.faults],
            "view": None
            if self.view is None
            else {"yaw": rounded(self.view.yaw, 1), "height": rounded(self.view.height, 2)},
            "explanation": self._explanation(),
            "joints": list(self.joints),
            "frames": asdict(self.frames),
            "duration": rounded(self.duration),
            "model": self.model,
            "pose_model": self.pose_model,
        }

    def _explanation(self) -> dict[str, Any] | None:
        one = self.explanation
        if one is None:
            return None
        numbers = {"moment": rounded(one.moment), "gain": rounded(one.gain, 4)}
        return {"part": one.part, "joint": one.joint, **numbers}


def rounded(value: float | None, digits: int = 3) -> float | None:
    """Return a number as programs get it."""
    return None if value is None else round(value, digits)
