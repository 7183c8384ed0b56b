"""From what was seen of the subject in a whole clip to the assessment, or why there is none."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from edge.assessment import Assessment, FrameCounts, JudgedRepetition, Reason, Verdict
from edge.errors import FeatureError
from edge.exercise import Exercise, Repetition
from edge.explanation import Explanation
from edge.faults import find_faults, join_faults, join_quantities, main_cue
from edge.joints import INDEX
from edge.judging import Judge, Judgement, View
from edge.measuring import measure
from edge.repetitions import find_repetitions, with_margin
from edge.subject import Choice
from edge.track import FloatArray, PoseTrack
from edge.view import turned_by, well_placed, well_seen

SHORTEST_CLIP: Final = 0.7
"""Seconds: the shortest clip that can hold a whole repetition."""

LEAST_SEEN: Final = 0.25
"""Share of the clip's frames below which the subject counts as not seen at all."""

LEAST_GOOD: Final = 0.6
"""Share of a repetition's frames in which all needed joints must be seen well."""

LEAST_RATE: Final = 4.0
"""Frames a second that must have been looked at in a repetition: at 5 the demo clips are judged as
at 30; a recording of an overloaded machine, 9 frames of 12 s, got a score all the same."""

COUNTS_NOTHING: Final = (Reason.NO_PERSON, Reason.TOO_SHORT, Reason.SEVERAL_PEOPLE)
"""Reasons for which repetitions are not even counted: it is not known whose they would be."""

_Judged = tuple[PoseTrack, Repetition, Judgement]
"""A repetition with its margin, when in it what happens, and what the judge says of it."""


@dataclass(frozen=True, slots=True)
class Sights:
    """What was seen in a whole clip.

    :param choice: how the choice of the subject went.
    :param track: the subject, with times from 0 at the first frame.
    :param times: [N] seconds since the first frame; when somebody looked.
    :param skipped: frames that were left out by rule.
    :param dropped: frames that nobody took in time, by accident.
    """

    choice: Choice
    track: PoseTrack
    times: FloatArray
    skipped: int = 0
    dropped: int = 0

    @property
    def duration(self) -> float:
        """Seconds from the first frame that was looked at to the last one."""
        return float(self.times[-1]) if len(self.times) else 0.0


class Assessor:
    """Judges the repetitions of a clip and says what they come to.

        assessor = Assessor(load("squat"), judge)
        choice, track = subjects.finish()
        assessment = assessor.assess(Sights(choice, track, times))

    :param exercise: what is done.
    :param judge: judges the repetitions.
    :param threshold: the score, 0 to 1, from which the verdict is good.
    :param pose_model: name of the pose model, for the report.
    :raises ValueError: the threshold is not between 0 and 1.
    """

    def __init__(
        self, exercise: Exercise, judge: Judge, *, threshold: float = 0.5, pose_model: str = ""
    ) -> None:
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"the threshold must be between 0 and 1, not {threshold}")
        self._exercise = exercise
        self._judge = judge
        self._threshold = threshold
        self._pose_model = pose_model

    def assess(self, sights: Sights) -> Assessment:
        """Return the assessment of a clip; what the judge raises is raised here as well."""
        exercise, track = self._exercise, sights.track
        reason, repetitions, judgements = self._look_at(sights)
        scores = [r.score for r in repetitions if r.score is not None]
        score = None if reason else float(np.mean(scores))
        if score is None:
            verdict = Verdict.NOT_JUDGED
        else:
            verdict = Verdict.GOOD if score >= self._threshold else Verdict.BAD
        faults = join_faults(repetitions)
        used = [track.between(r.start, r.end) for r in repetitions if r.score is not None]
        return Assessment(
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
                len(sights.times),
                len(track),
                sum(int(well_seen(part, exercise).sum()) for part in used),
                sights.skipped,
                sights.dropped,
            ),
            duration=sights.duration,
            model=self._judge.label,
            pose_model=self._pose_model,
        )

    def _look_at(
        self, sights: Sights
    ) -> tuple[Reason | None, list[JudgedRepetition], list[_Judged]]:
        """Return the repetitions, judged unless there is a reason why not, and the judgements."""
        track = sights.track
        reason = self._unusable(sights)
        if reason in COUNTS_NOTHING:
            return reason, [], []
        try:
            found = find_repetitions(track, self._exercise)
        except FeatureError:
            return reason or Reason.TOO_FEW_FRAMES, [], []
        if not found:
            return reason or self._why_no_repetition(track), [], []
        judged, judgements = [], []
        for repetition in found:
            part = with_margin(track, repetition)
            judgement = self._judgement(part, repetition, sights.times) if reason is None else None
            judged.append(self._judged(track, part, repetition, judgement))
            if judgement:
                judgements.append((part, repetition, judgement))
        if reason is None and all(r.score is None for r in judged):
            reason = self._why_unseen(track)
        return reason, judged, judgements

    def _judgement(
        self, part: PoseTrack, repetition: Repetition, times: FloatArray
    ) -> Judgement | None:
        """Let the judge judge; None where too little of the repetition was seen."""
        if not self._enough(part, times):
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
        self,
        track: PoseTrack,
        part: PoseTrack,
        repetition: Repetition,
        judgement: Judgement | None,
    ) -> JudgedRepetition:
        exercise = self._exercise
        view = judgement.view if judgement else None
        turned = abs(view.yaw) if view else turned_by(track, exercise.view)
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

    def _unusable(self, sights: Sights) -> Reason | None:
        """Return why this clip cannot be judged whatever was done in it, or None."""
        track = sights.track
        if sights.choice is Choice.NOBODY or len(track) < LEAST_SEEN * len(sights.times):
            return Reason.NO_PERSON
        if sights.duration < SHORTEST_CLIP:
            return Reason.TOO_SHORT
        if sights.choice is Choice.SEVERAL:
            return Reason.SEVERAL_PEOPLE
        placed = well_placed(track, self._exercise)
        if placed is None:
            return self._why_unseen(track)
        return None if placed else Reason.TURNED_AWAY

    def _enough(self, part: PoseTrack, times: FloatArray) -> bool:
        """Tell whether the subject was seen well in enough frames of this part."""
        if not len(part):
            return False
        looked = int(((part.times[0] <= times) & (times <= part.times[-1])).sum())
        often = looked >= LEAST_RATE * (part.times[-1] - part.times[0])
        good = well_seen(part, self._exercise).sum() >= LEAST_GOOD * max(looked, 1)
        return bool(often and good)

    def _why_no_repetition(self, track: PoseTrack) -> Reason:
        if well_seen(track, self._exercise).mean() < LEAST_GOOD:
            return self._why_unseen(track)
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
