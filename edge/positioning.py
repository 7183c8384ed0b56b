"""The positioning gate: what stands between the person in the picture and a good recording.

Conditions are judged over the last half second, each with two limits (hysteresis), so that what is
told does not flicker. All met for one second: the gate arms. Directions are the person's own; as
the live picture is mirrored, their left is also the screen's left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from edge.joints import L_ANKLE, MID_HIP, NECK, R_ANKLE, TEN
from edge.people import (
    HEAD,
    LastMoment,
    Sight,
    guessed,
    head_to_ankles,
    middle,
    movement,
    nearest,
    track_of_nearest,
)
from edge.subject import body_height
from edge.track import FloatArray, Pose, PoseTrack
from edge.view import turned_by
from edge.words import GUIDANCE

Arrow = Literal["here", "one", "left", "right", "back", "body", "closer", "turn", "still"]

HOLD_SECONDS: Final = 1.0
"""For so long everything must be met."""

WINDOW_SECONDS: Final = 0.5
"""Over so long each condition is judged: a pose model's slip is shorter, a person not slower."""

EDGE: Final = 0.015
"""Share of the picture that must be free beyond head, feet and hands."""

SIDES: Final = (0.14, 0.18)
"""Share of the width that the hips keep from the sides: so a knee or an elbow that opens in the
squat is still seen."""

TOO_CLOSE: Final = (0.86, 0.83)
"""Eyes to ankles as a share of the picture's height; above, a step forward or a raised arm leaves
the picture. With a lens of 52 degrees, 1.9 m."""

TOO_FAR: Final = (0.42, 0.45)
"""Below, a person of a 480-line picture has fewer than 200 pixels, and the pose model's error of
about one pixel in a hundred is a tenth of a knee's way inwards. With 52 degrees, 3.9 m."""

TORSOS: Final = 3.0
"""Eyes to ankles of somebody who stands, in torso lengths."""

TURNED: Final = (30.0, 24.0)
"""Degrees. Clips are not judged beyond 35; the estimate from widths is a few degrees uncertain."""

MOVING: Final = (0.035, 0.025)
"""Body heights in half a second. Standing people tremble by 0.01 (rendered clips through the pose
model), a slow walk is 0.2."""

SECOND_PERSON: Final = (0.65, 0.6)
"""Height of another person as a share of the nearest one's: a mirror image and people further
back in the gym are smaller and do not count; who comes close enough to be in the way does."""

SPEAK_AFTER: Final = 2.0
"""Seconds after which an unmet condition is spoken: most people have seen it by then."""

SPEAK_AFTER_NOBODY: Final = 5.0
"""For 'stand in front of the camera': the way from the screen to the mark takes so long."""

SPEAK_AGAIN: Final = 6.0
"""Seconds until the same sentence is said again."""

SPEAK_GAP: Final = 3.0
"""Seconds from the beginning of one sentence to the next, so that each is finished."""

ARROWS: Final[dict[str, Arrow]] = {
    "nobody": "here", "not_alone": "one", "step_left": "left", "step_right": "right",
    "too_close": "back", "hidden": "body", "too_far": "closer", "turned": "turn",
    "moving": "still",
}  # fmt: skip
"""The conditions in the order in which they are told, and the arrow that is shown with each."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence to say aloud.

    :param number: counts the sentences; another number means: say it now.
    :param code: of the condition.
    """

    number: int
    code: str


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the gate says.

    :param unmet: codes of the unmet conditions, the one to be told first at the front.
    :param present: whether anybody is seen.
    :param holds: since when everything is met, in seconds on the frames' clock, or None.
    :param armed: whether it has been met for long enough.
    :param spoken: the last sentence to say aloud, or None.
    :param box: the person in the picture, left, top, right, bottom as shares of it, or None.
    """

    unmet: tuple[str, ...] = ("nobody",)
    present: bool = False
    holds: float | None = None
    armed: bool = False
    spoken: Spoken | None = None
    box: tuple[float, float, float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it in plain types, with the texts."""
        return {
            "unmet": [{"arrow": ARROWS[code], **phrase(code)} for code in self.unmet],
            "spoken": self.spoken and {"number": self.spoken.number, **phrase(self.spoken.code)},
            "box": self.box and list(self.box),
            "holding": self.holds is not None,
        }


def phrase(code: str) -> dict[str, Any]:
    """Return a condition's code and its texts in plain types."""
    return {"code": code, "text": GUIDANCE[code].model_dump()}


def unmet_conditions(
    sights: Sequence[Sight], size: tuple[int, int], before: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the codes of the conditions that are not met, in the order in which to tell them.

        unmet_conditions(moment.sights, (640, 480))      # ("too_close", "moving")

    :param sights: of the last half second.
    :param size: width and height of the pictures in pixels.
    :param before: what was unmet a moment ago; such a condition must be met more clearly.
    """
    track = track_of_nearest(sights)
    if 2 * len(track) < len(sights) or not len(track):
        return ("nobody",)
    places = middle(track)
    found = {
        "not_alone": _others(sights) > _limit(SECOND_PERSON, "not_alone" in before),
        **_framing(track, places, size, before),
        "turned": _turned(track) > _limit(TURNED, "turned" in before),
        "moving": len(track) > 1 and movement(track) > _limit(MOVING, "moving" in before),
    }
    return tuple(code for code in ARROWS if found.get(code))


def _limit(pair: tuple[float, float], unmet: bool) -> float:
    """Return the first of two limits, or the second one where the condition is unmet already."""
    return pair[1] if unmet else pair[0]


def _others(sights: Sequence[Sight]) -> float:
    """Return the height of the second largest person as a share of the largest one's."""
    shares = []
    for sight in sights:
        heights = sorted((body_height(pose) for pose in sight.people), reverse=True)
        shares.append(heights[1] / heights[0] if len(heights) > 1 and heights[0] else 0.0)
    return float(np.median(shares))


def _framing(
    track: PoseTrack, places: FloatArray, size: tuple[int, int], before: Sequence[str]
) -> dict[str, bool]:
    """Return whether the conditions of place and distance are unmet.

    A joint outside the picture is not seen, but the model still says where it would be.
    """
    width, height = size
    where = guessed(track)
    share = head_to_ankles(places) / height
    cut_below = bool((where[[R_ANKLE, L_ANKLE], 1] > (1 - EDGE) * height).any())
    cut_above = bool((where[list(HEAD), 1] < EDGE * height).any())
    close = cut_below or cut_above or bool(share > _limit(TOO_CLOSE, "too_close" in before))
    # Somebody who bends down is not further away: their torso tells.
    torso = TORSOS * float(np.hypot(*(places[NECK] - places[MID_HIP]))) / height
    far = bool(np.fmax(share, torso) < _limit(TOO_FAR, "too_far" in before))
    across = where[[NECK, MID_HIP, R_ANKLE, L_ANKLE], 0] / width
    hips = where[MID_HIP, 0] / width
    # Who faces the camera has their left where the picture's right is.
    left = bool(hips < _limit(SIDES, "step_left" in before) or (across < EDGE).any())
    right = bool(hips > 1 - _limit(SIDES, "step_right" in before) or (across > 1 - EDGE).any())
    whole = bool(np.isfinite(places[list(TEN)]).all() and np.isfinite(share))
    return {
        "step_left": left and not right,
        "step_right": right and not left,
        "too_close": close,
        "hidden": not (whole or close or left or right),
        "too_far": far,
    }


def _turned(track: PoseTrack) -> float:
    """Return by how many degrees they are turned; 0 where nobody can tell."""
    turned = turned_by(track)
    return 0.0 if turned is None else turned


def box_of(pose: Pose, size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom of a person as shares of the picture."""
    seen = pose.joints[pose.confidence > 0]
    if len(seen) < 3:
        return None
    (x0, y0), (x1, y1) = seen.min(axis=0) / size, seen.max(axis=0) / size
    aside, above = 0.15 * (y1 - y0), 0.1 * (y1 - y0)  # joints lie inside the body
    box = np.round(np.clip([x0 - aside, y0 - above, x1 + aside, y1 + above / 2], 0, 1), 2)
    return (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


class PositioningGate:
    """Says what is unmet, when it is to be spoken, and when everything has been met long enough.

        gate = PositioningGate()
        guidance = gate.push(frame.time, stream.estimate(frame), (640, 480))
        guidance.unmet, guidance.armed

    A condition appears only once it is unmet, and disappears once it is clearly met.
    """

    def __init__(self) -> None:
        self._moment = LastMoment(WINDOW_SECONDS)
        self._unmet: tuple[str, ...] = ()
        self._holds: float | None = None
        self._first_since: tuple[str, float] | None = None
        self._spoken: Spoken | None = None
        self._spoken_at = -np.inf

    def push(self, time: float, people: Sequence[Pose], size: tuple[int, int]) -> Guidance:
        """Take everybody in the picture.

        :param time: seconds.
        :param size: width and height of the picture in pixels.
        """
        self._moment.push(time, people)
        sights = self._moment.sights
        self._unmet = unmet_conditions(sights, size, self._unmet)
        if self._unmet or time - sights[0].time < WINDOW_SECONDS / 2:
            self._holds = None
        elif self._holds is None:
            self._holds = time
        self._speak(time)
        latest = nearest(people)
        return Guidance(
            self._unmet,
            "nobody" not in self._unmet,
            self._holds,
            self._holds is not None and time - self._holds >= HOLD_SECONDS,
            self._spoken,
            box_of(latest, size) if latest else None,
        )

    def _speak(self, time: float) -> None:
        if not self._unmet:
            self._first_since = None
            return
        code = self._unmet[0]
        if self._first_since is None or self._first_since[0] != code:
            self._first_since = (code, time)
        patience = SPEAK_AFTER_NOBODY if code == "nobody" else SPEAK_AFTER
        same = self._spoken is not None and self._spoken.code == code
        silence = SPEAK_AGAIN if same else SPEAK_GAP
        if time - self._first_since[1] >= patience and time - self._spoken_at >= silence:
            number = 1 if self._spoken is None else self._spoken.number + 1
            self._spoken, self._spoken_at = Spoken(number, code), time
