"""Clothes, hair and skin of synthetic people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh
from scipy import sparse

from training.synthetic.body import SEGMENT, Body
from training.synthetic.rig import unit
from training.synthetic.skeleton import JOINT, FloatArray

Colour = tuple[int, int, int]

# Light to dark skin in sRGB, spread over the Fitzpatrick scale by eye.
SKINS: tuple[Colour, ...] = (
    (241, 205, 180), (228, 184, 152), (206, 158, 124), (172, 122, 90), (130, 88, 62), (92, 62, 46),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (28, 24, 22), (48, 34, 26), (86, 58, 36), (150, 112, 66), (110, 108, 106), (96, 44, 28),
)  # fmt: skip
SHIRTS: tuple[Colour, ...] = (
    (38, 70, 140), (170, 40, 44), (232, 232, 228), (40, 42, 46), (60, 120, 80), (214, 150, 40),
    (120, 70, 140), (90, 150, 190), (130, 134, 138),
)  # fmt: skip
SHORTS: tuple[Colour, ...] = (
    (34, 36, 42), (70, 74, 80), (28, 40, 72), (96, 40, 44), (52, 66, 52), (120, 116, 108),
)  # fmt: skip
SHOES: tuple[Colour, ...] = ((236, 236, 238), (36, 38, 42), (200, 60, 50), (60, 110, 190))


@dataclass(frozen=True)
class Outfit:
    """What a person wears, colours in sRGB.

    :param sleeve: how far the sleeves reach down the upper arm, 0 to 1 (2 is the whole arm).
    :param leg: how far the trousers reach down the leg: 0.7 is above the knee, 1.8 the ankle.
    :param tight: leggings that cling instead of loose shorts.
    :param long_hair: hair reaches down the neck.
    """

    skin: Colour = SKINS[2]
    hair: Colour = HAIRS[0]
    shirt: Colour = SHIRTS[0]
    shorts: Colour = SHORTS[0]
    shoes: Colour = SHOES[0]
    sleeve: float = 0.6
    leg: float = 0.72
    tight: bool = False
    long_hair: bool = False


def sample_outfit(rng: np.random.Generator) -> Outfit:
    """Return random clothes for the gym."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return colours[int(rng.integers(len(colours)))]

    tight = bool(rng.random() < 0.4)
    return Outfit(
        skin=pick(SKINS),
        hair=pick(HAIRS),
        shirt=pick(SHIRTS),
        shorts=pick(SHORTS),
        shoes=pick(SHOES),
        sleeve=float(rng.choice([0.05, 0.55, 0.65, 1.9], p=[0.2, 0.35, 0.3, 0.15])),
        leg=float(rng.uniform(1.7, 1.85) if tight else rng.uniform(0.6, 0.85)),
        tight=tight,
        long_hair=bool(rng.random() < 0.4),
    )


@dataclass(frozen=True)
class Dressed:
    """A body with its clothes, ready to be posed and drawn.

    :param vertices: skin, hair and clothes [V, 3] at rest in metres.
    :param faces: triangles [F, 3].
    :param weights: share [V, S] of each segment in each vertex.
    :param colours: sRGB [V, 3] from 0 to 1.
    """

    vertices: FloatArray
    faces: np.ndarray[Any, Any]
    weights: sparse.csr_array
    colours: FloatArray


def normals(vertices: FloatArray, faces: np.ndarray[Any, Any]) -> FloatArray:
    """Return the unit normals [V, 3] of a mesh."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    total = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(across[:, axis], 3), minlength=len(vertices))
            for axis in range(3)
        ],
        axis=-1,
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


class _Regions:
    """Soft answers to "which part of the body is this vertex on"."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.weights = body.weights.toarray()
        self.joints = body.joints

    def share(self, *prefixes: str) -> FloatArray:
        columns = [i for name, i in SEGMENT.items() if name.startswith(prefixes)]
        return np.asarray(self.weights[:, columns].sum(1))

    def along(self, upper: str, lower: str, end: str) -> FloatArray:
        """Return how far down a limb each vertex is: 0 root, 1 middle joint, 2 end."""
        vertices = self.body.vertices
        best = np.full(len(vertices), -1.0)
        for side, sign in (("L", 1), ("R", -1)):
            points = [self.body.head(f"{part}.{side}") for part in (upper, lower, end)]
            value = np.zeros(len(vertices))
            for k in range(2):
                line = points[k + 1] - points[k]
                share = (vertices - points[k]) @ line / (line @ line)
                value = np.where(
                    share > 0 if k else np.ones(len(vertices), bool),
                    k + (share if not k else np.clip(share, 0, 1.2)),
                    value,
                )
            best = np.where(np.sign(vertices[:, 0] + 1e-9) == sign, value, best)
        return best

    def shirt(self, sleeve: float) -> Any:
        trunk = self.share("spine", "chest", "clavicle", "pelvis")
        arm = self.share("upperarm", "forearm")
        waist = self.body.head("pelvis")[2] - 0.02
        neck = self.share("neck", "head") > 0.55
        on_trunk = (trunk + arm > 0.5) & (self.body.vertices[:, 2] > waist) & ~neck
        hand = self.share("hand") > 0.4
        on_arm = (arm > 0.5) & (self.along("upperarm", "forearm", "hand") > sleeve)
        return on_trunk & ~on_arm & ~hand

    def shorts(self, leg: float) -> Any:
        lower = self.share("pelvis", "thigh", "shin", "spine")
        waist = self.body.head("pelvis")[2] + 0.09
        down = self.along("thigh", "shin", "foot")
        return (lower > 0.5) & (self.body.vertices[:, 2] < waist) & (down < leg)

    def shoes(self) -> Any:
        top = self.body.head("foot.L")[2] + 0.005
        return (self.share("foot", "shin") > 0.5) & (self.body.vertices[:, 2] < top)

    def hair(self, *, long: bool) -> Any:
        ear = (self.joints[JOINT["LEar"]] + self.joints[JOINT["REar"]]) / 2
        ahead = ear[1] - self.body.vertices[:, 1]
        above = self.body.vertices[:, 2] - ear[2]
        line = 0.01 + 0.75 * ahead
        # Ears stay free.
        aside = np.abs(self.body.vertices[:, 0]) > 0.85 * abs(self.joints[JOINT["LEar"], 0])
        line = np.where(aside & (np.abs(ahead) < 0.035), np.maximum(line, 0.032), line)
        if long:
            line = np.where(ahead < -0.02, np.maximum(line - 0.12, -0.2), line)
        return (self.share("head", "neck") > 0.6) & (above > line) & (self.body.eyes < 0.5)


def _layer(
    body: Body, mask: Any, *, smooth: int, offset: FloatArray
) -> tuple[FloatArray, Any, Any]:
    """Return vertices, faces and source indices of cloth over the masked skin."""
    chosen = body.faces[mask[body.faces].all(1)]
    used, compact = np.unique(chosen, return_inverse=True)
    faces = compact.reshape(chosen.shape)
    vertices = body.vertices[used]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.concatenate([edges, edges[:, ::-1]])
    graph = sparse.csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(used),) * 2)
    mean = sparse.diags_array(1 / np.maximum(graph.sum(1), 1)) @ graph
    outwards = normals(vertices, faces)
    vertices = vertices + outwards * offset[used, None]
    # Smoothing hides anatomy under the cloth; the offset keeps it outside the skin.
    for _ in range(smooth):
        vertices = 0.5 * vertices + 0.5 * (mean @ vertices)
    return vertices, faces, used


def _shoe(body: Body, mask: Any) -> tuple[FloatArray, Any]:
    """Return vertices and faces of a closed shoe round a foot; toes must not show."""
    foot = body.vertices[mask]
    hull = trimesh.convex.convex_hull(foot).subdivide().subdivide()
    middle = hull.vertices.mean(0)
    points = np.asarray(hull.vertices + 0.007 * unit(hull.vertices - middle))
    points[:, 2] = np.maximum(points[:, 2], 0)
    return points, np.asarray(hull.faces)


def _shoe_colours(points: FloatArray, colour: Colour) -> FloatArray:
    # A pale sole, or a dark one under pale shoes.
    sole = np.array([0.25, 0.25, 0.27] if sum(colour) > 600 else [0.88, 0.88, 0.88])
    return np.where(points[:, 2:] < 0.016, sole, np.array(colour) / 255)


def _only(segment: str, count: int) -> sparse.csr_array:
    weights = np.zeros((count, len(SEGMENT)))
    weights[:, SEGMENT[segment]] = 1
    return sparse.csr_array(weights)


def dress(body: Body, outfit: Outfit) -> Dressed:
    """Return a body with clothes, hair and shoes as layers over its skin."""
    regions = _Regions(body)
    count = len(body.vertices)
    down = regions.along("thigh", "shin", "foot")
    loose = np.full(count, 0.007) if outfit.tight else 0.009 + 0.019 * np.clip(down, 0, 1)
    layers = (
        (regions.shorts(outfit.leg), outfit.shorts, 5, loose),
        (regions.shirt(outfit.sleeve), outfit.shirt, 8, np.full(count, 0.021)),
        (regions.hair(long=outfit.long_hair), outfit.hair, 3, np.full(count, 0.014)),
    )
    skin = np.tile(np.array(outfit.skin) / 255, (count, 1))
    _paint_face(regions, skin, outfit)
    covered = np.zeros(count, bool)
    vertices, weights, colours, faces = [body.vertices], [body.weights], [skin], []
    total = count
    for mask, colour, smooth, offset in layers:
        if not mask.any():
            continue
        points, triangles, used = _layer(body, mask, smooth=smooth, offset=offset)
        # Skin well inside a layer is left out, lest it show through; three rings at its rim
        # stay, lest one look into the hollow.
        inside = mask
        for _ in range(3):
            rim = np.unique(body.faces[~inside[body.faces].all(1)])
            inside = inside & ~np.isin(np.arange(count), rim)
        covered |= inside
        vertices.append(points)
        weights.append(body.weights[used])
        colours.append(np.tile(np.array(colour) / 255, (len(points), 1)))
        faces.append(triangles + total)
        total += len(points)
    on_foot = regions.shoes()
    for side in "LR":
        points, triangles = _shoe(body, on_foot & (regions.share(f"foot.{side}") > 0.05))
        weights.append(_only(f"foot.{side}", len(points)))
        vertices.append(points)
        colours.append(_shoe_colours(points, outfit.shoes))
        faces.append(triangles + total)
        total += len(points)
    covered |= on_foot & (body.vertices[:, 2] < 0.05)
    faces.append(body.faces[~covered[body.faces].any(1)])
    return Dressed(
        vertices=np.concatenate(vertices),
        faces=np.concatenate(faces),
        weights=sparse.csr_array(sparse.vstack(weights)),
        colours=np.concatenate(colours),
    )


def _paint_face(regions: _Regions, skin: FloatArray, outfit: Outfit) -> None:
    """Colour eyes, brows and lips in place; pose models look for a face first."""
    vertices, joints = regions.body.vertices, regions.joints
    eyes = regions.body.eyes > 0.5
    skin[eyes] = (0.93, 0.92, 0.9)
    for name in ("LEye", "REye"):
        eye = joints[JOINT[name]]
        near = np.linalg.norm(vertices[:, [0, 2]] - eye[[0, 2]], axis=1)
        skin[eyes & (near < 0.0065)] = (0.16, 0.1, 0.07)
        brow = np.abs(vertices - (eye + np.array([0, -0.012, 0.021])))
        on_brow = (brow[:, 0] < 0.019) & (brow[:, 2] < 0.004) & (brow[:, 1] < 0.03) & ~eyes
        skin[on_brow] = np.array(outfit.hair) / 255
    nose = joints[JOINT["Nose"]]
    mouth = np.abs(vertices - (nose + np.array([0, 0.012, -0.04])))
    lips = (mouth[:, 0] < 0.021) & (mouth[:, 2] < 0.008) & (mouth[:, 1] < 0.02)
    skin[lips] = 0.9 * skin[lips] * np.array([1.0, 0.8, 0.78])
