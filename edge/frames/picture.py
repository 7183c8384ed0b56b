"""Whether a camera's pictures are of any use: black, too dark, or standing still."""

from __future__ import annotations

import zlib
from collections import deque
from typing import Final, Literal

import numpy as np

from edge.frames import Frame, Picture

Wellness = Literal["ok", "black", "dark", "frozen"]

ROWS: Final = 60
"""So many rows of the picture are looked at, and as many columns as lie equally close."""

BLACK: Final = (12, 15)
"""Brightness, 0 to 255, that only a twentieth of the picture exceeds: below the first it is black,
from the second on it is not any more. In darkened clips the pose model saw nobody below 14."""

DARK: Final = (26, 32)
"""The same for too dark. The pose model lost the first people below 25 (docs/cameras.md)."""

PLAIN: Final = 6
"""Difference of bright and dark parts below which there is nothing in the picture: a lid before the
lens, or a driver that gives one colour. The plainest real clip has 13."""

LOOK_SECONDS: Final = 0.2
"""Between two looks at the brightness."""

SPOILT_SECONDS: Final = 2.0
"""For so long it must be black or dark: somebody's shirt may be, in passing."""

WELL_SECONDS: Final = 0.6
"""For so long it must be well again."""

STILL_SECONDS: Final = 3.0
STILL_PICTURES: Final = 15
FEW_DIFFERENT: Final = 4
"""Frozen: over so many seconds and pictures no more than so many different ones came; a driver may
give its old buffers in turn. A sensor's noise makes each picture another one, and so do codecs: the
fewest in three seconds of any clip were 38, of a GIF at 13 Hz."""


class PictureWatch:
    """Looks at each picture of a camera, at one point in eight across and down.

    watch = PictureWatch()
    watch.push(frame)      # "ok", "black", "dark" or "frozen"
    """

    def __init__(self) -> None:
        self._now: Wellness = "ok"
        self._looked = -np.inf
        self._bright: Wellness = "ok"
        self._spoilt_since: float | None = None
        self._well_since: float | None = None
        self._seen: deque[tuple[float, int]] = deque()
        self._frozen_since: float | None = None
        self.frozen_for = 0.0
        """Seconds for which the picture has been called frozen."""

    def push(self, frame: Frame) -> Wellness:
        """Take the next picture; tell how the pictures are."""
        samples = sample(frame.picture)
        still = self._stands_still(frame.time, zlib.crc32(samples.data))
        if frame.time - self._looked >= LOOK_SECONDS:
            self._looked = frame.time
            self._bright = brightness(samples, self._bright)
        found: Wellness = "frozen" if still and self._bright != "black" else self._bright
        self._settle(frame.time, found)
        if self._now != "frozen":
            self._frozen_since = None
        elif self._frozen_since is None:
            self._frozen_since = frame.time
        since = frame.time if self._frozen_since is None else self._frozen_since
        self.frozen_for = frame.time - since
        return self._now

    def _settle(self, time: float, found: Wellness) -> None:
        if found == "ok":
            self._spoilt_since = None
            self._well_since = time if self._well_since is None else self._well_since
            if time - self._well_since >= WELL_SECONDS:
                self._now = "ok"
            return
        self._well_since = None
        self._spoilt_since = time if self._spoilt_since is None else self._spoilt_since
        if found == "frozen" or time - self._spoilt_since >= SPOILT_SECONDS:
            self._now = found

    def _stands_still(self, time: float, digest: int) -> bool:
        seen = self._seen
        seen.append((time, digest))
        while len(seen) > STILL_PICTURES and time - seen[1][0] >= STILL_SECONDS:
            seen.popleft()
        if len(seen) < STILL_PICTURES or time - seen[0][0] < STILL_SECONDS:
            return False
        # From the newest back: where pictures differ that is known after five of them.
        different: set[int] = set()
        for _, one in reversed(seen):
            different.add(one)
            if len(different) > FEW_DIFFERENT:
                return False
        return True


def sample(picture: Picture) -> Picture:
    """Return every eighth or so point of a picture."""
    step = max(1, picture.shape[0] // ROWS)
    return np.ascontiguousarray(picture[step // 2 :: step, step // 2 :: step])


def brightness(samples: Picture, before: Wellness = "ok") -> Wellness:
    """Return ``ok``, ``dark`` or ``black``.

    :param samples: of the picture.
    :param before: what was said of the one before: to be well takes more than not to be spoilt.
    """
    # Green weighs most in what a picture's brightness is, and is there without computing.
    counts = np.bincount(samples[..., 1].ravel(), minlength=256).cumsum()
    low, bright, high = np.searchsorted(counts, np.array([0.02, 0.95, 0.98]) * counts[-1])
    if bright < BLACK[before == "black"] or high - low < PLAIN:
        return "black"
    return "dark" if bright < DARK[before != "ok"] else "ok"
