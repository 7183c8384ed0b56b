"""Black, dark and frozen pictures are noticed, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.frames import Frame, Picture
from edge.frames.picture import PictureWatch, Wellness, brightness, sample
from edge.frames.video import VideoFile
from tests.clips import CLIPS, DEMO, ROOT
from tests.edge.camera_fakes import Gym, noisy

REAL = ROOT.parent / "shared" / "clips"


def shown(*parts: tuple[str, float], rate: float = 30.0) -> Iterator[tuple[float, Picture]]:
    """Return times and pictures of what a camera shows for so many seconds each."""
    gym, number = Gym(), 0
    for what, seconds in parts:
        gym.shows = what
        for _ in range(round(seconds * rate)):
            number += 1
            yield number / rate, gym.picture(number)


def told(pictures: Iterable[tuple[float, Picture]]) -> list[tuple[float, Wellness]]:
    """Return what is said of the pictures, and from when on."""
    watch = PictureWatch()
    found: list[tuple[float, Wellness]] = []
    for time, picture in pictures:
        said = watch.push(Frame(picture, time))
        if not found or found[-1][1] != said:
            found.append((time, said))
    return found


@pytest.mark.parametrize("what", ["black", "dark", "frozen", "ring"])
@pytest.mark.parametrize("rate", [5.0, 30.0])
def test_what_is_wrong_is_noticed_and_forgotten_when_it_is_well(what: str, rate: float) -> None:
    changes = told(shown(("ok", 4), (what, 6), ("ok", 4), rate=rate))
    name = "frozen" if what == "ring" else what
    assert [said for _, said in changes] == ["ok", name, "ok"]
    assert 5.5 < changes[1][0] < 7.7  # two seconds of dark, three of standing still
    assert 10.3 < changes[2][0] < 12.0


def test_a_moment_is_nothing() -> None:
    parts = [("ok", 1.0), ("black", 1.5), ("ok", 1.0), ("dark", 1.5), ("ok", 1), ("frozen", 2.5)]
    assert [said for _, said in told(shown(*parts))] == ["ok"]


def test_what_is_wrong_may_change() -> None:
    changes = told(shown(("dark", 4), ("black", 4), ("frozen", 5)))
    assert [said for _, said in changes] == ["ok", "dark", "black", "ok", "frozen"]


def test_one_colour_is_no_picture() -> None:
    green = np.full((48, 64, 3), (0, 136, 0), np.uint8)
    assert brightness(sample(green)) == "black"
    assert brightness(sample(noisy(240, 0))) == "ok"  # a white wall has noise


def test_it_does_not_flicker_at_the_limit() -> None:
    """A brightness that trembles about the limit is told once."""
    levels = 26 + 2.5 * np.sin(np.arange(600))
    pictures = ((n / 30, noisy(level - 10, 20, number=n)) for n, level in enumerate(levels))
    assert len(told(pictures)) <= 2


def test_how_long_it_has_been_frozen() -> None:
    watch = PictureWatch()
    for time, picture in shown(("frozen", 8)):
        watch.push(Frame(picture, time))
    assert watch.frozen_for == pytest.approx(5.0, abs=0.2)
    watch.push(Frame(noisy(number=1), 8.1))
    for time, picture in shown(("ok", 2)):
        watch.push(Frame(picture, 8.1 + time))
    assert watch.frozen_for == 0.0


def frames_of(clip: Path, change: Callable[[Picture], Picture] = lambda picture: picture) -> (
    Iterator[tuple[float, Picture]]
):  # fmt: skip
    with VideoFile(clip) as video:
        for frame in video:
            yield frame.time, change(frame.picture)


@pytest.mark.parametrize("clip", [DEMO / "good.mp4", CLIPS / "empty_gym.mp4"], ids=lambda c: c.stem)
def test_rendered_clips_are_well_also_by_half_the_light(clip: Path) -> None:
    both = [(time, sample(picture)) for time, picture in frames_of(clip)]
    assert [said for _, said in told(both)] == ["ok"]
    halves = ((time, (samples // 4).astype(np.uint8)) for time, samples in both)
    assert [said for _, said in told(halves)] == ["ok"]


@pytest.mark.long
@pytest.mark.parametrize(
    "clip", sorted([*DEMO.glob("*.mp4"), *CLIPS.glob("*.mp4"), *REAL.glob("*.*")]),
    ids=lambda c: c.name,
)  # fmt: skip
def test_no_clip_is_called_spoilt(clip: Path) -> None:
    assert [said for _, said in told(frames_of(clip))] == ["ok"]
