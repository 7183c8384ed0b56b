from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from edge.assessment import Verdict
from kiosk_ui.people.trend import HEIGHT, MOST, WIDTH, trend_of
from kiosk_ui.scores import Replay, Score, Source, Status
from tests.kiosk_ui.fakes import assessment

DEPTH: dict[str, Any] = {
    "name": "depth", "label": {"en": "Depth", "ko": "깊이"}, "unit": "%", "source": ""
}  # fmt: skip


def score(value: float | None, depth: float | None = None, threshold: float = 0.5) -> Score:
    if value is None:
        found = assessment(Verdict.NOT_JUDGED)
    else:
        found = assessment(Verdict.GOOD if value >= threshold else Verdict.BAD, value)
    plain = {**found.to_dict(), "quantities": [{**DEPTH, "value": depth}]}
    when = datetime(2026, 11, 1, tzinfo=timezone.utc)
    return Score("key", when, Source.KIOSK, Status.DONE, 0, threshold, plain, None, Replay.NONE)


def test_an_empty_history_has_no_charts() -> None:
    trend = trend_of([score(None)])
    assert (trend.score, trend.depth, trend.faults, trend.results) == (None, None, (), 0)


def test_higher_is_better_is_higher_up() -> None:
    trend = trend_of([score(0.3, 40), score(None), score(0.9, 70)])
    assert trend.score is not None and trend.depth is not None
    first, last = trend.score.dots
    assert first.y > (trend.score.goal or 0) > last.y
    assert first.x < last.x
    assert (first.state, last.state) == ("bad", "good")
    assert (trend.score.first, trend.score.last) == ("30 points", "90 points")
    assert (trend.depth.name, trend.depth.first, trend.depth.last) == ("Depth", "40%", "70%")
    for dot in (*trend.score.dots, *trend.depth.dots):
        assert 0 < dot.x < WIDTH and 0 < dot.y < HEIGHT


def test_a_small_change_looks_small() -> None:
    trend = trend_of([score(0.50, 50), score(0.51, 51)])
    for chart in (trend.score, trend.depth):
        assert chart is not None
        assert abs(chart.dots[0].y - chart.dots[1].y) < HEIGHT / 10


def test_a_depth_that_was_not_seen_is_a_gap() -> None:
    depth = trend_of([score(0.3, 40), score(0.4, None), score(0.5, 60)]).depth
    assert depth is not None
    assert [dot.x for dot in depth.dots] == [14.0, WIDTH - 14.0]
    assert trend_of([score(0.3, None)]).depth is None


def test_one_result_stands_in_the_middle() -> None:
    chart = trend_of([score(0.3)]).score
    assert chart is not None and chart.dots[0].x == WIDTH / 2


def test_only_the_last_results_are_drawn() -> None:
    trend = trend_of([score(0.1)] + [score(0.8)] * MOST)
    assert trend.results == MOST and trend.score is not None
    assert trend.score.first == "80 points" and trend.faults == ()


def test_what_to_work_on() -> None:
    (row,) = trend_of([score(0.3), score(0.9), score(0.2)]).faults
    assert (row.name, row.seen) == ("Left knee", (True, False, True))
