"""The printed board is the one that OpenCV looks for."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from edge.lens_board import (
    BOARD,
    CORNERS,
    PAGE,
    SQUARE,
    SQUARES,
    black_parts,
    find_board,
    printable,
)
from tests.edge.boards import BENT, MARGIN, SCALE, drawn, view


def test_it_is_opencvs_own_board() -> None:
    ours = drawn()[MARGIN:-MARGIN, MARGIN:-MARGIN]
    size = (round(SCALE * SQUARE * SQUARES[0]), round(SCALE * SQUARE * SQUARES[1]))
    theirs = BOARD.generateImage(size, marginSize=0, borderBits=1)
    assert ours.shape == theirs.shape
    assert ((ours > 128) != (theirs > 128)).mean() < 0.01  # modules end between pixels


def test_it_fits_the_page() -> None:
    page = ElementTree.fromstring(printable())  # noqa: S314 - our own
    shapes = [shape.attrib for shape in page if shape.tag.endswith("rect")][1:]
    assert len(shapes) == len(black_parts())
    for shape in shapes:
        right = float(shape["x"]) + float(shape["width"])
        bottom = float(shape["y"]) + float(shape["height"])
        assert float(shape["x"]) > 4 and right < PAGE[0] - 4
        assert float(shape["y"]) >= 4 and bottom < PAGE[1] - 10


def test_it_is_found_also_where_it_reaches_out_of_the_picture() -> None:
    whole = find_board(view(BENT, (0, 0, 450), (10, 15, 5)))
    assert whole is not None and len(whole.ids) == CORNERS
    part = find_board(view(BENT, (-230, 100, 450), (10, 15, 5)))
    assert part is not None and 4 <= len(part.ids) < CORNERS
    assert part.distance(whole) > 50
    assert whole.distance(whole) == 0.0
    assert find_board(np.full((480, 640, 3), 90, np.uint8)) is None
