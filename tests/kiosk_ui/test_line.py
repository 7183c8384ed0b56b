from __future__ import annotations

import pytest

from kiosk_ui.uploads.line import REMEMBERED, USUAL_PACE, USUAL_SECONDS, Line


def test_a_usual_video_until_something_was_measured() -> None:
    line = Line()
    assert line.left("a") == USUAL_SECONDS * USUAL_PACE
    assert line.left("a", progress=0.5) == USUAL_SECONDS * USUAL_PACE / 2


def test_the_length_counts_where_it_is_known() -> None:
    line = Line()
    line.join("a", seconds=40.0)
    assert line.left("a") == 40.0 * USUAL_PACE
    line.leave("a")
    assert line.left("a") == USUAL_SECONDS * USUAL_PACE


def test_the_estimate_follows_what_was_measured() -> None:
    line = Line()
    for seconds, took in [(10.0, 3.0), (20.0, 6.0), (12.0, 60.0)]:  # the last one was disturbed
        line.measured(seconds, took)
    assert line.left("unknown") == pytest.approx(12.0 * 0.3)
    for _ in range(REMEMBERED):
        line.measured(10.0, 10.0)
    assert line.left("unknown") == pytest.approx(10.0)


def test_a_video_without_a_length_is_not_measured() -> None:
    line = Line()
    line.measured(0.0, 5.0)
    assert line.left("a") == USUAL_SECONDS * USUAL_PACE


def test_jobs_of_a_client() -> None:
    line = Line()
    line.join("a", client="192.168.1.7")
    line.join("b", client="192.168.1.7", seconds=5.0)
    line.join("c")
    line.join("a", seconds=5.0)  # its length became known
    assert line.of("192.168.1.7", ["a", "b", "c"]) == 2
    line.leave("a")
    assert line.of("192.168.1.7", ["a", "b", "c"]) == 1
