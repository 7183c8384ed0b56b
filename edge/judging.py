"""Who judges a repetition: a model, or the rules of the exercise's own faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from scipy.special import expit

from edge.errors import FeatureError
from edge.exercise import Exercise, Fault, Repetition
from edge.measuring import Measured, measure
from edge.track import PoseTrack
from edge.view import turned_by

if TYPE_CHECKING:
    from edge.explanation import Explanation


@dataclass(frozen=True, slots=True)
class View:
    """From where somebody is filmed.

    :param yaw: degrees by which they are turned to their own left.
    :param height: metres of the lens above the floor.
    """

    yaw: float
    height: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of one repetition.

    :param score: probability, 0 to 1, that it was correct.
    :param parts: probability, 0 to 1, that each part of the body, or each fault by its own name,
        was wrong; empty where the judge cannot tell.
    :param view: where the camera stood, if the judge can tell.
    :param hidden: the parts that cannot be judged from there, whatever their probability.
    """

    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    view: View | None = None
    hidden: frozenset[str] = frozenset()


class Judge(Protocol):
    """Whatever judges repetitions."""

    @property
    def label(self) -> str:
        """Name and version, as reports show them."""

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        """Judge one repetition.

        :param part: the repetition with its margin, at any frame rate.
        :param repetition: when in it the movement begins, turns and ends.
        :raises FeatureError: too little was seen.
        """

    def explain(
        self, part: PoseTrack, repetition: Repetition, judgement: Judgement
    ) -> Explanation | None:
        """Say what cost a repetition most of its score; None where the judge cannot tell.

        :param judgement: what the judge has said of this repetition.
        """


class RuleJudge:
    """Judges by the exercise's own faults: no model, no training.

        judge = RuleJudge(load("push_up"))
        judge.judge(with_margin(track, repetition), repetition).score

    The score is one minus the greatest probability of a fault: one thing that is wrong is enough,
    and many things that are nearly wrong are not. So it is 0.5 where one quantity is exactly at
    the limit of its aim, and a verdict at the usual threshold says whether all are within.

    :param exercise: whose faults are looked for.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self.label = f"rules of {exercise.name}"
        self.threshold = 0.5

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        """Judge one repetition; :raises FeatureError: none of the quantities can be seen."""
        measured = measure(self._exercise, part, repetition, turned_by(part, self._exercise.view))
        found = {
            fault.name: probability
            for fault in self._exercise.faults
            if (probability := rule_probability(self._exercise, fault, measured)) is not None
        }
        if not found:
            raise FeatureError("nothing that could be wrong can be seen")
        return Judgement(1 - max(found.values()), found)

    def explain(self, part: PoseTrack, repetition: Repetition, judgement: Judgement) -> None:
        """Return nothing: the faults and their numbers are the explanation."""


def rule_probability(exercise: Exercise, fault: Fault, measured: Measured) -> float | None:
    """Return how likely the number says a fault to be, 0 to 1; None where there is no number.

    A logistic of how far the value is beyond the aim, in tolerances of its measurement: 0.5 at
    the limit, 0.73 one tolerance beyond it, 0.95 three beyond it (ours).
    """
    measurement = measured[fault.quantity]
    if measurement is None:
        return None
    tolerance = exercise.quantity(fault.quantity).tolerance
    return float(expit(fault.excess(measurement.value) / tolerance))
