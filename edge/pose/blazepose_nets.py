"""The two networks of BlazePose on one picture: where people are, and where their joints are.

Source of the steps: Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020,
and the published graph of MediaPipe Pose (Apache-2.0), whose weights are used.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.frames import Picture
from edge.runtime import Network
from edge.track import FloatArray

DETECTOR_SIDE: Final = 224
CROP_SIDE: Final = 256
HEATMAP_SIDE: Final = 64
LANDMARKS: Final = 33
"""Joints of the body; rows 33 and 34 of the answer are the alignment points of the next crop."""

LANDMARK_OUTPUTS: Final = ("Identity", "Identity_1", "Identity_3")
"""Landmarks, presence and heat maps. The outline of the body, which nobody needs, would take a
quarter of the network's time."""

REGION_SCALE: Final = 1.25
"""How much larger than the circle around the person the crop is."""

REFINE_WINDOW: Final = 7
REFINE_MIN: Final = 0.5
"""A landmark is refined where its heat map reaches this somewhere in the window."""


def default_weights() -> Path:
    """Return the folder into which scripts/run puts the networks."""
    return Path(sys.prefix) / "share" / "squat-kiosk" / "pose"


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of the picture that holds one person; pixels and radians."""

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def from_points(cls, centre: FloatArray, top: FloatArray) -> Region:
        """Return the region of a person from the two alignment points.

        :param centre: [2] the middle of the hips, in pixels.
        :param top: [2] a point on the circle around the person, straight above the hips.
        """
        dx, dy = top - centre
        angle = math.pi / 2 - math.atan2(-dy, dx)
        angle -= 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))
        side = 2 * math.hypot(dx, dy) * REGION_SCALE
        return cls(float(centre[0]), float(centre[1]), side, angle)

    def to_picture(self) -> FloatArray:
        """Return the [2, 3] affine map from crop pixels to picture pixels."""
        scale = self.side / CROP_SIDE
        c, s = scale * math.cos(self.angle), scale * math.sin(self.angle)
        half = CROP_SIDE / 2
        return np.array(
            [[c, -s, self.x - (c - s) * half], [s, c, self.y - (s + c) * half]], dtype=np.float64
        )


@dataclass(frozen=True, slots=True)
class Landmarks:
    """One person's landmarks in one picture.

    :param points: [33, 2] pixels.
    :param visibility: [33] from 0 to 1.
    :param presence: how sure the network is that there is a person at all.
    :param region: where to look for the same person in the next picture.
    """

    points: FloatArray
    visibility: FloatArray
    presence: float
    region: Region


def sigmoid(values: npt.NDArray[np.floating]) -> FloatArray:
    """Return 1 / (1 + exp(-values))."""
    result: FloatArray = 1.0 / (1.0 + np.exp(-np.clip(values.astype(np.float64), -80, 80)))
    return result


def anchors() -> FloatArray:
    """Return the centres, [2254, 2] from 0 to 1, to which the detector's boxes are relative."""
    centres = []
    for stride, per_cell in ((8, 2), (16, 2), (32, 6)):
        cells = math.ceil(DETECTOR_SIDE / stride)
        y, x = np.mgrid[0:cells, 0:cells]
        grid = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) / cells
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres)


class Detector:
    """Finds people in a whole picture.

    regions = Detector(LiteRtNetwork(path))(picture)
    """

    def __init__(self, network: Network, *, threshold: float = 0.5) -> None:
        self._network = network
        self._input = network.inputs[0].name
        self._anchors = anchors()
        self._threshold = threshold

    def __call__(self, picture: Picture) -> list[Region]:
        """Return a region per person, the surest first."""
        height, width = picture.shape[:2]
        scale = DETECTOR_SIDE / max(height, width)
        small = cv2.resize(picture, (round(width * scale), round(height * scale)))
        left, top = (DETECTOR_SIDE - small.shape[1]) // 2, (DETECTOR_SIDE - small.shape[0]) // 2
        boxed = np.zeros((DETECTOR_SIDE, DETECTOR_SIDE, 3), np.uint8)
        boxed[top : top + small.shape[0], left : left + small.shape[1]] = small
        rgb = cv2.cvtColor(boxed, cv2.COLOR_BGR2RGB)
        outputs = self._network.run({self._input: (rgb.astype(np.float32) / 127.5 - 1.0)[None]})
        scores = sigmoid(outputs["Identity_1"][0, :, 0])
        found: list[tuple[FloatArray, float, Region]] = []
        for index in np.argsort(-scores):
            if scores[index] < self._threshold:
                break
            row = outputs["Identity"][0, index].reshape(-1, 2).astype(np.float64)
            # Row 0 is the box's centre, row 1 its size, rows 2 and 3 the alignment points.
            points = (row + self._anchors[index] * DETECTOR_SIDE - [left, top]) / scale
            size = float((row[1] / scale).max())
            if all(np.hypot(*(points[0] - c)) > 0.5 * max(size, s) for c, s, _ in found):
                found.append((points[0], size, Region.from_points(points[2], points[3])))
        return [region for _, _, region in found]


class LandmarkNetwork:
    """Finds the joints of the person in a region.

    landmarks = LandmarkNetwork(LiteRtNetwork(path))(picture, region)
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._input = network.inputs[0].name

    def __call__(self, picture: Picture, region: Region) -> Landmarks:
        """Return the landmarks; look at ``presence`` before believing them."""
        to_picture = region.to_picture()
        crop = cv2.warpAffine(
            # Of four channels, of which one is for nothing, it makes the same in half the time.
            cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA),
            to_picture,
            (CROP_SIDE, CROP_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            # The official graph repeats the border: black corners move the joints by 1-3 %.
            borderMode=cv2.BORDER_REPLICATE,
        )
        rgb = cv2.cvtColor(crop, cv2.COLOR_BGRA2RGB).astype(np.float32) / 255.0
        outputs = self._network.run({self._input: rgb[None]})
        rows = outputs["Identity"].reshape(-1, 5).astype(np.float64)
        refined = refine(rows[:, :2], outputs["Identity_3"][0])
        points = refined @ to_picture[:, :2].T + to_picture[:, 2]
        return Landmarks(
            points[:LANDMARKS],
            sigmoid(rows[:LANDMARKS, 3]),
            float(outputs["Identity_1"].ravel()[0]),
            Region.from_points(points[LANDMARKS], points[LANDMARKS + 1]),
        )


def refine(points: FloatArray, heatmaps: npt.NDArray[np.float32]) -> FloatArray:
    """Move each landmark to the centre of mass of its heat map close by.

    :param points: [39, 2] in crop pixels.
    :param heatmaps: [64, 64, 39] before the sigmoid.
    :return: [39, 2] in crop pixels.
    """
    cell = CROP_SIDE / HEATMAP_SIDE
    column, row = (np.floor(points / cell).astype(int)).T
    inside = (column >= 0) & (column < HEATMAP_SIDE) & (row >= 0) & (row < HEATMAP_SIDE)
    reach = np.arange(REFINE_WINDOW) - REFINE_WINDOW // 2
    rows = row[:, None, None] + reach[None, :, None]
    columns = column[:, None, None] + reach[None, None, :]
    legal = (rows >= 0) & (rows < HEATMAP_SIDE) & (columns >= 0) & (columns < HEATMAP_SIDE)
    last = HEATMAP_SIDE - 1
    window = (
        sigmoid(
            heatmaps[
                rows.clip(0, last), columns.clip(0, last), np.arange(len(points))[:, None, None]
            ]
        )
        * legal
    )
    weight = window.sum(axis=(1, 2))
    good = inside & (window.max(axis=(1, 2)) >= REFINE_MIN)
    safe = np.where(weight > 0, weight, 1.0)
    centre = np.stack(
        [(window * columns).sum(axis=(1, 2)) / safe, (window * rows).sum(axis=(1, 2)) / safe],
        axis=1,
    )
    return np.where(good[:, None], centre * cell, points)
