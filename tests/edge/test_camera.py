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
    numbers = np.arange(240)
    lost = np.isin(numbers, [60, 100, 101, 102, 180])
    assert missed(numbers[~lost] / 30) == 5
    assert missed(numbers / 30) == 0
    assert missed(np.zeros(5)) == 0


def test_a_busy_machine_loses_nothing() -> None:
    """Pictures wait up to two pictures' time and then come in a hurry."""
    rng = np.random.default_rng(0)
    due = np.arange(600) / 29.97
    late = np.where(rng.random(600) < 0.4, rng.exponential(0.03, 600), 0.0).clip(0, 0.07)
    times = np.maximum.accumulate(due + late)
    assert missed(times) <= 1
    lost = np.isin(np.arange(600), [200, 201, 400])
    assert 2 <= missed(times[~lost]) <= 4


def test_a_camera_that_becomes_slow_misses_nothing_once_that_is_known() -> None:
    times = np.concatenate([np.arange(90) / 30, 3 + np.arange(300) / 15])
    assert missed(times) <= 30
    assert missed(times[90:]) == 0
