"""One recording from its first frame to its assessment; the camera and uploads both use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.assessing import Assessor, Sights
from edge.assessment import Assessment
from edge.coaching import Coach
from edge.exercise import Exercise, Text
from edge.exercises import load
from edge.faceless import FacelessClip
from edge.frames import RATE_TOLERANCE, Frame
from edge.frames.ahead import read_ahead
from edge.judging import Judge
from edge.lens import LensCalibration
from edge.pose import PoseStream
from edge.repetitions import LiveCounter
from edge.replay import ReplayAlong
from edge.subject import SubjectTracker
from edge.track import Pose, PoseTrack

UPLOAD_LOOKS: Final = 20.0
"""Hz: of an upload at 24 to 30 Hz every second picture is looked at, which takes half the time, and
judges 1321 real repetitions as well as all of them do (docs/performance.md); one at 20 Hz or less
is looked at as a whole."""


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

        session = ScoringSession(scheduler.open_stream(), judge, exercise=load("squat"))
        for frame in source:
            session.push(frame)
        assessment = session.finish()

    :param stream: a pose stream of its own; None where only poses will be pushed.
    :param judge: judges the repetitions.
    :param exercise: what is done; None: the default exercise.
    :param threshold: the score, 0 to 1, from which the verdict is good.
    :param clip: where to write the clean, upright clip as it goes, faces hidden, or None.
    :param replay: where to draw the replay along; None: nowhere. Whoever waits for the verdict
        waits a little longer then, and less for the replay.
    :param pose_model: name of the pose model, for the report.
    :param live_words: whether each repetition is measured as soon as it has ended.
    :param looks: so many pictures a second are looked at, at most; in those between the joints are
        on their way from one sight to the next. None: all.
    :param lens: straightens the joints before they are judged; None: they are judged as they are.
    :raises ValueError: the threshold is not between 0 and 1.
    """

    def __init__(
        self,
        stream: PoseStream | None,
        judge: Judge,
        *,
        exercise: Exercise | None = None,
        threshold: float = 0.5,
        clip: Path | None = None,
        replay: Path | None = None,
        pose_model: str = "",
        live_words: bool = False,
        looks: float | None = None,
        lens: LensCalibration | None = None,
    ) -> None:
        exercise = exercise or load()
        self._assessor = Assessor(exercise, judge, threshold=threshold, pose_model=pose_model)
        self._stream = stream
        self.replay = ReplayAlong(replay) if replay and clip else None
        """What was drawn along; whoever wants it takes it after :meth:`finish`, or discards it."""
        also = self.replay.write if self.replay else None
        self._clip = FacelessClip(clip, also) if clip else None
        self._lens = lens
        self._subjects = SubjectTracker(exercise)
        self._counter = LiveCounter(exercise)
        self._coach = Coach(exercise) if live_words else None
        self._times: list[float] = []
        self._looks = looks
        self._latest = self._looked = -np.inf
        self.skipped = 0
        """Frames that were left out by rule: the pose model was behind, or so many are enough."""
        self.dropped = 0
        """Frames that the camera gave and nobody took in time, by accident."""
        self.live_word: Text | None = None
        """What to tell of the repetition that has just ended; None: nothing."""
        self.track = PoseTrack.empty()
        """The subject, with times from 0 at the first frame; known after :meth:`finish`."""

    def push(self, frame: Frame) -> Live:
        """Take one frame; return what can be shown at once.

        :raises PoseError: the pose model failed.
        """
        if frame.time <= self._latest:
            return Live(None, [])  # a clock that stands still gives no new information
        return self._take(frame, self._look(frame))

    def _look(self, frame: Frame) -> list[Pose] | None:
        """Return everybody in a frame, or None where it is not looked at."""
        if self._stream is None:
            raise ValueError("a session without a pose stream takes poses, not frames")
        self._latest = frame.time
        if self._looks and frame.time - self._looked < RATE_TOLERANCE / self._looks:
            return None
        self._looked = frame.time
        return self._stream.estimate(frame)

    def _take(self, frame: Frame, people: list[Pose] | None) -> Live:
        if self._clip:
            self._clip.write(frame, people)
        if people is None:
            self.skipped += 1
            return Live(None, [])
        return self.push_poses(frame.time, people)

    def push_poses(self, time: float, people: list[Pose]) -> Live:
        """Take the people of one frame, where somebody else has found their joints already.

        :param time: seconds on the source's clock; it must move forward.
        """
        self._times.append(time)
        since_start = time - self._times[0]
        subject = self._subjects.push(since_start, people)
        if subject:
            if self.replay:
                self.replay.see(since_start, subject)
            self._follow(since_start, self._lens.pose(subject) if self._lens else subject)
        return Live(subject, people)

    def _follow(self, time: float, subject: Pose) -> None:
        ended = self._counter.push(time, subject)
        if self._coach:
            self._coach.see(time, subject)
            if ended:
                self.live_word = self._coach.word(ended)

    @property
    def repetitions(self) -> int:
        """How many repetitions the provisional subject has done so far."""
        return self._counter.count

    def push_all(self, frames: Iterable[Frame]) -> None:
        """Take all frames of a source.

        While one is followed the joints of the next one are looked for already, and whatever gives
        the frames is asked for it in the thread that does so. That is waited for before an error is
        raised.

        :raises PoseError: the pose model failed; what the source raises is raised here as well.
        """
        with closing(read_ahead(self._looked_at(frames))) as looked_at:
            for frame, people in looked_at:
                self._take(frame, people)

    def _looked_at(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[Pose] | None]]:
        """Give everybody in each frame."""
        for frame in frames:
            if frame.time > self._latest:
                yield frame, self._look(frame)

    def finish(self) -> Assessment:
        """Judge what was pushed, and complete the clean clip."""
        with ThreadPoolExecutor(1, "clip") as beside:
            # The encoder needs as long for its last pictures as the judge needs: somebody waits.
            closed = beside.submit(self._close_clip)
            assessment = self._assess()
            closed.result()
        return assessment

    def _close_clip(self) -> None:
        if self._clip:
            self._clip.close()
        if self.replay:
            self.replay.close()

    def _assess(self) -> Assessment:
        choice, seen = self._subjects.finish()
        self.track = seen  # drawn over the picture, which is not straightened
        if self.replay:
            self.replay.track = seen
        times = np.array(self._times)
        straight = self._lens.track(seen) if self._lens else seen
        return self._assessor.assess(
            Sights(choice, straight, times - times[:1], self.skipped, self.dropped)
        )

    def discard(self) -> None:
        """Give the session up and remove its clip."""
        if self.replay:
            self.replay.discard()
        if self._clip:
            self._clip.discard()
