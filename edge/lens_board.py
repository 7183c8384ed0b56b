"""The printed board from which a lens is measured: a chessboard whose white squares have numbers.

Each corner is known by its neighbours' numbers (ChArUco), so that a board that reaches out of the
picture still counts: a lens is bent most at the edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.track import FloatArray

SQUARES: Final = (7, 5)
SQUARE: Final = 38.0
MARKER: Final = 28.0
"""Squares across and down, and the sides of squares and markers in millimetres: A4, landscape."""

PAGE: Final = (297.0, 210.0)
"""Millimetres."""

BITS: Final = 6
"""Modules across a marker, its border included."""

DICTIONARY: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
BOARD: Final = cv2.aruco.CharucoBoard(SQUARES, SQUARE, MARKER, DICTIONARY)

CORNERS: Final = (SQUARES[0] - 1) * (SQUARES[1] - 1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """The board in one picture.

    :param ids: [N] numbers of the corners that are seen.
    :param corners: [N, 2] where they are, in pixels.
    """

    ids: npt.NDArray[np.int32]
    corners: FloatArray

    @property
    def known(self) -> FloatArray:
        """[N, 3] where the corners are on the board, in millimetres."""
        return np.asarray(BOARD.getChessboardCorners(), dtype=np.float64)[self.ids]

    def distance(self, other: Sighting) -> float:
        """Return by how many pixels the common corners moved on average; infinite without any."""
        both, mine, theirs = np.intersect1d(self.ids, other.ids, return_indices=True)
        if len(both) < 4:
            return float("inf")
        moved = np.hypot(*(self.corners[mine] - other.corners[theirs]).T)
        return float(moved.mean())


def find_board(picture: npt.NDArray[np.uint8]) -> Sighting | None:
    """Return the board in a picture, or None where fewer than four corners are seen.

    :param picture: [height, width, 3] blue-green-red, or [height, width] grey.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    found: Any = cv2.aruco.CharucoDetector(BOARD).detectBoard(grey)
    corners, ids = found[0], found[1]
    if ids is None or len(ids) < 4:
        return None
    return Sighting(ids.ravel().astype(np.int32), corners.reshape(-1, 2).astype(np.float64))


def black_parts() -> list[tuple[float, float, float, float]]:
    """Return the black rectangles of the board: left, top, width and height in millimetres."""
    parts, number = [], 0
    module, inset = MARKER / BITS, (SQUARE - MARKER) / 2
    for row in range(SQUARES[1]):
        for column in range(SQUARES[0]):
            left, top = column * SQUARE, row * SQUARE
            if (row + column) % 2 == 0:
                parts.append((left, top, SQUARE, SQUARE))
                continue
            bits = DICTIONARY.generateImageMarker(number, BITS)
            number += 1
            parts += [
                (left + inset + x * module, top + inset + y * module, module, module)
                for y, x in zip(*np.nonzero(bits == 0), strict=True)
            ]
    return parts


def printable() -> str:
    """Return the board as an SVG page in A4, which any browser prints."""
    across, down = PAGE
    left, top = (across - SQUARES[0] * SQUARE) / 2, 4.0
    # A hair of overlap: some printers leave white lines between touching parts.
    hair = 0.02
    shapes = "".join(
        f'<rect x="{left + x:.3f}" y="{top + y:.3f}" width="{w + hair:.3f}" '
        f'height="{h + hair:.3f}"/>'
        for x, y, w, h in black_parts()
    )
    words = (
        f"Print at 100 % on stiff paper, or glue it onto a flat board. A black square is "
        f"{SQUARE:g} mm wide; its true size does not matter, its flatness does."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:g}mm" height="{down:g}mm" '
        f'viewBox="0 0 {across:g} {down:g}"><rect width="100%" height="100%" fill="#fff"/>{shapes}'
        f'<text x="{left:g}" y="{down - 5:g}" font-size="4" font-family="sans-serif">{words}</text>'
        "</svg>\n"
    )
