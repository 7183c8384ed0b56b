"""The result of a session: score, verdict, reason, repetitions, and what they rest on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final


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


MESSAGES: Final[dict[Reason, str]] = {
    Reason.NO_PERSON: "Nobody was seen. Stand where the camera sees you from head to feet.",
    Reason.TOO_SHORT: "That was too short. Record at least one whole squat, from standing to "
    "standing.",
    Reason.TOO_FEW_FRAMES: "You were seen too rarely. Make sure nobody and nothing stands in "
    "front of you, and that there is enough light.",
    Reason.NOT_IN_VIEW: "Part of you was outside the picture. Step back until the camera sees you "
    "from head to feet.",
    Reason.SEVERAL_PEOPLE: "Two people were squatting. One at a time, please.",
    Reason.TURNED_AWAY: "You were not facing the camera. Turn to it and squat again.",
    Reason.NO_REPETITION: "No squat was seen. Go down and come all the way up again.",
}
"""What each reason means, in words for a gym-goer."""


@dataclass(frozen=True, slots=True)
class JudgedRepetition:
    """One repetition and its own score; times in seconds of the clip.

    :param drop: how far the hips sank, in torso lengths.
    :param score: probability, 0 to 1, that it was correct.
    """

    start: float
    bottom: float
    end: float
    drop: float
    score: float


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """The frames a result rests on.

    :param pushed: frames the session was given.
    :param subject: frames in which the subject was seen.
    :param used: frames of the repetitions, in which all ten joints were seen well.
    :param dropped: frames the source left out because the machine was busy.
    """

    pushed: int = 0
    subject: int = 0
    used: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a session has found.

    :param verdict: good, bad or not judged.
    :param score: probability, 0 to 1, that the squats were correct; the mean of the repetitions';
        None where nothing was judged.
    :param threshold: the score from which the verdict is good.
    :param reason: why nothing was judged, or None.
    :param repetitions: in order of time.
    :param faults: the parts of the body that were wrong; empty where the model names none.
    :param joints: names of the joints the score rests on.
    :param frames: how many frames it rests on.
    :param duration: seconds from the first frame to the last.
    :param model: name and version of the classifier's bundle.
    :param pose_model: name of the pose model.
    """

    verdict: Verdict
    score: float | None
    threshold: float
    reason: Reason | None = None
    repetitions: tuple[JudgedRepetition, ...] = ()
    faults: tuple[dict[str, Any], ...] = ()
    joints: tuple[str, ...] = ()
    frames: FrameCounts = field(default_factory=FrameCounts)
    duration: float = 0.0
    model: str = ""
    pose_model: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the programs get: plain types only, times rounded to milliseconds."""
        return {
            "verdict": self.verdict.value,
            "score": None if self.score is None else round(self.score, 4),
            "threshold": self.threshold,
            "reason": MESSAGES[self.reason] if self.reason else None,
            "reason_code": self.reason.value if self.reason else None,
            "repetitions": [
                {key: round(value, 4 if key == "score" else 3) for key, value in asdict(r).items()}
                for r in self.repetitions
            ],
            "faults": list(self.faults),
            "joints": list(self.joints),
            "frames": asdict(self.frames),
            "duration": round(self.duration, 3),
            "model": self.model,
            "pose_model": self.pose_model,
        }
