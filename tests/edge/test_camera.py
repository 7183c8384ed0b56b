"""What is asked of a camera, and how the pictures that it lost are counted."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frames.camera import CameraMode, Rhythm


def test_modes_are_read() -> None:
    assert CameraMode.parse("640x480@30") == CameraMode()
    mode = CameraMode.parse("1280x720@29.97", exposure=8.0, mains="60")
    assert (mode.width, mode.height, mode.rate) == (1280, 720, 29.97)
    assert (mode.exposure, mode.mains) == (8.0, "60")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("640x480", "WIDTHxHEIGHT@RATE"), ("640X480@30", "such as"), ("", "such as"),
        ("640x480@0", "between"), ("64x48@30", "between"), ("8000x4000@30", "such as|between"),
        ("644x480@30", "multiple of 8"), ("640x481@30", "multiple of 8"),
    ],
)  # fmt: skip
def test_modes_that_no_camera_has(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CameraMode.parse(text)


def missed(times: np.ndarray) -> int:
    rhythm = Rhythm()
    return sum(rhythm.missing(float(time)) for time in times)


def test_missing_pictures_are_counted() -> None:
    numbers = np.arange(90)
    lost = np.isin(numbers, [20, 40, 41, 42, 89])
    assert missed(numbers[~lost] / 30) == 4  # whether one is missing at the end nobody can tell
    trembling = numbers / 30 + np.random.default_rng(0).normal(0, 0.003, 90)
    assert missed(trembling) == 0


def test_a_camera_that_becomes_slow_misses_nothing() -> None:
    times = np.concatenate([np.arange(60) / 30, 2 + np.arange(60) / 15])
    # Until the new rhythm is the usual one its gaps look like losses.
    assert missed(times) <= 16
    assert missed(times[60:]) == 0
    assert missed(np.zeros(5)) == 0
