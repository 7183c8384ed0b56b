"""The room that synthetic people train in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.synthetic.skeleton import FloatArray

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Piece:
    """One box or cylinder of the room.

    :param kind: ``box`` or ``cylinder`` (along its own z).
    :param size: edges of the box, or radius, radius and length of the cylinder, in metres.
    :param place: its middle in metres.
    :param colour: sRGB.
    :param axis: world axis along which a cylinder lies.
    """

    kind: str
    size: tuple[float, float, float]
    place: tuple[float, float, float]
    colour: Colour
    axis: str = "z"


@dataclass(frozen=True)
class Mirror:
    """A mirror in the wall behind the person.

    :param left: smallest x in metres.
    :param right: largest x in metres.
    :param bottom: lowest z in metres.
    :param top: highest z in metres.
    """

    left: float = -1.5
    right: float = 1.5
    bottom: float = 0.25
    top: float = 2.1


@dataclass(frozen=True)
class Gym:
    """A room.

    :param wall: y of the wall behind the person in metres.
    :param wall_colour: sRGB.
    :param floor_colour: sRGB.
    :param stripe_colour: sRGB of the band painted on the wall.
    :param mirror: the mirror in that wall, if any.
    :param pieces: the equipment.
    """

    wall: float = 1.8
    wall_colour: Colour = (186, 188, 184)
    floor_colour: Colour = (92, 92, 96)
    stripe_colour: Colour = (196, 96, 40)
    mirror: Mirror | None = None
    pieces: tuple[Piece, ...] = ()


STEEL: Colour = (150, 154, 160)
BLACK: Colour = (44, 45, 48)
RED: Colour = (160, 44, 40)


def rack(x: float, y: float, colour: Colour = BLACK) -> tuple[Piece, ...]:
    """Return a power rack with a loaded bar, its middle at x, y (metres)."""
    posts = tuple(
        Piece("box", (0.07, 0.07, 2.2), (x + dx, y + dy, 1.1), colour)
        for dx in (-0.55, 0.55)
        for dy in (-0.4, 0.4)
    )
    beams = tuple(Piece("box", (1.17, 0.06, 0.06), (x, y + dy, 2.17), colour) for dy in (-0.4, 0.4))
    bar = Piece("cylinder", (0.015, 0.015, 2.0), (x, y - 0.47, 1.35), STEEL, axis="x")
    plates = tuple(
        Piece("cylinder", (0.22 - 0.05 * k, 0.22 - 0.05 * k, 0.045),
              (x + sign * (0.72 + 0.055 * k), y - 0.47, 1.35), (BLACK, RED)[k], axis="x")
        for sign in (-1, 1) for k in (0, 1)
    )  # fmt: skip
    return (*posts, *beams, bar, *plates)


def bench(x: float, y: float, colour: Colour = RED) -> tuple[Piece, ...]:
    """Return a flat bench, its middle at x, y (metres)."""
    return (
        Piece("box", (0.3, 1.2, 0.09), (x, y, 0.43), colour),
        Piece("box", (0.06, 0.06, 0.4), (x, y - 0.45, 0.2), BLACK),
        Piece("box", (0.06, 0.06, 0.4), (x, y + 0.45, 0.2), BLACK),
        Piece("box", (0.4, 0.06, 0.05), (x, y - 0.45, 0.025), BLACK),
        Piece("box", (0.4, 0.06, 0.05), (x, y + 0.45, 0.025), BLACK),
    )


def dumbbells(x: float, y: float, width: float = 1.6) -> tuple[Piece, ...]:
    """Return a stand with two rows of dumbbells, its middle at x, y (metres)."""
    shelves = tuple(
        Piece("box", (width, 0.35, 0.04), (x, y - 0.05 * k, 0.4 + 0.38 * (1 - k)), BLACK)
        for k in (0, 1)
    )
    feet = tuple(
        Piece("box", (0.05, 0.3, 0.8), (x + sign * (width / 2 - 0.05), y, 0.4), STEEL)
        for sign in (-1, 1)
    )
    weights: list[Piece] = []
    for k in (0, 1):
        for i in range(5):
            at = x - width / 2 + (i + 0.5) * width / 5
            z, radius = 0.49 + 0.38 * (1 - k), 0.055 + 0.006 * i
            weights += [
                Piece("cylinder", (radius, radius, 0.09), (at, y + dy, z), BLACK, axis="y")
                for dy in (-0.16, 0.1)
            ]
            weights.append(Piece("cylinder", (0.016, 0.016, 0.2), (at, y, z), STEEL, axis="y"))
    return (*shelves, *feet, *weights)


def plates(x: float, y: float) -> tuple[Piece, ...]:
    """Return weight plates leaning on the wall at x, y (metres)."""
    colours = ((44, 45, 48), (40, 70, 140), (190, 160, 40))
    return tuple(
        Piece("cylinder", (0.225, 0.225, 0.05), (x + 0.12 * i, y - 0.07 * i, 0.225), c, axis="y")
        for i, c in enumerate(colours)
    )


def sample_gym(rng: np.random.Generator, *, mirror: Mirror | None = None) -> Gym:
    """Return a random room; equipment keeps clear of the middle and of the mirror."""
    walls = ((186, 188, 184), (168, 178, 190), (200, 194, 180), (120, 124, 130), (208, 208, 206))
    floors = ((92, 92, 96), (120, 104, 84), (74, 78, 84), (140, 136, 128))
    stripes = ((196, 96, 40), (60, 110, 160), (70, 130, 90), (150, 50, 60))
    wall = float(rng.uniform(1.7, 2.2))
    side = 1 if rng.random() < 0.5 else -1
    pieces: list[Piece] = []
    if mirror is None:
        pieces += rack(side * 1.55, wall - 0.6)
        pieces += dumbbells(-side * 1.5, wall - 0.3)
    else:
        pieces += bench(side * 1.9, wall - 0.9)
    if rng.random() < 0.6:
        pieces += plates(-side * 2.5 if mirror is None else -side * 1.9, wall - 0.1)
    if mirror is None and rng.random() < 0.6:
        pieces += bench(-side * 1.7, wall - 1.3, (50, 60, 90))

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return colours[int(rng.integers(len(colours)))]

    return Gym(wall, pick(walls), pick(floors), pick(stripes), mirror, tuple(pieces))


def walls(gym: Gym, half: float) -> list[Piece]:
    """Return the walls of a room, with a hole where the mirror is.

    :param gym: the room.
    :param half: half the room's width in metres.
    """
    y, high = gym.wall + 0.02, 4.6
    dark: Colour = (60, 60, 62)
    spans = [(-half, half, 0.0, high)]
    answer: list[Piece] = [
        Piece("box", (0.1, 2 * half, high), (sign * half, 0, high / 2), gym.wall_colour)
        for sign in (-1, 1)
    ]
    hole = gym.mirror
    if hole is not None:
        middle, width, tall = (hole.left + hole.right) / 2, hole.right - hole.left, hole.top
        spans = [
            (-half, hole.left, 0.0, high),
            (hole.right, half, 0.0, high),
            (hole.left, hole.right, 0.0, hole.bottom),
            (hole.left, hole.right, hole.top, high),
        ]
        # The mirror shows the other end of the room.
        end = gym.wall + 7
        red, green, blue = (int(0.78 * value) for value in gym.wall_colour)
        answer.append(Piece("box", (2 * half, 0.1, high), (0, end, high / 2), (red, green, blue)))
        answer.append(Piece("box", (1.1, 0.1, 2.1), (-1.2, end - 0.05, 1.05), (120, 84, 60)))
        size = (0.05, 0.06, tall - hole.bottom + 0.05)
        for x in (hole.left, hole.right):
            answer.append(Piece("box", size, (x, y, (tall + hole.bottom) / 2), dark))
        for z in (hole.bottom, hole.top):
            answer.append(Piece("box", (width + 0.05, 0.06, 0.05), (middle, y, z), dark))
    for left, right, low, top in spans:
        middle, width = (left + right) / 2, right - left
        answer.append(
            Piece("box", (width, 0.04, top - low), (middle, y, (low + top) / 2), gym.wall_colour)
        )
        if top == high and low == 0.0:
            stripe = (width, 0.006, 0.16)
            answer.append(Piece("box", stripe, (middle, y - 0.022, 1.75), gym.stripe_colour))
        if low == 0.0:
            answer.append(Piece("box", (width, 0.02, 0.1), (middle, y - 0.025, 0.05), dark))
    return answer


def floor_picture(colour: Colour, *, size: int = 512, tiles: int = 8) -> np.ndarray[Any, Any]:
    """Return a picture [size, size, 3] of rubber tiles with specks and seams."""
    rng = np.random.default_rng(7)
    picture = np.tile(np.array(colour, float), (size, size, 1))
    specks = rng.random((size, size)) < 0.03
    picture[specks] += rng.uniform(8, 34, (int(specks.sum()), 1))
    step = size // tiles
    picture[::step] *= 0.72
    picture[:, ::step] *= 0.72
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def reflected(points: FloatArray, wall: float) -> FloatArray:
    """Return points [..., 3] as a mirror in the wall at y = ``wall`` shows them."""
    answer = np.array(points, float)
    answer[..., 1] = 2 * wall - answer[..., 1]
    return answer
