from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from edge.assessment import Verdict
from kiosk_ui.card import card_of, points, points_of
from kiosk_ui.scores import Replay, Score, Source, Status
from tests.kiosk_ui.fakes import assessment

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
        Replay.PENDING if done else Replay.NONE, 0.427, 2,
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
    assert [(line.number, line.good, line.start) for line in card.repetitions] == [
        (1, False, 0.5),
        (2, False, 3.0),
    ]
    assert card.has_replay


def test_a_card_on_its_way() -> None:
    card = card_of(score(Status.RUNNING))
    assert (card.percent, card.ahead, card.points, card.repetitions) == (43, 2, None, ())
    assert not card.has_replay
