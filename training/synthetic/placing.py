"""Putting postures somewhere in the room, and joining them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from training.synthetic.rig import Posture
from training.synthetic.skeleton import FloatArray

_PLACES = ("pelvis", "ankles")
_TURNS = ("pelvis_turn", "chest_turn", "head_turn", "foot_turn")
_WAYS = ("knee_way", "wrists", "elbow_way", "hand_way")


def placed(posture: Posture, x: float, y: float, yaw: float) -> Posture:
    """Return a posture moved to a spot of the floor and turned about the vertical.

    :param posture: what to move.
    :param x: metres to the left of the origin.
    :param y: metres behind it.
    :param yaw: radians to the person's left.
    """
    turn = Rotation.from_euler("z", yaw).as_matrix()
    shift = np.array([x, y, 0.0])
    moved: dict[str, FloatArray | None] = {"shrug": posture.shrug}
    for name in _PLACES:
        moved[name] = getattr(posture, name) @ turn.T + shift
    for name in _TURNS:
        moved[name] = turn @ getattr(posture, name)
    for name in _WAYS:
        value = getattr(posture, name)
        moved[name] = None if value is None else value @ turn.T
    return Posture(**moved)  # type: ignore[arg-type]


def _mixed_turns(first: FloatArray, second: FloatArray, share: FloatArray) -> FloatArray:
    flat = first.reshape(len(first), -1, 3, 3), second.reshape(len(second), -1, 3, 3)
    answer = np.empty_like(flat[0])
    for t, part in enumerate(share):
        for k in range(flat[0].shape[1]):
            ends = Rotation.from_matrix(np.stack([flat[0][t, k], flat[1][t, k]]))
            answer[t, k] = Slerp([0, 1], ends)(part).as_matrix()
    return answer.reshape(first.shape)


def joined(first: Posture, second: Posture, share: FloatArray) -> Posture:
    """Return a posture that passes from one into another.

    Hands end up along the forearms unless both postures say where they point.

    :param first: where share is 0.
    :param second: where share is 1.
    :param share: how much of the second [T], 0 to 1.
    """
    answer: dict[str, FloatArray | None] = {}
    for item in fields(Posture):
        one, two = getattr(first, item.name), getattr(second, item.name)
        if item.name in _TURNS:
            busy = (share > 0) & (share < 1)
            mixed = np.where((share > 0).reshape((-1,) + (1,) * (one.ndim - 1)), two, one)
            if busy.any():
                mixed[busy] = _mixed_turns(one[busy], two[busy], share[busy])
            answer[item.name] = mixed
        elif one is None or two is None:
            answer[item.name] = None
        else:
            weight = share.reshape((-1,) + (1,) * (one.ndim - 1))
            answer[item.name] = (1 - weight) * one + weight * two
    return Posture(**answer)  # type: ignore[arg-type]
