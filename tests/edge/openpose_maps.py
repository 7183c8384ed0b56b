"""Confidence maps and affinity fields as a perfect OpenPose network would answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge.joints import INDEX
from edge.pose.openpose_decoding import Maps
from edge.pose.openpose_layouts import Layout
from edge.runtime import Array, Network, TensorSpec
from edge.track import FloatArray

SPREAD = 0.9
"""Standard deviation of a part's peak, in cells."""

HALF_WIDTH = 1.0
"""Cells from the middle of a limb within which its field is there."""


def standing(x: float, y: float, size: float) -> FloatArray:
    """Return somebody in BODY_25 order who faces the camera, [25, 2].

    :param x: of the neck, in any unit.
    :param y: of the neck.
    :param size: length of the torso.
    """
    at = {
        "Nose": (0, -0.45), "REye": (-0.09, -0.55), "LEye": (0.09, -0.55), "REar": (-0.2, -0.5),
        "LEar": (0.2, -0.5), "Neck": (0, 0), "RShoulder": (-0.35, 0), "LShoulder": (0.35, 0),
        "RElbow": (-0.5, 0.5), "LElbow": (0.5, 0.5), "RWrist": (-0.55, 0.95),
        "LWrist": (0.55, 0.95), "MidHip": (0, 1), "RHip": (-0.22, 1), "LHip": (0.22, 1),
        "RKnee": (-0.27, 1.8), "LKnee": (0.27, 1.8), "RAnkle": (-0.3, 2.6), "LAnkle": (0.3, 2.6),
        "RBigToe": (-0.4, 2.8), "LBigToe": (0.4, 2.8), "RSmallToe": (-0.5, 2.72),
        "LSmallToe": (0.5, 2.72), "RHeel": (-0.27, 2.72), "LHeel": (0.27, 2.72),
    }  # fmt: skip
    joints = np.zeros((25, 2))
    for name, place in at.items():
        joints[INDEX[name]] = np.array([x, y]) + size * np.array(place)
    return joints


def draw(
    layout: Layout,
    people: Sequence[FloatArray],
    *,
    rows: int = 46,
    columns: int = 62,
    height: float = 0.8,
) -> Maps:
    """Return the maps of people, [channels, rows, columns].

    :param people: [25, 2] cells in BODY_25 order; NaN joints are not drawn.
    :param height: of the peaks and of the fields.
    """
    maps = np.zeros((layout.channels, rows, columns), np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    touched = np.zeros((len(layout.limbs), rows, columns))
    for joints in people:
        places = joints[layout.joint_of]
        for part, (px, py) in enumerate(places):
            if np.isfinite(px):
                peak = height * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * SPREAD**2))
                maps[part] = np.maximum(maps[part], peak)
        for limb, (one, other) in enumerate(layout.limbs):
            line = places[other] - places[one]
            length = np.hypot(*line)
            if not np.isfinite(length) or length == 0:
                continue
            ux, uy = line / length
            dx, dy = x - places[one][0], y - places[one][1]
            along, across = dx * ux + dy * uy, np.abs(dx * uy - dy * ux)
            on = (along >= -HALF_WIDTH) & (along <= length + HALF_WIDTH) & (across <= HALF_WIDTH)
            touched[limb] += on
            for channel, part_of in zip(layout.fields[limb], (ux, uy), strict=True):
                maps[channel] += on * height * part_of
    for limb, channels in enumerate(layout.fields):
        # Where two people's limbs cross, the field is the mean of both.
        maps[list(channels)] /= np.maximum(touched[limb], 1)
    background = len(layout.parts)
    maps[background] = 1 - maps[:background].max(axis=0)
    return maps


class DrawnNetwork(Network):
    """A network that answers maps that were drawn, for any picture.

    :param maps: [channels, rows, columns].
    :ivar seen: the inputs that it was asked with.
    """

    runtime = "drawn"

    def __init__(self, maps: Maps) -> None:
        self.maps = maps
        self.inputs = (TensorSpec("image", (1, 3, "H", "W")),)
        self.outputs = (TensorSpec("maps", (1, len(maps), "h", "w")),)
        self.seen: list[Array] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.seen.append(inputs["image"])
        return {"maps": self.maps[None]}
