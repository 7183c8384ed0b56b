"""Pictures of synthetic people in a gym, with the joints one should find in them.

Drawing needs no graphics card: pyrender draws through OSMesa (Debian's ``libosmesa6``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from training.synthetic.camera import Camera, project
from training.synthetic.clothes import Dressed, normals
from training.synthetic.gym import Gym, Mirror, Piece, floor_picture, reflected, walls
from training.synthetic.rig import Motion, Rig
from training.synthetic.skeleton import SWAPPED, FloatArray

# Must be set before pyrender is imported anywhere in the process.
os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")

import cv2
import pyrender
import trimesh

Picture = np.ndarray[Any, Any]

# Glass takes away a little light.
MIRROR_TINT = 0.86
_ROOM = 9.0
_SHADOW_SPAN = 6.0
_SHADOW_CELLS = 256
# The darkest shadow hides this share of the floor behind a grey.
_DARKEST = 190 / 255
_SHADOW_GREY = 40.0
# Nearer than the floor by less than this (metres along the view) is the floor still.
_SHADOW_GAP = 0.02


@dataclass
class Actor:
    """A person in a scene.

    :param rig: poser of the body.
    :param dressed: the body with its clothes.
    :param motion: what the person does, one entry per frame.
    """

    rig: Rig
    dressed: Dressed
    motion: Motion

    def skin(self, index: int) -> FloatArray:
        """Return all vertices [V, 3] at a frame."""
        return self.rig.skin(self.motion, index, self.dressed.vertices, self.dressed.weights)


@dataclass
class Scene:
    """Everything that a clip shows.

    :param camera: the camera.
    :param gym: the room.
    :param actors: the people, all with motions of the same length.
    :param light: strength of the lamps, 1 is usual.
    """

    camera: Camera
    gym: Gym
    actors: Sequence[Actor]
    light: float = 1.0

    def joints(self) -> FloatArray:
        """Return the known joints [T, P, 25, 2] in pixels.

        With a mirror, the reflections follow the people as further persons, in the same order.
        A reflection's sides are those of the person one seems to see: his left is on the side of
        the real person's right.  Its joints are NaN where the mirror's frame hides them.
        """
        if not self.actors:
            return np.full((0, 0, 25, 2), np.nan)
        places = [actor.rig.joints(actor.motion) for actor in self.actors]
        seen = [project(place, self.camera) for place in places]
        if self.gym.mirror is not None:
            seen += [self._mirrored(place, self.gym.mirror) for place in places]
        return np.stack(seen, axis=1)

    def _mirrored(self, joints: FloatArray, mirror: Mirror) -> FloatArray:
        image = reflected(joints, self.gym.wall)
        lens = self.camera.place
        share = (self.gym.wall - lens[1]) / (image[..., 1] - lens[1])
        x, z = (lens[i] + share * (image[..., i] - lens[i]) for i in (0, 2))
        inside = (x > mirror.left) & (x < mirror.right) & (z > mirror.bottom) & (z < mirror.top)
        pixels = np.where(inside[..., None], project(image, self.camera), np.nan)
        return np.asarray(pixels[:, list(SWAPPED)])


def _linear(colour: Any) -> FloatArray:
    """Return linear light 0..1 for sRGB 0..255; pyrender applies the gamma again."""
    return np.asarray((np.asarray(colour, float) / 255) ** 2.2)


def _material(**settings: Any) -> Any:
    rough = {"metallicFactor": 0.0, "roughnessFactor": 0.85} | settings
    return pyrender.MetallicRoughnessMaterial(**rough)


def _mesh(
    vertices: FloatArray, faces: Any, colours: FloatArray | None = None, **settings: Any
) -> Any:
    primitive = pyrender.Primitive(
        positions=vertices.astype(np.float32),
        normals=normals(vertices, faces).astype(np.float32),
        color_0=None if colours is None else colours.astype(np.float32),
        indices=faces.astype(np.uint32),
        material=settings.pop("material", None) or _material(doubleSided=True),
        mode=4,
        **settings,
    )
    return pyrender.Mesh([primitive])


def _solid(piece: Piece) -> tuple[FloatArray, Any]:
    if piece.kind == "box":
        shape = trimesh.creation.box(piece.size)
    else:
        shape = trimesh.creation.cylinder(radius=piece.size[0], height=piece.size[2], sections=28)
    vertices = np.asarray(shape.vertices, float)
    if piece.kind == "cylinder" and piece.axis != "z":
        vertices = vertices[:, [2, 0, 1] if piece.axis == "x" else [1, 2, 0]]
    # Own vertices for each face keep the edges sharp.
    faces = np.asarray(shape.faces)
    return vertices[faces.ravel()] + piece.place, np.arange(faces.size).reshape(-1, 3)


class Renderer:
    """Drawer of one scene.

    The room is drawn once; in each picture only the people are drawn anew, and put before or
    behind what is there already by their distance from the lens.

    :param scene: what to draw.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        camera = scene.camera
        self._canvas = pyrender.OffscreenRenderer(camera.width, camera.height_px)
        room = self._stage_with_lamps()
        self._floor(room)
        self._room(room)
        self._back, depth = self._draw(room)
        self._distance = np.where(depth > 0, depth, np.inf)
        self._people = self._stage_with_lamps()
        self._to_floor, above = self._floor_map()
        # What stands before the shadow's plane hides it.
        self._bare = (self._distance > above - _SHADOW_GAP)[..., None]

    def close(self) -> None:
        """Free the canvas."""
        self._canvas.delete()

    def _draw(self, stage: Any) -> tuple[Picture, Picture]:
        picture, depth = self._canvas.render(stage, flags=pyrender.RenderFlags.NONE)
        return np.asarray(picture), np.asarray(depth)

    def _stage_with_lamps(self) -> Any:
        stage = pyrender.Scene(bg_color=[0.62, 0.66, 0.7, 1], ambient_light=[0.36] * 3)
        camera = self.scene.camera
        lens = pyrender.PerspectiveCamera(yfov=camera.fov, znear=0.1, zfar=40)
        stage.add(lens, pose=camera.matrix)
        for strength, aim in ((2.1, (0.5, 0.75, -1.0)), (1.0, (-0.8, 0.5, -0.7)),
                              (0.5, (0.0, 1.0, 0.1))):  # fmt: skip
            back = -np.array(aim) / np.linalg.norm(aim)
            right = np.cross([0.0, 0, 1], back)
            right /= np.linalg.norm(right)
            pose = np.eye(4)
            pose[:3, :3] = np.stack([right, np.cross(back, right), back], axis=1)
            stage.add(pyrender.DirectionalLight(intensity=strength * self.scene.light), pose=pose)
        return stage

    def _room(self, stage: Any) -> None:
        """Add walls and equipment as one mesh, which draws faster than one for each piece."""
        gym = self.scene.gym
        parts: list[tuple[FloatArray, Any, FloatArray]] = []
        for piece in (*walls(gym, _ROOM), *gym.pieces):
            vertices, faces = _solid(piece)
            colours = np.tile(_linear(piece.colour), (len(vertices), 1))
            parts.append((vertices, faces, colours))
            if gym.mirror is not None and piece in gym.pieces:
                image = reflected(vertices, gym.wall)
                parts.append((image, faces[:, ::-1], colours * MIRROR_TINT))
        starts = np.cumsum([0, *(len(part[0]) for part in parts)])
        faces = np.concatenate([part[1] + k for part, k in zip(parts, starts, strict=False)])
        vertices = np.concatenate([part[0] for part in parts])
        stage.add(_mesh(vertices, faces, np.concatenate([part[2] for part in parts])))

    def _floor(self, stage: Any) -> None:
        far = _ROOM if self.scene.gym.mirror is not None else self.scene.gym.wall
        corners = np.array(
            [[-_ROOM, -_ROOM, 0], [_ROOM, -_ROOM, 0], [_ROOM, far, 0], [-_ROOM, far, 0]]
        )
        # One picture of eight tiles covers four metres.
        texture = pyrender.Texture(
            source=floor_picture(self.scene.gym.floor_colour), source_channels="RGB"
        )
        material = _material(baseColorTexture=texture, doubleSided=True)
        faces = np.array([[0, 1, 2], [0, 2, 3]])
        places = (corners[:, :2] / 4).astype(np.float32)
        stage.add(_mesh(corners, faces, texcoord_0=places, material=material))

    def _floor_map(self) -> tuple[Picture, FloatArray]:
        """Return where on the shadow's grid each pixel looks [2, H, W], and how far away that is.

        The distance is along the view, as in a depth buffer; infinite for what looks upwards.
        """
        camera = self.scene.camera
        x = (np.arange(camera.width) + 0.5 - camera.width / 2) / camera.focal
        y = (camera.height_px / 2 - np.arange(camera.height_px) - 0.5) / camera.focal
        rays = np.stack([*np.meshgrid(x, y), -np.ones((camera.height_px, camera.width))], axis=-1)
        rays = rays @ camera.axes.T
        down = np.minimum(rays[..., 2], -1e-6)
        far = np.where(rays[..., 2] < -1e-6, -camera.place[2] / down, np.inf)
        spots = camera.place[:2] + np.minimum(far, 1e3)[..., None] * rays[..., :2]
        cells = (spots + _SHADOW_SPAN / 2) * (_SHADOW_CELLS / _SHADOW_SPAN) - 0.5
        return np.moveaxis(cells, -1, 0).astype(np.float32), far

    def _shade(self, skins: Sequence[FloatArray]) -> FloatArray:
        """Return how dark a soft shadow is in each pixel [H, W, 1], most where bodies touch."""
        cells = np.zeros((_SHADOW_CELLS, _SHADOW_CELLS))
        scale = _SHADOW_CELLS / _SHADOW_SPAN
        for skin in skins:
            # Lamps hang ahead of and to the right of the person.
            flat = skin[:, :2] + skin[:, 2:] * np.array([0.12, 0.22])
            spots = np.floor((flat + _SHADOW_SPAN / 2) * scale).astype(int)
            kept = ((spots >= 0) & (spots < _SHADOW_CELLS)).all(1)
            weight = 0.13 + 0.87 * np.exp(-skin[kept, 2] / 0.15)
            flatten = spots[kept] @ np.array([1, _SHADOW_CELLS])
            one = np.bincount(flatten, weight, minlength=cells.size).reshape(cells.shape)
            cells = np.maximum(cells, np.clip(one, 0, 1.4))
        dark = np.clip(ndimage.gaussian_filter(cells, 1.6) * 0.85, 0, 1) * _DARKEST
        x, y = self._to_floor
        seen = np.asarray(cv2.remap(dark.astype(np.float32), x, y, cv2.INTER_LINEAR))
        return np.asarray(seen[..., None] * self._bare)

    def frame(self, index: int) -> Picture:
        """Return one picture [height, width, 3] as RGB uint8."""
        gym = self.scene.gym
        skins = [actor.skin(index) for actor in self.scene.actors]
        if not skins:
            return np.array(self._back)
        meshes = []
        for actor, skin in zip(self.scene.actors, skins, strict=True):
            colours = _linear(actor.dressed.colours * 255)
            meshes.append(_mesh(skin, actor.dressed.faces, colours))
            if gym.mirror is not None:
                image, faces = reflected(skin, gym.wall), actor.dressed.faces[:, ::-1]
                meshes.append(_mesh(image, faces, colours * MIRROR_TINT))
        nodes = [self._people.add(mesh) for mesh in meshes]
        picture, depth = self._draw(self._people)
        for node in nodes:
            self._people.remove_node(node)
        before = ((depth > 0) & (depth < self._distance))[..., None]
        shade = self._shade(skins)
        floor = (self._back + shade * (_SHADOW_GREY - self._back)).astype(np.uint8)
        return np.asarray(np.where(before, picture, floor))

    def frames(self, count: int) -> Iterator[Picture]:
        """Yield the first pictures as RGB uint8."""
        for index in range(count):
            yield self.frame(index)
