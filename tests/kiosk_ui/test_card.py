from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.assessment import Assessment, Cue, JudgedRepetition, Verdict
from edge.exercise import Text
from edge.explanation import Explanation
from edge.judging import View
from kiosk_ui.card import Card, Figure, card_of, points, points_of
from kiosk_ui.scores import Replay, Score, Source, Status
from tests.kiosk_ui.fakes import CUES, assessment, fault

SHARE = st.floats(0.0, 1.0)


@given(SHARE, SHARE)
def test_points_lie_on_the_scores_side_of_the_threshold(score: float, threshold: float) -> None:
    shown = points_of(score, threshold)
    assert 0 <= shown <= 100
    assert abs(shown - 100 * score) <= 1.0
    if score >= threshold:
        assert shown >= points(threshold)
    elif points(threshold) > 0:
        assert shown < points(threshold)


def score(status: Status, verdict: Verdict = Verdict.GOOD, value: float = 0.8) -> Score:
    done = status is Status.DONE
    return Score(
        "key", datetime.now(timezone.utc), Source.KIOSK, status, 1, 0.5,
        assessment(verdict, value).to_dict() if done else None,
        "No." if status is Status.FAILED else None,
        Replay.PENDING if done else Replay.NONE, 0.427, 2, 37.2,
    )  # fmt: skip


def test_states() -> None:
    assert card_of(score(Status.QUEUED)).state == "waiting"
    assert card_of(score(Status.RUNNING)).state == "running"
    assert card_of(score(Status.FAILED)).state == "failed"
    for verdict in Verdict:
        assert card_of(score(Status.DONE, verdict)).state == verdict.value


def test_only_the_last_states_are_final() -> None:
    finished = {s: card_of(score(s)).finished for s in Status}
    assert [s for s, final in finished.items() if final] == [Status.DONE, Status.FAILED]


def test_a_finished_card() -> None:
    card = card_of(score(Status.DONE, value=0.496))
    assert (card.points, card.needed, card.good_count) == (49, 50, 0)
    assert [(line.number, line.state, line.start) for line in card.repetitions] == [
        (1, "bad", 0.5),
        (2, "bad", 3.0),
    ]
    assert card.has_replay


def shown(found: Assessment) -> Card:
    return card_of(replace(score(Status.DONE), assessment=found.to_dict()))


def test_the_main_cue_comes_first_and_few_others_after_it() -> None:
    names = ("left_knee_in", "a", "b", "c")
    faults = [fault(name, cue=Text(en=f"{name}!", ko="!")) for name in names]
    hidden = (fault("d", visible=False), fault("e", 0.4))
    card = shown(replace(assessment(Verdict.BAD, 0.2), faults=(*hidden, *faults)))
    assert card.cue == CUES[Verdict.BAD].en
    assert card.also == ("a!", "b!")


def test_the_main_fault_has_its_number_its_aim_and_its_moment() -> None:
    card = shown(assessment(Verdict.BAD, 0.2))
    assert card.figure == Figure("Left knee inside the foot", "24 %", "under 10 %")
    assert (card.fault, card.worst) == ("left_knee_in", 1.5)
    card = shown(assessment(Verdict.GOOD))
    assert (card.figure, card.fault, card.worst) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "value", "told", "aim"),
    [
        ("too_shallow", 31.2, "31 %", "over 45 %"),
        ("too_deep", 80.4, "80.4 %", "under 80 %"),  # the digits that tell it from the limit
        ("leaning_forward", 71.0, "71°", "under 65°"),
        ("hips_right", -17.0, "17 %", "under 12 %"),  # the side is told in words
    ],
)
def test_numbers_are_told_as_in_the_cue(name: str, value: float, told: str, aim: str) -> None:
    cue = Cue("fault", name, "!", "!", value, "%", (None, None))
    card = shown(replace(assessment(Verdict.BAD, 0.2), cue=cue, faults=(fault(name),)))
    assert card.figure and (card.figure.value, card.figure.aim) == (told, aim)


def test_where_no_number_tells_the_explanation_names_the_moment() -> None:
    unknown = Cue("unknown", "unknown", "?", "?")
    explanation = Explanation("torso", "Neck", 2.2, 0.3, {})
    found = replace(assessment(Verdict.BAD, 0.2), cue=unknown, explanation=explanation)
    card = shown(replace(found, faults=()))
    assert (card.figure, card.fault, card.worst) == (None, None, 2.2)


def test_what_the_camera_could_not_see_is_said() -> None:
    faults = (
        fault(visible=False),
        fault("right_knee_in", part="right_knee"),
        fault("head_down", part="neck", visible=False),
        fault("neck", part="neck", visible=False),
    )
    found = replace(assessment(Verdict.BAD, 0.2), faults=faults, view=View(3.0, 1.3))
    assert shown(found).unseen == "The camera could not see: your left knee, your head."
    turned = shown(replace(found, view=View(-24.0, 1.3))).unseen
    assert turned and "You were turned by 24°" in turned
    assert shown(assessment(Verdict.BAD, 0.2)).unseen is None


def test_the_clip_is_there_even_where_the_replay_failed() -> None:
    for replay, clip, home in (
        (Replay.PENDING, True, True),
        (Replay.READY, True, True),
        (Replay.FAILED, True, False),
        (Replay.NONE, False, False),
    ):
        card = card_of(replace(score(Status.DONE), replay=replay))
        assert (card.has_clip, card.has_replay) == (clip, home)


def test_repetitions_that_were_only_counted_have_no_points() -> None:
    counted = JudgedRepetition(1.0, 2.0, 3.0, 0.8, None)
    found = replace(assessment(Verdict.NOT_JUDGED), repetitions=(counted,))
    (line,) = shown(found).repetitions
    assert (line.points, line.state) == (None, "not_judged")


def test_a_score_of_an_older_version_is_still_shown() -> None:
    card = card_of(replace(score(Status.DONE), assessment={"verdict": "good", "score": 0.7}))
    assert (card.points, card.cue, card.also) == (70, None, ())


def test_a_card_on_its_way() -> None:
    card = card_of(score(Status.RUNNING))
    assert card.wait == 40
    assert (card.percent, card.ahead, card.points, card.repetitions) == (43, 2, None, ())
    assert not card.has_replay
