"""Which fault is named, with whose probability, and what the person is told."""

from __future__ import annotations

import pytest

from edge.assessment import FoundFault, JudgedRepetition, Reason, Verdict
from edge.exercise import Measurement, Text
from edge.exercises import load
from edge.faults import find_faults, join_faults, join_quantities, main_cue
from edge.judging import Judgement
from edge.measuring import Measured

SQUAT = load("squat")
FINE = {
    "depth": 60.0, "left_knee_in": -40.0, "right_knee_in": -40.0, "asymmetry": 0.0,
    "stance": 100.0, "lean_forward": 40.0, "lean_left": 0.0, "hip_shift": 0.0, "head": 60.0,
    "descent": 1.0, "ascent": 1.0,
}  # fmt: skip


def measured(**changes: float | None) -> Measured:
    return {
        name: None if value is None else Measurement(value, 2.0)
        for name, value in {**FINE, **changes}.items()
    }


def found(parts: dict[str, float] | None = None, **changes: float | None) -> dict[str, FoundFault]:
    faults = find_faults(SQUAT, measured(**changes), Judgement(0.3, parts or {}))
    return {fault.name: fault for fault in faults}


def told(parts: dict[str, float] | None = None, **changes: float | None) -> tuple[str, str]:
    cue = main_cue(SQUAT, Verdict.BAD, None, tuple(found(parts, **changes).values()))
    return cue.kind, cue.name


def test_the_model_says_how_likely_and_the_number_says_which_way() -> None:
    faults = found({"base_of_support": 0.9}, stance=40.0)
    assert faults["stance_narrow"].probability == 0.9
    assert faults["stance_wide"].probability < 0.1
    assert faults["stance_narrow"].value == 40.0
    assert "40 %" in faults["stance_narrow"].cue.en and "60 %" in faults["stance_narrow"].cue.en
    assert "40%" in faults["stance_narrow"].cue.ko
    assert "base_of_support" not in faults


def test_a_part_that_only_the_model_finds_wrong_is_named_without_a_number() -> None:
    assert told({"left_knee": 0.8}) == ("fault", "left_knee")
    cue = main_cue(SQUAT, Verdict.BAD, None, tuple(found({"left_knee": 0.8}).values()))
    assert cue.value is None and cue.aim is None
    assert cue.en == SQUAT.texts.parts["left_knee"].en


def test_without_a_model_that_knows_parts_the_numbers_speak() -> None:
    assert told(depth=30.0) == ("fault", "too_shallow")
    assert found(depth=30.0)["too_shallow"].probability > 0.95
    assert told() == ("unknown", "unknown")


def test_a_fault_that_the_model_knows_by_name() -> None:
    faults = found({"too_deep": 0.7, "hip_joint": 0.1}, depth=85.0)
    assert faults["too_deep"].probability == 0.7
    assert faults["hips_left"].probability <= 0.1


def test_a_model_that_finds_no_part_wrong_leaves_it_to_the_furthest_number() -> None:
    parts = dict.fromkeys(SQUAT.texts.parts, 0.1)
    assert told(parts, left_knee_in=50.0, depth=43.0) == ("fault", "left_knee_in")


@pytest.mark.parametrize("parts", [{}, {"neck": 0.99}])
def test_what_cannot_be_seen_is_never_told(parts: dict[str, float]) -> None:
    faults = found(parts, head=None)
    assert not faults["head_down"].visible
    assert faults["head_down"].value is None
    assert told(parts, head=None) == ("unknown", "unknown")


def test_faults_come_visible_and_likeliest_first() -> None:
    faults = list(found({"neck": 0.99}, head=None, depth=20.0, lean_left=20.0).values())
    visible = [fault.visible for fault in faults]
    assert visible == sorted(visible, reverse=True)
    likely = [fault.probability for fault in faults if fault.visible]
    assert likely == sorted(likely, reverse=True)


def test_a_good_result_is_praised_or_gets_a_tip() -> None:
    fine, shallow = tuple(found().values()), tuple(found(depth=30.0).values())
    assert main_cue(SQUAT, Verdict.GOOD, None, fine).kind == "praise"
    tip = main_cue(SQUAT, Verdict.GOOD, None, shallow)
    assert (tip.kind, tip.name, tip.value, tip.aim) == ("tip", "too_shallow", 30.0, (45.0, 80.0))


def test_a_reason_in_the_packs_own_words_or_in_the_common_ones() -> None:
    own = main_cue(SQUAT, Verdict.NOT_JUDGED, Reason.NO_REPETITION, ())
    assert own.en == SQUAT.texts.reasons["no_repetition"].en
    common = main_cue(SQUAT, Verdict.NOT_JUDGED, Reason.NO_PERSON, ())
    assert (common.kind, common.name) == ("reason", "no_person")
    assert common.en.startswith("Nobody")


def repetition(score: float | None, **changes: float | None) -> JudgedRepetition:
    numbers = measured(**changes)
    values = {name: one.value if one else None for name, one in numbers.items()}
    faults = find_faults(SQUAT, numbers, Judgement(score)) if score is not None else ()
    return JudgedRepetition(0.0, 1.0, 2.0, 0.8, score, values, faults)


def test_a_clips_fault_is_the_mean_probability_with_the_worst_number() -> None:
    joined = join_faults(
        [repetition(0.2, depth=30.0), repetition(0.3, depth=20.0), repetition(0.9)]
    )
    fault = next(fault for fault in joined if fault.name == "too_shallow")
    assert fault.probability == pytest.approx(2 / 3, abs=0.03)
    assert fault.value == 20.0
    assert "20 %" in fault.cue.en


def test_a_repetition_that_was_not_judged_has_no_faults_but_numbers() -> None:
    assert join_faults([repetition(None, depth=20.0)]) == ()
    quantities = join_quantities(
        SQUAT, [repetition(None, depth=20.0), repetition(0.5, depth=40.0), repetition(0.5)]
    )
    depth = next(quantity for quantity in quantities if quantity.name == "depth")
    assert (depth.value, depth.unit, depth.label) == (40.0, "%", Text(en="Depth", ko="깊이"))
    (head,) = (q for q in join_quantities(SQUAT, [repetition(0.5, head=None)]) if q.name == "head")
    assert head.value is None


def test_what_the_model_cannot_see_from_there_is_not_visible_and_not_told() -> None:
    parts = {"left_knee": 0.9, "torso": 0.1, "hip_joint": 0.2, "too_deep": 0.9}
    judgement = Judgement(0.3, parts, hidden=frozenset({"left_knee", "hip_joint"}))
    faults = find_faults(SQUAT, measured(left_knee_in=20.0, depth=95.0), judgement)
    visible = {fault.name: fault.visible for fault in faults}
    assert visible["right_knee_in"] and visible["leaning_forward"]
    assert not visible["left_knee_in"] and not visible["too_shallow"]
    assert visible["too_deep"]  # it has a probability of its own, which can be judged
    cue = main_cue(SQUAT, Verdict.BAD, None, faults)
    assert cue.name == "too_deep"
    within = find_faults(SQUAT, measured(), judgement)  # the part itself, without a number
    assert not next(fault for fault in within if fault.name == "left_knee").visible
