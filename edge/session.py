"""One recording from its first frame to its assessment; the camera and uploads both use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.assessment import Assessment, FrameCounts, JudgedRepetition, Reason, Verdict
from edge.coaching import Coach
from edge.errors import FeatureError
from edge.exercise import Exercise, Repetition, Text
from edge.exercises import load
from edge.explanation import Explanation
from edge.faceless import FacelessClip
from edge.faults import find_faults, join_faults, join_quantities, main_cue
from edge.frames import RATE_TOLERANCE, Frame
from edge.frames.ahead import read_ahead
from edge.joints import INDEX
from edge.judging import Judge, Judgement, View
from edge.lens import LensCalibration
from edge.measuring import measure
from edge.pose import PoseStream
from edge.repetitions import LiveCounter, find_repetitions, with_margin
from edge.replay import ReplayAlong
from edge.subject import Choice, SubjectTracker
from edge.track import Pose, PoseTrack
from edge.view import turned_by, well_placed, well_seen

SHORTEST_CLIP: Final = 0.7
"""Seconds: the shortest clip that can hold a whole repetition."""

LEAST_SEEN: Final = 0.25
"""Share of the clip's frames below which the subject counts as not seen at all."""

LEAST_GOOD: Final = 0.6
"""Share of a repetition's frames in which all needed joints must be seen well."""

UPLOAD_LOOKS: Final = 20.0
"""Hz: of an upload at 24 to 30 Hz every second picture is looked at, which takes half the time, and
judges 1321 real repetitions as well as all of them do (docs/performance.md); one at 20 Hz or less
is looked at as a whole."""

LEAST_RATE: Final = 4.0
"""Frames a second that must have been looked at in a repetition: at 5 the demo clips are judged as
at 30; a recording of an overloaded machine, 9 frames of 12 s, got a score all the same."""

COUNTS_NOTHING: Final = (Reason.NO_PERSON, Reason.TOO_SHORT, Reason.SEVERAL_PEOPLE)
"""Reasons for which repetitions are not even counted: it is not known whose they would be."""


_Judged = tuple[PoseTrack, Repetition, Judgement]
"""A repetition with its margin, when in it what happens, and what the judge says of it."""


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
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"the threshold must be between 0 and 1, not {threshold}")
        self._stream = stream
        self._judge = judge
        self._exercise = exercise or load()
        self._threshold = threshold
        self.replay = ReplayAlong(replay) if replay and clip else None
        """What was drawn along; whoever wants it takes it after :meth:`finish`, or discards it."""
        also = self.replay.write if self.replay else None
        self._clip = FacelessClip(clip, also) if clip else None
        self._pose_model = pose_model
        self._lens = lens
        self._subjects = SubjectTracker(self._exercise)
        self._counter = LiveCounter(self._exercise)
        self._coach = Coach(self._exercise) if live_words else None
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

    def _looked_at(
        self, frames: Iterable[Frame]
    ) -> Iterator[tuple[Frame, list[Pose] | None]]:  # fmt: skip
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
        self.track = self._lens.track(seen) if self._lens else seen
        exercise = self._exercise
        reason, repetitions, judgements = self._look_at(choice)
        scores = [r.score for r in repetitions if r.score is not None]
        score = None if reason else float(np.mean(scores))
        if score is None:
            verdict = Verdict.NOT_JUDGED
        else:
            verdict = Verdict.GOOD if score >= self._threshold else Verdict.BAD
        faults = join_faults(repetitions)
        used = [self.track.between(r.start, r.end) for r in repetitions if r.score is not None]
        assessment = Assessment(
            verdict=verdict,
            score=score,
            threshold=self._threshold,
            cue=main_cue(exercise, verdict, reason, faults),
            exercise=exercise.name,
            reason=reason,
            repetitions=tuple(repetitions),
            quantities=join_quantities(exercise, repetitions),
            faults=faults,
            view=_middle([one.view for _, _, one in judgements if one.view]),
            explanation=self._explain(judgements),
            joints=exercise.joints,
            frames=FrameCounts(
                len(self._times),
                len(self.track),
                sum(int(well_seen(part, exercise).sum()) for part in used),
                self.skipped,
                self.dropped,
            ),
            duration=self._duration,
            model=self._judge.label,
            pose_model=self._pose_model,
        )
        self.track = seen  # drawn over the picture, which is not straightened
        if self.replay:
            self.replay.track = seen
        return assessment

    def discard(self) -> None:
        """Give the session up and remove its clip."""
        if self.replay:
            self.replay.discard()
        if self._clip:
            self._clip.discard()

    @property
    def _duration(self) -> float:
        return self._times[-1] - self._times[0] if self._times else 0.0

    def _look_at(
        self, choice: Choice
    ) -> tuple[Reason | None, list[JudgedRepetition], list[_Judged]]:
        """Return the repetitions, judged unless there is a reason why not, and the judgements."""
        reason = self._unusable(choice)
        if reason in COUNTS_NOTHING:
            return reason, [], []
        try:
            found = find_repetitions(self.track, self._exercise)
        except FeatureError:
            return reason or Reason.TOO_FEW_FRAMES, [], []
        if not found:
            return reason or self._why_no_repetition(), [], []
        judged, judgements = [], []
        for repetition in found:
            part = with_margin(self.track, repetition)
            judgement = self._judgement(part, repetition) if reason is None else None
            judged.append(self._judged(part, repetition, judgement))
            if judgement:
                judgements.append((part, repetition, judgement))
        if reason is None and all(r.score is None for r in judged):
            reason = self._why_unseen(self.track)
        return reason, judged, judgements

    def _judgement(self, part: PoseTrack, repetition: Repetition) -> Judgement | None:
        """Let the judge judge; None where too little of the repetition was seen."""
        if not self._enough(part):
            return None
        try:
            return self._judge.judge(part, repetition)
        except FeatureError:
            return None

    def _explain(self, judgements: list[_Judged]) -> Explanation | None:
        """Let the judge say what cost the repetition with the lowest score most of it."""
        if not judgements:
            return None
        return self._judge.explain(*min(judgements, key=lambda judged: judged[2].score))

    def _judged(
        self, part: PoseTrack, repetition: Repetition, judgement: Judgement | None
    ) -> JudgedRepetition:
        exercise = self._exercise
        view = judgement.view if judgement else None
        turned = abs(view.yaw) if view else turned_by(self.track, exercise.view)
        measured = measure(exercise, part, repetition, turned)
        return JudgedRepetition(
            repetition.start,
            repetition.turn,
            repetition.end,
            repetition.travel,
            judgement.score if judgement else None,
            {name: found.value if found else None for name, found in measured.items()},
            find_faults(exercise, measured, judgement) if judgement else (),
        )

    def _unusable(self, choice: Choice) -> Reason | None:
        """Return why this clip cannot be judged whatever was done in it, or None."""
        if choice is Choice.NOBODY or len(self.track) < LEAST_SEEN * len(self._times):
            return Reason.NO_PERSON
        if self._duration < SHORTEST_CLIP:
            return Reason.TOO_SHORT
        if choice is Choice.SEVERAL:
            return Reason.SEVERAL_PEOPLE
        placed = well_placed(self.track, self._exercise)
        if placed is None:
            return self._why_unseen(self.track)
        return None if placed else Reason.TURNED_AWAY

    def _enough(self, part: PoseTrack) -> bool:
        """Tell whether the subject was seen well in enough frames of this part."""
        if not len(part):
            return False
        since_start = np.array(self._times) - self._times[0]
        within = (part.times[0] <= since_start) & (since_start <= part.times[-1])
        looked = int(within.sum())
        often = looked >= LEAST_RATE * (part.times[-1] - part.times[0])
        good = well_seen(part, self._exercise).sum() >= LEAST_GOOD * max(looked, 1)
        return bool(often and good)

    def _why_no_repetition(self) -> Reason:
        if well_seen(self.track, self._exercise).mean() < LEAST_GOOD:
            return self._why_unseen(self.track)
        return Reason.NO_REPETITION

    def _why_unseen(self, track: PoseTrack) -> Reason:
        """Tell a body that reaches out of the picture from one that is hidden."""
        needed = [INDEX[name] for name in self._exercise.joints]
        outside = (track.confidence[:, needed] == 0).any(axis=1).mean()
        return Reason.NOT_IN_VIEW if outside > 1 - LEAST_GOOD else Reason.TOO_FEW_FRAMES


def _middle(views: list[View]) -> View | None:
    """Return the median of what the judge said of each repetition's view."""
    if not views:
        return None
    return View(*(float(np.median(values)) for values in zip(*map(astuple, views), strict=True)))
