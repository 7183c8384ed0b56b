"""One recording of the station."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.errors import PoseError
from edge.frames import Frame
from edge.live import FrameTap
from edge.machine import Do, Effect
from edge.recording import Recording
from edge.settings import KioskSettings


class Session:
    """Notes what it is given; fails where it is told to."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.times: list[float] = []
        self.skipped = self.dropped = 0
        self.discarded = False

    def push(self, frame: Frame) -> Any:
        if self.fails:
            raise PoseError("no")
        self.times.append(frame.time)
        return SimpleNamespace(subject=None)

    def finish(self) -> tuple[int, int]:
        return self.skipped, self.dropped

    def discard(self) -> None:
        self.discarded = True


def frame(time: float) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), time)


def recording(session: Session, tap: FrameTap, folder: Path) -> Recording:
    effect = Effect(Do.OPEN, 1, KioskSettings())
    return Recording(effect, lambda _settings, _clip: session, folder / "clip.mp4", tap)  # type: ignore[arg-type, return-value]


def test_what_is_skipped_by_rule_and_lost_by_accident_is_counted_apart(tmp_path: Path) -> None:
    tap, session = FrameTap(4), Session()
    tap.skipped, tap.dropped = 7, 5  # before this recording
    one = recording(session, tap, tmp_path)
    for time in range(4):
        tap.put(frame(float(time)))
    one.push(tap.get(1.0))
    tap.dropped += 1
    one.push(tap.get(1.0))
    assert one.finish(lambda _session, found, _clip: str(found)) == "(2, 1)"


def test_the_newest_frame_is_judged_at_the_end(tmp_path: Path) -> None:
    session = Session()
    one = recording(session, FrameTap(4), tmp_path)
    one.push(frame(1.0))
    assert one.finish(lambda *_: "key", frame(2.0)) == "key"
    assert session.times == [1.0, 2.0]


def test_nothing_is_left_where_the_last_frame_fails(tmp_path: Path) -> None:
    session = Session(fails=True)
    one = recording(session, FrameTap(4), tmp_path)
    with pytest.raises(PoseError):
        one.finish(lambda *_: "key", frame(2.0))
    assert session.discarded
