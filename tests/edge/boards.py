"""Renders the printed board through a known lens, distortion and all."""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin

import cv2
import numpy as np
import numpy.typing as npt

from edge.lens import LensCalibration
from edge.lens_board import SQUARE, SQUARES, black_parts

SIZE = (640, 480)
BENT = LensCalibration(
    camera="bent", width=640, height=480, focal=(520.0, 523.0), middle=(327.0, 233.0),
    distortion=(-0.28, 0.09, 0.0008, -0.0011, 0.0), error=0.1, views=20,
)  # fmt: skip
"""A cheap wide lens: at the corners of the picture it is 87 pixels off."""

SCALE, MARGIN = 4, 40
"""Pixels of the drawn board for each millimetre, and of the white around it."""

Grey = npt.NDArray[np.uint8]


@cache
def drawn() -> Grey:
    """Return the board as it is printed, from the same rectangles."""
    height, width = (round(SCALE * SQUARE * n) + 2 * MARGIN for n in reversed(SQUARES))
    page = np.full((height, width), 255, np.uint8)
    for left, top, across, down in black_parts():
        x0, y0, x1, y1 = (
            round(SCALE * value) + MARGIN for value in (left, top, left + across, top + down)
        )
        page[y0:y1, x0:x1] = 20
    return page


@cache
def rays(lens: LensCalibration) -> npt.NDArray[np.float64]:
    """Return [height, width, 3] the direction in which each pixel looks."""
    x, y = np.meshgrid(np.arange(lens.width, dtype=float), np.arange(lens.height, dtype=float))
    points = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
    flat = cv2.undistortPointsIter(
        points, lens.matrix, np.array(lens.distortion), np.eye(3), np.eye(3),
        (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-9),
    ).reshape(lens.height, lens.width, 2)  # fmt: skip
    return np.concatenate([flat, np.ones((lens.height, lens.width, 1))], axis=-1)


def view(
    lens: LensCalibration, place: tuple[float, float, float], tilt: tuple[float, float, float],
    *, seed: int = 0, noise: float = 3.0,
) -> Grey:  # fmt: skip
    """Return what a camera sees of the board.

    :param place: of the board's middle in millimetres: right, down, away.
    :param tilt: degrees about the axes across, down and away.
    :param noise: of the sensor, in steps of brightness.
    """
    a, b, c = (radians(angle) for angle in tilt)
    turn = (
        np.array([[cos(c), -sin(c), 0], [sin(c), cos(c), 0], [0, 0, 1]])
        @ np.array([[cos(b), 0, sin(b)], [0, 1, 0], [-sin(b), 0, cos(b)]])
        @ np.array([[1, 0, 0], [0, cos(a), -sin(a)], [0, sin(a), cos(a)]])
    )
    looks = rays(lens)
    normal, where = turn[:, 2], np.array(place)
    away = (normal @ where) / (looks @ normal)
    on_board = (looks * away[..., None] - where) @ turn[:, :2]
    middle = np.array(SQUARES) * SQUARE / 2
    # A pixel of the drawing covers SCALE to the millimetre, its middle at half of one.
    at = ((on_board + middle) * SCALE + MARGIN - 0.5).astype(np.float32)
    seen = cv2.remap(
        cv2.GaussianBlur(drawn(), (0, 0), 2.5), at[..., 0], at[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=110.0,
    )  # fmt: skip
    rough = np.random.default_rng(seed).normal(0, noise, seen.shape)
    return np.clip(np.round(cv2.GaussianBlur(seen, (0, 0), 0.6) + rough), 0, 255).astype(np.uint8)


@cache
def shown(lens: LensCalibration, count: int = 20, seed: int = 0) -> tuple[Grey, ...]:
    """Return views as somebody shows the board: all over the picture, tilted to all sides."""
    rng = np.random.default_rng(seed)
    views = []
    for number in range(count):
        away = rng.uniform(380, 560)
        x = (number % 3 - 1) * 0.30 * away + rng.uniform(-15, 15)
        y = (number // 3 % 3 - 1) * 0.22 * away + rng.uniform(-15, 15)
        tilt = (rng.uniform(-32, 32), rng.uniform(-32, 32), rng.uniform(-12, 12))
        views.append(view(lens, (x, y, away), tilt, seed=number))
    return tuple(views)


def bend(lens: LensCalibration, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where a lens shows points that a pinhole camera would show at [..., 2]."""
    flat = (points - lens.middle) / lens.focal
    solid = np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1).reshape(-1, 1, 3)
    seen = cv2.projectPoints(
        solid, np.zeros(3), np.zeros(3), lens.matrix, np.array(lens.distortion)
    )[0]  # fmt: skip
    return np.asarray(seen, dtype=np.float64).reshape(points.shape)
