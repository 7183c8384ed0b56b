"""A pinhole camera in front of a person: from joints in metres to a picture in pixels.

World axes, as in the unified 3-D data sets: x to the person's left, y up, z the way they face.
Picture axes: x to the right, y down; somebody who faces the camera has their left at larger x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

ANKLE_HEIGHT: Final = 0.08
"""Metres from the floor to the middle of an adult's ankle joint."""

PICTURE: Final = (640, 480)
"""Width and height of the picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera on a stand in front of somebody who squats; lengths in metres, angles in degrees.

        pixels = Camera(yaw=10).project(joints, ankles=(6, 9))

    :param height: of the lens above the floor (the thesis: about 1.3).
    :param distance: from the lens to the person's stance, along the floor.
    :param yaw: how far the person is turned to their own left.
    :param lateral: how far the lens stands towards the person's left.
    :param roll: how far the camera is tilted about its own axis.
    :param field_of_view: of the lens, from the top of the picture to its bottom.
    :param aim: the height above the floor of the point it is aimed at.
    """

    height: float = 1.3
    distance: float = 2.75
    yaw: float = 0.0
    lateral: float = 0.0
    roll: float = 0.0
    field_of_view: float = 55.0
    aim: float = 0.95

    @classmethod
    def random(cls, rng: np.random.Generator) -> Camera:
        """Return a camera as a gym might put it up: nearly in front, at about chest height."""
        return cls(
            height=rng.uniform(1.1, 1.5),
            distance=rng.uniform(2.4, 3.5),
            yaw=rng.uniform(-12, 12),
            lateral=rng.uniform(-0.2, 0.2),
            roll=rng.uniform(-2, 2),
            field_of_view=rng.uniform(48, 65),
            aim=rng.uniform(0.85, 1.05),
        )

    def project(self, joints: FloatArray, ankles: tuple[int, int]) -> FloatArray:
        """Return where the joints are in the picture.

        The floor and the middle of the stance are taken from the ankles' medians.

        :param joints: [T, J, 3] metres, x left, y up, z forward.
        :param ankles: the indices of both ankles among the J joints.
        :return: [T, J, 2] pixels.
        """
        stance = np.median(joints[:, list(ankles)].reshape(-1, 3), axis=0)
        stance[1] -= ANKLE_HEIGHT
        turned = (joints - stance) @ _about_vertical(np.deg2rad(self.yaw)).T

        # The camera's own axes: right is the person's left, "depth" is away from the lens.
        right = turned[..., 0] - self.lateral
        up = turned[..., 1] - self.height
        ahead = self.distance - turned[..., 2]
        pitch = np.arctan2(self.aim - self.height, self.distance)
        depth = np.cos(pitch) * ahead + np.sin(pitch) * up
        up = np.cos(pitch) * up - np.sin(pitch) * ahead

        roll = np.deg2rad(self.roll)
        x = (np.cos(roll) * right - np.sin(roll) * up) / depth
        y = (np.sin(roll) * right + np.cos(roll) * up) / depth
        width, height = PICTURE
        focal = height / 2 / np.tan(np.deg2rad(self.field_of_view) / 2)
        return np.stack([width / 2 + focal * x, height / 2 - focal * y], axis=-1)


def _about_vertical(angle: float) -> FloatArray:
    """Return the 3 x 3 rotation that turns forward (z) towards the person's left (x)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
