"""The camera goes, freezes and slows down while somebody is being recorded."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import monotonic

import pytest

from tests.faults.conftest import Say, Staged
from tests.faults.staged import BLACK, FROZEN, GONE, SILENT, SLOW
from tests.kiosk_ui.fakes import until

LONG = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def working_camera(staged: Staged) -> Iterator[None]:
    """Whatever happens, the camera works again afterwards."""
    yield
    staged.stage.camera(None)
    until(lambda: staged.screen.now["camera"]["ok"], 60)
    staged.screen.post("/kiosk/cancel")


def begin(staged: Staged) -> None:
    """Let a recording run."""
    staged.screen.press_start_until(lambda now: now["state"] == "recording")


def works(staged: Staged) -> None:
    """Have a set whose result has a score."""
    key = staged.screen.record()
    score = staged.kiosk.get(f"/api/v1/scores/{key}")[1]
    assert score["assessment"]["frames"]["pushed"] > 10, score


def nothing_is_left(staged: Staged) -> bool:
    """Tell whether nothing of a given up recording lies about."""
    return not list((staged.data / "incoming").glob("*recording*"))


@pytest.mark.parametrize("mood", [GONE, pytest.param(SILENT, marks=LONG)])
def test_it_vanishes_in_the_middle_of_a_recording_and_comes_back(
    staged: Staged, say: Say, mood: str
) -> None:
    begin(staged)
    staged.stage.camera(mood)
    went = monotonic()
    until(lambda: staged.screen.now["message"], 30)
    say(f"{mood}: seconds until the screen says so", round(monotonic() - went, 2))
    assert staged.screen.now["message"]["code"] == "camera_lost"
    assert staged.screen.now["state"] == "idle"
    assert not staged.screen.now["camera"]["ok"]
    assert staged.screen.post("/kiosk/start") == 409
    until(lambda: nothing_is_left(staged))
    assert staged.kiosk.get("/phone")[0] == 200
    staged.stage.camera(None)
    came = monotonic()
    until(lambda: staged.screen.now["camera"]["ok"], 60)
    say("seconds until it works again", round(monotonic() - came, 2))
    works(staged)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mood", [FROZEN, BLACK, SLOW])
def test_a_bad_picture_in_a_recording_ends_it_and_no_more(staged: Staged, mood: str) -> None:
    """A score is given for what was seen, or the screen says why there is none."""
    before = staged.screen.now["result"]
    begin(staged)
    staged.stage.camera(mood)
    until(lambda: staged.screen.now["state"] in ("result", "idle"), 60)
    now = staged.screen.now
    if now["result"] not in (None, before):
        score = staged.kiosk.get(f"/api/v1/scores/{now['result']}")[1]["assessment"]
        assert score["verdict"] == "not_judged" or score["frames"]["pushed"] > 10
    else:
        told = now["message"] and now["message"]["code"]
        assert told in ("camera_lost", "left", "not_seen", "failed") or not now["camera"]["ok"]
    staged.stage.camera(None)
    until(lambda: staged.screen.now["camera"]["ok"], 60)
    works(staged)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_it_goes_and_comes_a_dozen_times(staged: Staged, say: Say) -> None:
    told, back = [], []
    for _ in range(12):
        begin(staged)
        staged.stage.camera(GONE)
        went = monotonic()
        until(lambda: not staged.screen.now["camera"]["ok"], 30)
        told.append(monotonic() - went)
        staged.stage.camera(None)
        came = monotonic()
        until(lambda: staged.screen.now["camera"]["ok"], 60)
        back.append(monotonic() - came)
    for what, seconds in (("the screen says so", told), ("it works again", back)):
        say(f"seconds until {what}, median and longest",
            (round(median(seconds), 2), round(max(seconds), 2)))  # fmt: skip
    works(staged)
    assert nothing_is_left(staged)
