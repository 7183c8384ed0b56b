"""Whether something has changed in a picture, but for those who are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.frames import Picture
from edge.pose.scene import Scene, place_of

BODY = (200.0, 60.0, 320.0, 420.0)


def gym(seed: int = 0) -> Picture:
    """A still picture with a camera's noise."""
    noise = np.random.default_rng(seed).normal(0, 6, (480, 640, 3))
    return np.clip(120 + noise, 0, 255).astype(np.uint8)


def with_somebody(left: int, top: int, tall: int, grey: int = 90) -> Picture:
    picture = gym(1)
    cv2.rectangle(picture, (left, top), (left + tall // 4, top + tall), (grey,) * 3, -1)
    return picture


def test_what_was_never_looked_at_has_changed() -> None:
    scene = Scene()
    assert scene.changed(gym(), [])
    scene.keep(gym(), [])
    assert not scene.changed(gym(1), [])  # noise is no change
    assert scene.changed(np.ascontiguousarray(gym(1)[:, :320]), [])


@pytest.mark.parametrize("place", [(0, 100, 300), (620, 100, 300), (400, 200, 60)])
def test_who_enters_is_a_change(place: tuple[int, int, int]) -> None:
    scene = Scene()
    scene.keep(gym(), [BODY])
    assert scene.changed(with_somebody(*place), [BODY])
    assert scene.changed(with_somebody(*place, grey=105), [BODY])


def test_who_is_known_is_none_wherever_they_were_or_are() -> None:
    scene = Scene()
    scene.keep(with_somebody(220, 80, 300), [BODY])
    assert not scene.changed(gym(), [BODY])
    moved = 400.0, 60.0, 520.0, 420.0
    assert not scene.changed(with_somebody(420, 80, 300), [moved])
    assert scene.changed(with_somebody(420, 80, 300), [BODY])
    outside = -90.0, -50.0, 700.0, 900.0
    assert not scene.changed(with_somebody(420, 80, 300), [outside])


def test_a_slow_change_is_seen_as_well() -> None:
    """Against the picture that was kept, not against the one before."""
    scene = Scene()
    scene.keep(gym(), [])
    seen = [scene.changed(np.clip(gym(n).astype(int) + n, 0, 255).astype(np.uint8), [])
            for n in range(12)]  # fmt: skip
    assert not seen[1] and seen[-1]


def test_a_place_reaches_beyond_the_joints() -> None:
    assert place_of(np.array([[10.0, 20.0], [50.0, 120.0]])) == (-5.0, 5.0, 65.0, 135.0)


@pytest.mark.parametrize("size", [(2, 2), (16, 900), (900, 16)])
def test_any_size_can_be_compared(size: tuple[int, int]) -> None:
    scene, picture = Scene(), np.zeros((*size, 3), np.uint8)
    scene.keep(picture, [])
    assert not scene.changed(picture, [BODY])
