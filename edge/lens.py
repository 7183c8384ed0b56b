"""A lens's distortion: measured once, and taken out of the joints before they are judged.

Wide lenses bend straight lines outwards. Of a picture only the joints count, so only they are
straightened: a handful of points instead of a third of a million pixels.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.camera_setup import Lens
from edge.errors import CameraSetupError
from edge.track import FloatArray, Pose, PoseTrack

log = logging.getLogger(__name__)

FILE: Final = "lens.json"
"""Its name in the data folder."""

ITERATIONS: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 1e-6)


class LensCalibration(BaseModel):
    """What is known of one camera's lens.

        lens = LensCalibration.read(data_dir / FILE)
        straight = lens.track(track)

    :param camera: name of the camera; another one's joints are left alone.
    :param width: of the pictures in pixels.
    :param height: of the pictures in pixels.
    :param focal: focal lengths across and down in pixels.
    :param middle: where the optical axis meets the picture, in pixels.
    :param distortion: k1, k2, p1, p2, k3 of OpenCV's model.
    :param error: how far the board's corners are from where this lens would show them, in pixels.
    :param views: of the board that it comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    camera: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    focal: tuple[float, float]
    middle: tuple[float, float]
    distortion: tuple[float, float, float, float, float]
    error: float = Field(ge=0)
    views: int = Field(ge=1)

    @classmethod
    def read(cls, path: Path) -> LensCalibration | None:
        """Return what was kept, or None where there is none; a damaged file is told to the log."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.error("%s cannot be used, joints are not straightened: %s", path.name, error)
            return None

    def keep(self, path: Path) -> None:
        """Write it to a file, whole or not at all.

        :raises CameraSetupError: it cannot be written.
        """
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w") as file:
                file.write(self.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise CameraSetupError(f"{path} cannot be written: {error.strerror}") from error

    def fitting(self, camera: str, size: tuple[int, int] | None) -> LensCalibration | None:
        """Return it for pictures of this size, or None where it is another camera's.

        :param camera: name of the camera.
        :param size: width and height in pixels; None: not known yet.
        """
        if size is None or camera != self.camera:
            return None
        scale = size[0] / self.width
        if abs(size[1] - scale * self.height) > 1:
            return None  # another shape is another part of the sensor
        if scale == 1:
            return self
        return self.model_copy(update={
            "width": size[0], "height": size[1],
            "focal": tuple(scale * value for value in self.focal),
            "middle": tuple(scale * (value + 0.5) - 0.5 for value in self.middle),
        })  # fmt: skip

    @property
    def matrix(self) -> FloatArray:
        """The camera matrix."""
        (fx, fy), (x, y) = self.focal, self.middle
        return np.array([[fx, 0.0, x], [0.0, fy, y], [0.0, 0.0, 1.0]])

    @property
    def pinhole(self) -> Lens:
        """The lens without its distortion, for :func:`edge.camera_setup.locate_camera`."""
        return Lens(self.focal[1], self.middle[1])

    def points(self, points: FloatArray) -> FloatArray:
        """Return where points would be without the distortion, in pixels; NaN stays NaN.

        A joint that is guessed outside the picture moves as the nearest point of the edge does: out
        there the lens was never measured.

        :param points: [..., 2] pixels.
        """
        straight = points.astype(np.float64, copy=True)
        seen = np.isfinite(points).all(axis=-1)
        inside = np.clip(points[seen], 0, [self.width - 1, self.height - 1])
        if not len(inside):
            return straight
        matrix: Any = self.matrix
        moved = cv2.undistortPointsIter(
            inside.reshape(-1, 1, 2), matrix, np.array(self.distortion), np.eye(3), matrix,
            ITERATIONS,
        ).reshape(-1, 2)  # fmt: skip
        straight[seen] += moved - inside
        return straight

    def pose(self, pose: Pose) -> Pose:
        """Return a pose without the distortion."""
        return Pose(self.points(pose.joints), pose.confidence)

    def track(self, track: PoseTrack) -> PoseTrack:
        """Return a track without the distortion."""
        return PoseTrack(track.times, self.points(track.joints), track.confidence)
