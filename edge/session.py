"""One recording from its first frame to its assessment; the camera and uploads both use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.assessment import Assessment, FrameCounts, JudgedRepetition, Reason, Verdict
from edge.classifier import RepetitionScorer
from edge.clip import ClipWriter
from edge.errors import FeatureError
from edge.frames import Frame
from edge.joints import BODY_25, TEN
from edge.pose import PoseStream
from edge.repetitions import LiveCounter, find_repetitions, with_margin
from edge.subject import Choice, SubjectTracker
from edge.track import Pose, PoseTrack
from edge.view import faces_camera, well_seen

SHORTEST_CLIP: Final = 0.7
"""Seconds: the shortest clip that can hold a whole squat."""

LEAST_SEEN: Final = 0.25
"""Share of the clip's frames below which the subject counts as not seen at all."""

LEAST_GOOD: Final = 0.6
"""Share of a repetition's frames in which all ten joints must be seen well."""


@dataclass(frozen=True, slots=True)
class Live:
    """What is known while the clip still runs.

    :param subject: the provisional subject in this frame, or None.
    :param people: everybody in this frame.
    """

    subject: Pose | None
    people: list[Pose]


class ScoringSession:
    """Takes frames one at a time and ends with an assessment.

        session = ScoringSession(scheduler.open_stream(), classifier)
        for frame in source:
            session.push(frame)
        assessment = session.finish()

    :param stream: a pose stream of its own; None where only poses will be pushed.
    :param classifier: scores the repetitions.
    :param threshold: the score, 0 to 1, from which the verdict is good.
    :param clip: where to write the clean, upright clip as it goes, or None.
    :param pose_model: name of the pose model, for the report.
    """

    def __init__(
        self,
        stream: PoseStream | None,
        classifier: RepetitionScorer,
        *,
        threshold: float = 0.5,
        clip: Path | None = None,
        pose_model: str = "",
    ) -> None:
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"the threshold must be between 0 and 1, not {threshold}")
        self._stream = stream
        self._classifier = classifier
        self._threshold = threshold
        self._clip = ClipWriter(clip) if clip else None
        self._pose_model = pose_model
        self._subjects = SubjectTracker()
        self._counter = LiveCounter()
        self._times: list[float] = []
        self.dropped = 0
        self.track = PoseTrack.empty()
        """The subject, with times from 0 at the first frame; known after :meth:`finish`."""

    def push(self, frame: Frame) -> Live:
        """Take one frame; return what can be shown at once.

        :raises PoseError: the pose model failed.
        """
        if self._times and frame.time <= self._times[-1]:
            return Live(None, [])  # a clock that stands still gives no new information
        if self._clip:
            self._clip.write(frame)
        if self._stream is None:
            raise ValueError("a session without a pose stream takes poses, not frames")
        return self.push_poses(frame.time, self._stream.estimate(frame))

    def push_poses(self, time: float, people: list[Pose]) -> Live:
        """Take the people of one frame, where somebody else has found their joints already.

        :param time: seconds on the source's clock; it must move forward.
        """
        self._times.append(time)
        since_start = time - self._times[0]
        subject = self._subjects.push(since_start, people)
        if subject:
            self._counter.push(since_start, subject)
        return Live(subject, people)

    @property
    def repetitions(self) -> int:
        """How many repetitions the provisional subject has done so far."""
        return self._counter.count

    def push_all(self, frames: Iterable[Frame]) -> None:
        """Take all frames of a source."""
        for frame in frames:
            self.push(frame)

    def finish(self) -> Assessment:
        """Judge what was pushed, and complete the clean clip."""
        if self._clip:
            self._clip.close()
        choice, self.track = self._subjects.finish()
        reason, repetitions = self._judge(choice)
        score = None if reason else float(np.mean([r.score for r in repetitions]))
        if score is None:
            verdict = Verdict.NOT_JUDGED
        else:
            verdict = Verdict.GOOD if score >= self._threshold else Verdict.BAD
        used = sum(int(well_seen(self.track.between(r.start, r.end)).sum()) for r in repetitions)
        return Assessment(
            verdict=verdict,
            score=score,
            threshold=self._threshold,
            reason=reason,
            repetitions=tuple(repetitions),
            joints=tuple(BODY_25[joint] for joint in TEN),
            frames=FrameCounts(len(self._times), len(self.track), used, self.dropped),
            duration=self._duration,
            model=self._classifier.label,
            pose_model=self._pose_model,
        )

    def discard(self) -> None:
        """Give the session up and remove its clip."""
        if self._clip:
            self._clip.discard()

    @property
    def _duration(self) -> float:
        return self._times[-1] - self._times[0] if self._times else 0.0

    def _judge(self, choice: Choice) -> tuple[Reason | None, list[JudgedRepetition]]:
        """Return the repetitions with their scores, or the reason why there are none."""
        reason = self._unusable(choice)
        if reason:
            return reason, []
        try:
            found = find_repetitions(self.track)
            if not found:
                return self._why_no_repetition(), []
            parts = [(repetition, with_margin(self.track, repetition)) for repetition in found]
            judged = [
                JudgedRepetition(r.start, r.bottom, r.end, r.drop, self._classifier.score(part))
                for r, part in parts
                if self._enough(part)
            ]
        except FeatureError:
            return Reason.TOO_FEW_FRAMES, []
        return (None, judged) if judged else (self._why_unseen(self.track), [])

    def _unusable(self, choice: Choice) -> Reason | None:
        """Return why this clip cannot be judged whatever was done in it, or None."""
        if choice is Choice.NOBODY or len(self.track) < LEAST_SEEN * len(self._times):
            return Reason.NO_PERSON
        if self._duration < SHORTEST_CLIP:
            return Reason.TOO_SHORT
        if choice is Choice.SEVERAL:
            return Reason.SEVERAL_PEOPLE
        facing = faces_camera(self.track)
        if facing is None:
            return self._why_unseen(self.track)
        return None if facing else Reason.TURNED_AWAY

    def _enough(self, part: PoseTrack) -> bool:
        """Tell whether the subject was seen well in enough frames of this part."""
        if not len(part):
            return False
        expected = sum(part.times[0] <= t - self._times[0] <= part.times[-1] for t in self._times)
        return bool(well_seen(part).sum() >= LEAST_GOOD * max(expected, 1))

    def _why_no_repetition(self) -> Reason:
        if well_seen(self.track).mean() < LEAST_GOOD:
            return self._why_unseen(self.track)
        return Reason.NO_REPETITION

    @staticmethod
    def _why_unseen(track: PoseTrack) -> Reason:
        """Tell a body that reaches out of the picture from one that is hidden."""
        outside = (track.confidence[:, list(TEN)] == 0).any(axis=1).mean()
        return Reason.NOT_IN_VIEW if outside > 1 - LEAST_GOOD else Reason.TOO_FEW_FRAMES
