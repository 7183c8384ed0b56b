"""Posing of bodies: from what a movement prescribes to joints and skin.

A movement says where pelvis, chest, head, ankles and wrists are; knees and elbows follow by
two-bone inverse kinematics, so that feet stay exactly where the movement put them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from training.synthetic.body import SEGMENT, Body
from training.synthetic.skeleton import FloatArray

SIDES = (("L", 1.0), ("R", -1.0))
# Legs and arms never stretch beyond this share of their length, or knees and elbows would snap.
REACH = 0.9985

_SPINE = ("spine05", "spine04", "spine03", "spine02", "chest")
_NECK = ("neck01", "neck02", "neck03", "head")


@dataclass
class Posture:
    """What a movement prescribes for T moments; side 0 is the person's left.

    :param pelvis: middle between the hip joints [T, 3] in metres.
    :param pelvis_turn: rotation [T, 3, 3] of the pelvis from its rest.
    :param chest_turn: the same of the upper trunk; the spine bends between the two.
    :param head_turn: the same of the head; the neck bends between chest and head.
    :param ankles: where the ankles are [T, 2, 3] in metres.
    :param foot_turn: rotation [T, 2, 3, 3] of the feet from their rest.
    :param knee_way: direction [T, 2, 3] in which each knee points.
    :param wrists: where the wrists are, from the shoulder joint [T, 2, 3] in metres.
    :param elbow_way: direction [T, 2, 3] in which each elbow points.
    :param shrug: rise of each shoulder girdle [T, 2] in radians.
    :param hand_way: direction [T, 2, 3] of the fingers; by default along the forearms.
    """

    pelvis: FloatArray
    pelvis_turn: FloatArray
    chest_turn: FloatArray
    head_turn: FloatArray
    ankles: FloatArray
    foot_turn: FloatArray
    knee_way: FloatArray
    wrists: FloatArray
    elbow_way: FloatArray
    shrug: FloatArray
    hand_way: FloatArray | None = None


@dataclass
class Motion:
    """Where each segment is over time.

    :param turns: rotations [T, S, 3, 3] from the rest.
    :param places: starts of the segments [T, S, 3] in metres.
    """

    turns: FloatArray
    places: FloatArray

    def __len__(self) -> int:
        return len(self.turns)


def unit(vectors: FloatArray) -> FloatArray:
    """Return the vectors scaled to length 1 along the last axis."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def frame(direction: FloatArray, hinge: FloatArray) -> FloatArray:
    """Return right-handed frames [..., 3, 3] whose first column is the direction.

    :param direction: what the segment points along [..., 3].
    :param hinge: roughly the axis about which its joint bends [..., 3], the third column.
    """
    first = unit(direction)
    third = unit(hinge - (hinge * first).sum(-1, keepdims=True) * first)
    return np.stack([first, np.cross(third, first), third], axis=-1)


def bend(
    start: FloatArray, end: FloatArray, upper: float, lower: float, way: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the middle joint [T, 3] of a two-bone limb and the end [T, 3] it really reaches.

    :param start: hip or shoulder [T, 3].
    :param end: the ankle or wrist aimed at [T, 3].
    :param upper: length of the upper bone in metres.
    :param lower: length of the lower bone in metres.
    :param way: direction in which the middle joint points [T, 3].
    """
    line = end - start
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    axis = line / np.maximum(distance, 1e-9)
    distance = np.clip(distance, abs(upper - lower) + 1e-6, REACH * (upper + lower))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper**2 - along**2, 0))
    sideways = unit(way - (way * axis).sum(-1, keepdims=True) * axis)
    return start + axis * along + sideways * height, start + axis * distance


def between(first: FloatArray, second: FloatArray, share: float) -> FloatArray:
    """Return the rotations [T, 3, 3] that lie the given share of the way between two."""
    step = Rotation.from_matrix(first).inv() * Rotation.from_matrix(second)
    part = Rotation.from_rotvec(step.as_rotvec() * share)
    return np.asarray((Rotation.from_matrix(first) * part).as_matrix())


def _swing(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the smallest rotations [T, 3, 3] that turn one direction [T, 3] into another."""
    first, second = unit(first), unit(second)
    axis = np.cross(first, second)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, (first * second).sum(-1))
    scale = angle / np.maximum(sine, 1e-9)
    return np.asarray(Rotation.from_rotvec(axis * scale[:, None]).as_matrix())


def _apply(turns: FloatArray, offset: FloatArray) -> FloatArray:
    return np.asarray(turns @ offset)


class Rig:
    """Poser of one body.

    :param body: the resting body.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.hip_centre = (body.head("thigh.L") + body.head("thigh.R")) / 2
        self.thigh = body.length("thigh.L", "shin.L")
        self.shin = body.length("shin.L", "foot.L")
        self.upper_arm = body.length("upperarm.L", "forearm.L")
        self.forearm = body.length("forearm.L", "hand.L")
        self.shoulder_width = body.length("upperarm.L", "upperarm.R")
        joints = body.joints
        toe, heel = (joints[19] + joints[20]) / 2, joints[21]
        ahead = (toe - heel)[:2]
        # How far the left foot turns outwards at rest, and where mid-foot lies from the ankle.
        self.toe_out = float(np.arctan2(ahead[0], -ahead[1]))
        ankle = body.head("foot.L")
        self.ankle_height = float(ankle[2])
        self.mid_foot = float(unit(ahead) @ ((toe + heel)[:2] / 2 - ankle[:2]))

    def _rest_frames(self, side: str, upper: str, lower: str, end: str) -> tuple[Any, Any]:
        start, middle, last = (self.body.head(f"{part}.{side}") for part in (upper, lower, end))
        if upper == "thigh":
            sign = 1.0 if side == "L" else -1.0
            way = np.array([sign * np.sin(self.toe_out), -np.cos(self.toe_out), 0.0])
        else:
            way = middle - (start + last) / 2
        hinge = np.cross(last - start, way)
        return frame(middle - start, hinge), frame(last - middle, hinge)

    def solve(self, posture: Posture) -> Motion:
        """Return the motion that carries out a posture.

        Ankles and wrists out of reach are approached as far as the limb goes.
        """
        count = len(posture.pelvis)
        turns = np.empty((count, len(SEGMENT), 3, 3))
        places = np.empty((count, len(SEGMENT), 3))

        def put(segment: str, turn: FloatArray, place: FloatArray) -> None:
            turns[:, SEGMENT[segment]] = turn
            places[:, SEGMENT[segment]] = place

        def follow(segment: str, parent: str) -> FloatArray:
            offset = self.body.head(segment) - self.body.head(parent)
            index = SEGMENT[parent]
            return places[:, index] + _apply(turns[:, index], offset)

        root = self.body.head("pelvis") - self.hip_centre
        put("pelvis", posture.pelvis_turn, posture.pelvis + _apply(posture.pelvis_turn, root))
        parent = "pelvis"
        for chain, first, last in (
            (_SPINE, posture.pelvis_turn, posture.chest_turn),
            (_NECK, posture.chest_turn, posture.head_turn),
        ):
            for step, segment in enumerate(chain, start=1):
                put(segment, between(first, last, step / len(chain)), follow(segment, parent))
                parent = segment
        for number, (side, sign) in enumerate(SIDES):
            self._leg(posture, number, side, put, follow)
            # A shrug turns the collar bone about the chest's own front-back axis.
            lift = Rotation.from_rotvec(
                np.stack([np.zeros(count), -sign * posture.shrug[:, number], np.zeros(count)], -1)
            ).as_matrix()
            put(f"clavicle.{side}", posture.chest_turn @ lift, follow(f"clavicle.{side}", "chest"))
            self._arm(posture, number, side, put, follow)
        return Motion(turns, places)

    def _leg(self, posture: Posture, number: int, side: str, put: Any, follow: Any) -> None:
        upper, lower = self._rest_frames(side, "thigh", "shin", "foot")
        way = posture.knee_way[:, number]
        hip = follow(f"thigh.{side}", "pelvis")
        knee, ankle = bend(hip, posture.ankles[:, number], self.thigh, self.shin, way)
        # Not the knee's direction itself: a level thigh points along it and would flip over.
        hinge = np.cross(ankle - hip, way)
        put(f"thigh.{side}", frame(knee - hip, hinge) @ upper.T, hip)
        put(f"shin.{side}", frame(ankle - knee, hinge) @ lower.T, knee)
        put(f"foot.{side}", posture.foot_turn[:, number], ankle)

    def _arm(self, posture: Posture, number: int, side: str, put: Any, follow: Any) -> None:
        upper, lower = self._rest_frames(side, "upperarm", "forearm", "hand")
        way = posture.elbow_way[:, number]
        shoulder = follow(f"upperarm.{side}", f"clavicle.{side}")
        aim = shoulder + posture.wrists[:, number]
        elbow, wrist = bend(shoulder, aim, self.upper_arm, self.forearm, way)
        hinge = np.cross(wrist - shoulder, way)
        turn = frame(wrist - elbow, hinge) @ lower.T
        put(f"upperarm.{side}", frame(elbow - shoulder, hinge) @ upper.T, shoulder)
        put(f"forearm.{side}", turn, elbow)
        if posture.hand_way is not None:
            turn = _swing(wrist - elbow, posture.hand_way[:, number]) @ turn
        put(f"hand.{side}", turn, wrist)

    def joints(self, motion: Motion) -> FloatArray:
        """Return the BODY_25 joints [T, 25, 3] in metres."""
        moments, shares = self.body.joint_map
        shifts = motion.places - np.einsum("tsij,sj->tsi", motion.turns, self.body.heads)
        turned = np.einsum("tsij,ksj->tki", motion.turns, moments, optimize=True)
        return np.asarray(turned + np.einsum("ks,tsi->tki", shares, shifts, optimize=True))

    def skin(self, motion: Motion, index: int, vertices: FloatArray, weights: Any) -> FloatArray:
        """Return vertices [V, 3] as they are at one moment.

        :param motion: the motion of this body.
        :param index: which moment.
        :param vertices: the vertices [V, 3] at rest: the skin, or clothes over it.
        :param weights: share [V, S] of each segment in each vertex.
        """
        turns = motion.turns[index]
        shifts = motion.places[index] - np.einsum("sij,sj->si", turns, self.body.heads)
        mixed = weights @ np.concatenate([turns.reshape(-1, 9), shifts], axis=1)
        turned = np.einsum("vij,vj->vi", mixed[:, :9].reshape(-1, 3, 3), vertices)
        return np.asarray(turned + mixed[:, 9:])
