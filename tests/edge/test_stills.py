"""Pictures of strangers, good and hostile, in the real child process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.frames.stills import MOST_BYTES, SandboxedStills


@pytest.fixture
def stills() -> Iterator[SandboxedStills]:
    made = SandboxedStills(patience=20)
    yield made
    made.close()


def jpeg(width: int = 320, height: int = 240, level: int = 90) -> bytes:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = (10, 200, 90)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, level])[1])


def test_a_picture(stills: SandboxedStills) -> None:
    picture = stills.decode(jpeg())
    assert picture.shape == (240, 320, 3)
    assert np.abs(picture[120, 20].astype(int) - (10, 200, 90)).max() < 6
    assert picture[120, 300].max() < 6
    assert stills.decode(jpeg(240, 320)).shape == (320, 240, 3)


def bomb() -> bytes:
    """Return a JPEG that says to have 65,000 times 65,000 pixels."""
    small = bytearray(jpeg(16, 16))
    frame = small.index(b"\xff\xc0")
    small[frame + 5 : frame + 9] = (65000).to_bytes(2, "big") * 2
    return bytes(small)


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"no picture",
        b"\xff\xd8\xff" + b"junk" * 100,
        jpeg()[:30],
        bytes(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1]),
        b"\xff\xd8\xff" + bytes(MOST_BYTES),
        jpeg(700, 700),
        bomb(),
    ],
    ids=["empty", "text", "junk", "cut", "png", "large", "many-pixels", "bomb"],
)
def test_a_hostile_one_is_refused_and_the_next_one_is_not(
    stills: SandboxedStills, hostile: bytes
) -> None:
    with pytest.raises(SourceError):
        stills.decode(hostile)
    assert stills.decode(jpeg()).shape == (240, 320, 3)


def test_a_child_that_died_is_replaced(stills: SandboxedStills) -> None:
    stills.decode(jpeg())
    child = stills._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child._process.wait()
    assert stills.decode(jpeg()).shape == (240, 320, 3)


def test_a_child_that_hangs_is_given_up() -> None:
    stills = SandboxedStills(patience=20)
    try:
        stills.decode(jpeg())
        child = stills._child
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        child.patience = 0.2
        with pytest.raises(SourceError, match="takes too long"):
            stills.decode(jpeg())
        assert not child.runs
        assert stills.decode(jpeg()).shape == (240, 320, 3)
    finally:
        stills.close()


def test_nothing_is_left_behind() -> None:
    stills = SandboxedStills(patience=20)
    stills.decode(jpeg())
    child = stills._child
    assert child is not None
    stills.close()
    assert not child.runs
    stills.close()
