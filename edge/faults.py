"""From measured numbers and a judge's probabilities to faults, and to the one cue that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge.assessment import (
    LIKELY,
    MESSAGES,
    Cue,
    FoundFault,
    FoundQuantity,
    JudgedRepetition,
    Reason,
    Verdict,
)
from edge.exercise import Exercise, Fault, Text
from edge.judging import Judgement, rule_probability
from edge.measuring import Measured


def find_faults(
    exercise: Exercise, measured: Measured, judgement: Judgement
) -> tuple[FoundFault, ...]:
    """Return everything that can be wrong with one repetition, the likeliest first.

        faults = find_faults(exercise, measured, judge.judge(part, repetition))

    The probability is the judge's, under the fault's own name or under that of the part of the
    body. Which of a part's faults it is, the numbers tell: the part's probability goes to the
    fault furthest beyond its aim. A part that the judge does not know has the numbers' own
    probability. A part that the judge finds wrong although all its numbers are within their aims
    is named itself, without a number. What the judge cannot see from there is not visible.
    """
    found: list[FoundFault] = []
    for part in exercise.texts.parts:
        faults = exercise.faults_of(part)
        rules = {fault.name: rule_probability(exercise, fault, measured) for fault in faults}
        shared = _shared(part, rules, judgement.parts)
        for fault in faults:
            head = fault.name if fault.name in judgement.parts else part
            hidden = head in judgement.hidden
            found.append(_found(exercise, fault, measured, shared[fault.name], hidden))
        if part in judgement.parts and not any(map(_beyond, rules.values())):
            visible = any(rule is not None for rule in rules.values())
            visible = visible and part not in judgement.hidden
            text = exercise.texts.parts[part]
            found.append(FoundFault(part, part, judgement.parts[part], visible, text))
    return _ordered(found)


def _shared(
    part: str, rules: Mapping[str, float | None], told: Mapping[str, float]
) -> dict[str, float]:
    """Return the probability of each fault of a part, from the judge's and the numbers'."""
    numbers = {name: rule or 0.0 for name, rule in rules.items()}
    likeliest = max(numbers, key=lambda name: numbers[name])
    shared = {}
    for name, number in numbers.items():
        if name in told:
            shared[name] = told[name]
        elif part not in told:
            shared[name] = number
        elif name == likeliest and _beyond(number):
            shared[name] = told[part]
        else:
            shared[name] = min(number, told[part])
    return shared


def _beyond(rule: float | None) -> bool:
    """Tell whether a number is beyond its aim."""
    return rule is not None and rule > LIKELY


def _found(
    exercise: Exercise, fault: Fault, measured: Measured, probability: float, hidden: bool
) -> FoundFault:
    measurement, quantity = measured[fault.quantity], exercise.quantity(fault.quantity)
    text, value, moment, excess = exercise.texts.parts[fault.part], None, None, None
    if measurement is not None:
        value, moment = measurement.value, measurement.moment
        excess = fault.excess(value) / quantity.tolerance
        if excess > 0:  # a number within its aim would contradict the sentence
            text = exercise.texts.faults[fault.name].fill(
                value=quantity.tell_beyond(value, fault.limit), aim=quantity.tell(fault.limit)
            )
    return FoundFault(
        fault.name, fault.part, probability, measurement is not None and not hidden, text,
        fault.quantity, value, quantity.unit, fault.aim, moment, excess,
    )  # fmt: skip


def _ordered(faults: Sequence[FoundFault]) -> tuple[FoundFault, ...]:
    """Return what can be seen before what cannot, the likeliest first."""
    return tuple(sorted(faults, key=lambda f: (not f.visible, -f.probability, -(f.excess or 0.0))))


def join_faults(repetitions: Sequence[JudgedRepetition]) -> tuple[FoundFault, ...]:
    """Return the faults of a clip: the mean probability of the judged repetitions', as its score.

    Number, moment and cue are those of the repetition in which the fault was worst.
    """
    judged = [repetition for repetition in repetitions if repetition.score is not None]
    by_name: dict[str, list[FoundFault]] = {}
    for repetition in judged:
        for fault in repetition.faults:
            by_name.setdefault(fault.name, []).append(fault)
    joined = []
    for faults in by_name.values():
        worst = max(faults, key=lambda f: (f.visible, f.excess or 0.0, f.probability))
        mean = sum(fault.probability for fault in faults) / len(judged)
        joined.append(replace(worst, probability=mean))
    return _ordered(joined)


def join_quantities(
    exercise: Exercise, repetitions: Sequence[JudgedRepetition]
) -> tuple[FoundQuantity, ...]:
    """Return each quantity with the median of those repetitions that show it."""
    joined = []
    for quantity in exercise.quantities:
        values = [v for r in repetitions if (v := r.quantities.get(quantity.name)) is not None]
        joined.append(
            FoundQuantity(
                quantity.name,
                exercise.texts.quantities[quantity.name],
                quantity.unit,
                quantity.source,
                float(np.median(values)) if values else None,
            )
        )
    return tuple(joined)


def main_cue(
    exercise: Exercise, verdict: Verdict, reason: Reason | None, faults: Sequence[FoundFault]
) -> Cue:
    """Return the one sentence that is told; it never changes the verdict.

    A bad result names the likeliest fault that can be seen, else the quantity furthest beyond its
    aim, else that we cannot tell. A good one carries a tip or praise.

    :param faults: of the whole clip, the likeliest first.
    """
    texts = exercise.texts
    if reason is not None:
        text = texts.reasons.get(reason.value, MESSAGES[reason])
        return Cue("reason", reason.value, text.en, text.ko)
    visible = [fault for fault in faults if fault.visible]
    likely = [fault for fault in visible if fault.probability >= LIKELY]
    if verdict is Verdict.GOOD:
        return _cue("tip", likely[0]) if likely else _plain("praise", texts.praise)
    beyond = sorted((f for f in visible if (f.excess or 0.0) > 0), key=lambda f: -(f.excess or 0.0))
    if likely or beyond:
        return _cue("fault", (likely or beyond)[0])
    return _plain("unknown", texts.unknown)


def _cue(kind: str, fault: FoundFault) -> Cue:
    number = (fault.value, fault.unit, fault.aim)
    if not (fault.excess or 0.0) > 0:
        number = (None, None, None)
    return Cue(kind, fault.name, fault.cue.en, fault.cue.ko, *number)


def _plain(kind: str, text: Text) -> Cue:
    return Cue(kind, kind, text.en, text.ko)
