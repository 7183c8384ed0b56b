"""Start by gesture: one arm raised for a second, by somebody who stands alone before the kiosk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.joints import INDEX, MID_HIP
from edge.people import LastMoment, head_to_ankles, middle, track_of_nearest
from edge.positioning import SECOND_PERSON
from edge.subject import body_height
from edge.track import Pose

RAISED_SECONDS: Final = 1.0
"""A wave or a stretch in passing is shorter."""

CONFIDENT: Final = 0.5
"""For joints whose place starts a recording."""

LEAST_RAISED: Final = 0.8
"""Share of the second in which the arm must be seen raised: the pose model misses a hand now and
then."""

LEAST_HEIGHT: Final = 0.3
"""Eyes to ankles as a share of the picture's height: nobody at the back of the gym is meant."""

WALKS: Final = 0.1
"""Body heights the hips may move in that second: who walks by is not meant."""


def arm_raised(pose: Pose) -> bool:
    """Tell whether exactly one hand is above the head.

    Both hands overhead are an exercise (overhead squat, press), and so are both forward.
    """
    up = [_hand(pose, side, above="head") for side in "RL"]
    down = [_hand(pose, side, above="shoulder") is False for side in "RL"]
    return (up[0] is True and down[1]) or (up[1] is True and down[0])


def _hand(pose: Pose, side: str, above: str) -> bool | None:
    """Tell whether a hand is above head or shoulder; None where that is not seen well."""
    wrist, elbow = INDEX[f"{side}Wrist"], INDEX[f"{side}Elbow"]
    shoulder, nose = INDEX[f"{side}Shoulder"], INDEX["Nose"]
    if pose.confidence[[wrist, shoulder, nose]].min() < CONFIDENT:
        return None
    y = pose.joints[:, 1]
    if above == "shoulder":
        return bool(y[wrist] < y[shoulder])
    # With the elbow above the shoulder too: a hand at the ear or on the neck is no signal.
    lifted = pose.confidence[elbow] >= CONFIDENT and y[elbow] < y[shoulder]
    return bool(lifted and y[wrist] < y[nose])


class RaisedArm:
    """Notices the gesture, once for each time the arm goes up.

    gesture = RaisedArm()
    gesture.push(frame.time, stream.estimate(frame), (640, 480))      # True: start
    """

    def __init__(self) -> None:
        self._moment = LastMoment(RAISED_SECONDS)
        self._lowered = False  # whether the arm was seen down since the last time

    def push(self, time: float, people: Sequence[Pose], size: tuple[int, int]) -> bool:
        """Take everybody in the picture; tell whether the gesture is complete now.

        :param time: seconds.
        :param size: width and height of the picture in pixels.
        """
        self._moment.push(time, people)
        sights = self._moment.sights
        track = track_of_nearest(sights)
        if not len(track):
            return False
        raised = [
            arm_raised(Pose(j, c)) for j, c in zip(track.joints, track.confidence, strict=True)
        ]
        if not any(raised):
            self._lowered = True
        whole = time - sights[0].time >= RAISED_SECONDS
        if not (self._lowered and whole and raised[-1]):
            return False
        alone = all(_alone(sight.people) for sight in sights)
        if not alone or sum(raised) < LEAST_RAISED * len(sights):
            return False
        hips = np.ptp(track.joints[:, MID_HIP], axis=0)
        height = head_to_ankles(middle(track))
        here = bool(height >= LEAST_HEIGHT * size[1] and np.hypot(*hips) <= WALKS * height)
        self._lowered = not here
        return here


def _alone(people: Sequence[Pose]) -> bool:
    heights = sorted((body_height(pose) for pose in people), reverse=True)
    return len(heights) < 2 or heights[1] < SECOND_PERSON[0] * heights[0]
