"""The pinhole camera that pictures and known joints share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from training.synthetic.skeleton import FloatArray

# Nearer points than this have no place in the picture (metres along the view).
NEAR = 0.05


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the vertical line through the world's origin.

    :param height: above the floor in metres.
    :param distance: from that line in metres.
    :param yaw: radians by which the camera stands round to the left of a person who faces -y.
    :param pitch: radians upwards; negative looks down.
    :param roll: radians by which the camera is tilted clockwise as seen from behind it.
    :param pan: radians by which it looks past the line to its right.
    :param fov: vertical field of view in radians.
    :param width: picture width in pixels.
    :param height_px: picture height in pixels.
    """

    height: float = 1.3
    distance: float = 2.7
    yaw: float = 0.0
    pitch: float = -0.14
    roll: float = 0.0
    pan: float = 0.0
    fov: float = float(np.deg2rad(52))
    width: int = 640
    height_px: int = 480

    @property
    def place(self) -> FloatArray:
        """Centre of the lens [3] in metres."""
        ahead = np.array([np.sin(self.yaw), -np.cos(self.yaw)])
        return np.array([*(self.distance * ahead), self.height])

    @property
    def axes(self) -> FloatArray:
        """Rotation [3, 3] with columns right, up and back (OpenGL's camera axes)."""
        # With all angles 0 the camera looks along +y: right is +x, up +z, back -y.
        level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
        aim = Rotation.from_euler("z", self.yaw - self.pan).as_matrix()
        # Intrinsic order: pitch about the camera's right, then roll about its view.
        tilt = (
            Rotation.from_euler("x", self.pitch) * Rotation.from_euler("z", -self.roll)
        ).as_matrix()
        return np.asarray(aim @ level @ tilt)

    @property
    def matrix(self) -> FloatArray:
        """Pose [4, 4] of the camera in the world."""
        pose = np.eye(4)
        pose[:3, :3] = self.axes
        pose[:3, 3] = self.place
        return pose

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.height_px / 2 / float(np.tan(self.fov / 2))


def project(points: FloatArray, camera: Camera) -> FloatArray:
    """Return where points appear in the picture, in pixels.

    x runs to the right and y down from the picture's upper left corner, so the middle of the
    first pixel is (0.5, 0.5).  Points outside the picture keep their coordinates; points beside
    or behind the lens are NaN.

    :param points: places [..., 3] in metres.
    :param camera: the camera.
    """
    seen = (np.asarray(points) - camera.place) @ camera.axes
    depth = np.where(seen[..., 2] < -NEAR, -seen[..., 2], np.nan)
    x = camera.width / 2 + camera.focal * seen[..., 0] / depth
    y = camera.height_px / 2 - camera.focal * seen[..., 1] / depth
    return np.stack([x, y], axis=-1)
