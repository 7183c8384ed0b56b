"""The one word that is said right after a repetition, while the person goes on."""

from __future__ import annotations

from collections import deque
from itertools import dropwhile
from typing import Final

from edge.exercise import Exercise, Fault, Repetition, Text
from edge.measuring import Measured, measure
from edge.repetitions import MARGIN, with_margin
from edge.track import Pose, PoseTrack
from edge.view import turned_by

SURE: Final = 1.0
"""Tolerances beyond the aim from which on a word is said: at less, the next repetition may well be
within the aim by itself."""

LONGEST: Final = 30.0
"""Seconds of poses that are kept; no repetition takes longer than a recording."""


class Coach:
    """Measures each repetition as soon as it has ended, and has at most one word to say.

        coach = Coach(exercise)
        coach.see(time, pose)                 # every pose of the provisional subject
        word = coach.word(repetition)         # Text(en="lower", ko="더 깊게"), or None

    The word follows the measured quantities alone, as the classifier has yet to see the clip: it
    may differ from the cue of the result, and never changes the verdict.

    :param exercise: whose faults are looked for.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._poses: deque[tuple[float, Pose]] = deque()

    def see(self, time: float, pose: Pose) -> None:
        """Take one pose at ``time`` (seconds)."""
        self._poses.append((time, pose))
        while time - self._poses[0][0] > LONGEST:
            self._poses.popleft()

    def word(self, repetition: Repetition) -> Text | None:
        """Return the word for a repetition that has just ended, or None where nothing is wrong."""
        track = PoseTrack.from_poses(self._poses)
        # What lies before is not needed again.
        begin = repetition.end - MARGIN
        self._poses = deque(dropwhile(lambda item: item[0] < begin, self._poses))
        part = with_margin(track, repetition)
        measured = measure(self._exercise, part, repetition, turned_by(part, self._exercise.view))
        fault = max(self._exercise.faults, key=lambda fault: self._excess(fault, measured))
        if self._excess(fault, measured) <= SURE:
            return None
        return self._exercise.texts.live[fault.name]

    def _excess(self, fault: Fault, measured: Measured) -> float:
        """Return by how many tolerances a fault's number is beyond its aim."""
        found = measured[fault.quantity]
        if found is None:
            return 0.0
        return fault.excess(found.value) / self._exercise.quantity(fault.quantity).tolerance
