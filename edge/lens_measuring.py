"""Measures a lens from a board that somebody shows to the camera."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from edge.errors import CameraSetupError
from edge.lens import LensCalibration
from edge.lens_board import CORNERS, Sighting

LEAST_CORNERS: Final = CORNERS // 2
"""Corners that a view must have."""

STILL: Final = 1.5
"""Pixels by which the board may move between two looks: a moving one is smeared and skewed."""

NEW: Final = 0.04
"""Share of the picture's width by which a view must differ from each earlier one."""

LEAST_VIEWS: Final = 10
MOST_VIEWS: Final = 30
ENOUGH: Final = 0.005
"""The focal length's standard deviation, as a share of it, at which no more views are needed."""

UNCERTAIN: Final = 0.01
"""Above this the lens counts as not measured."""

LARGEST_ERROR: Final = 1.0
"""Pixels: above it the board was bent, or the camera's focus or zoom changed."""

COLUMNS: Final = ("left", "middle", "right")
ROWS: Final = ("top", "middle", "bottom")


@dataclass(frozen=True, slots=True)
class Measured:
    """A lens, and how certain it is.

    :param uncertainty: standard deviation of the focal length as a share of it.
    """

    lens: LensCalibration
    uncertainty: float


class ViewCollector:
    """Takes a view of the board when it is held still at a new place.

        collector = ViewCollector((640, 480))
        if collector.push(find_board(picture)):
            print(len(collector.views), collector.missing)

    :param size: width and height of the pictures in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.views: list[Sighting] = []
        self._before: Sighting | None = None

    def push(self, seen: Sighting | None) -> bool:
        """Take what is seen in the next picture; tell whether it was a new view."""
        before, self._before = self._before, seen
        if seen is None or before is None or len(seen.ids) < LEAST_CORNERS:
            return False
        if seen.distance(before) > STILL:
            return False
        if any(seen.distance(view) < NEW * self.size[0] for view in self.views):
            return False
        self.views.append(seen)
        return True

    @property
    def missing(self) -> list[str]:
        """The parts of the picture in which no corner was seen yet, such as ``top left``."""
        corners = np.concatenate([view.corners for view in self.views] or [np.zeros((0, 2))])
        cells = np.floor(corners / self.size * 3).astype(int).clip(0, 2)
        seen = {(int(x), int(y)) for x, y in cells}
        return [f"{ROWS[y]} {COLUMNS[x]}" for y in range(3) for x in range(3) if (x, y) not in seen]

    @property
    def done(self) -> bool:
        """Whether the views suffice, or there will never be enough."""
        if len(self.views) < LEAST_VIEWS or self.missing:
            return len(self.views) >= MOST_VIEWS
        return len(self.views) >= MOST_VIEWS or self.measure("").uncertainty <= ENOUGH

    def measure(self, camera: str) -> Measured:
        """Return the lens that fits these views best.

        :param camera: name of the camera.
        :raises CameraSetupError: there are too few views.
        """
        return measure_lens(self.views, self.size, camera)


def measure_lens(views: Iterable[Sighting], size: tuple[int, int], camera: str) -> Measured:
    """Return the lens that fits views of the board best; a view that does not fit is left out.

    :param views: of the board, at different places and tilted differently.
    :param size: width and height of the pictures in pixels.
    :param camera: name of the camera.
    :raises CameraSetupError: there are too few views, or they show nothing of the lens.
    """
    kept = list(views)
    if len(kept) < LEAST_VIEWS:
        raise CameraSetupError(f"{len(kept)} views are too few: {LEAST_VIEWS} are needed")
    found = _fit(kept, size)
    errors = found[7].ravel()
    fits = [view for view, error in zip(kept, errors, strict=True) if error < 3 * np.median(errors)]
    if LEAST_VIEWS <= len(fits) < len(kept):
        kept, found = fits, _fit(fits, size)
    error, matrix, distortion, deviations = found[0], found[1], found[2].ravel(), found[5].ravel()
    if not np.isfinite(matrix).all() or not np.isfinite(deviations).all():
        raise CameraSetupError("these views show nothing of the lens: tilt the board more")
    k1, k2, p1, p2, k3 = (float(value) for value in distortion[:5])
    lens = LensCalibration(
        camera=camera, width=size[0], height=size[1],
        focal=(float(matrix[0, 0]), float(matrix[1, 1])),
        middle=(float(matrix[0, 2]), float(matrix[1, 2])),
        distortion=(k1, k2, p1, p2, k3), error=float(error), views=len(kept),
    )  # fmt: skip
    return Measured(lens, float(max(deviations[:2] / np.diag(matrix)[:2])))


def _fit(views: list[Sighting], size: tuple[int, int]) -> Any:
    try:
        # Without k3: on lenses that a kiosk uses it only follows the noise.
        return cv2.calibrateCameraExtended(
            [view.known.astype(np.float32) for view in views],
            [view.corners.astype(np.float32) for view in views],
            size, np.eye(3), np.zeros(5), flags=cv2.CALIB_FIX_K3,
        )  # fmt: skip
    except cv2.error as error:
        raise CameraSetupError(
            "these views show nothing of the lens: tilt the board more"
        ) from error


def judge_lens(measured: Measured) -> LensCalibration:
    """Return the lens, if it is certain enough to be used.

    :raises CameraSetupError: it is not; the message says what to do.
    """
    if measured.lens.error > LARGEST_ERROR:
        raise CameraSetupError(
            f"the corners are off by {measured.lens.error:.1f} pixels: lay the board on something "
            "flat, hold it still, and switch the camera's autofocus off"
        )
    if measured.uncertainty > UNCERTAIN:
        raise CameraSetupError(
            f"the focal length is uncertain by {100 * measured.uncertainty:.1f} %: tilt the board "
            "more, to all sides, and bring it nearer"
        )
    return measured.lens
