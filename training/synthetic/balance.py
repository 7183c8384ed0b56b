"""Where the pelvis must be for a person not to fall over."""

from __future__ import annotations

import numpy as np

from training.synthetic.rig import SIDES, Posture, Rig, bend
from training.synthetic.skeleton import JOINT, FloatArray

# Shares of body mass, mean of both sexes (de Leva 1996, J. Biomech. 29:1223, table 4).
HEAD, TRUNK, UPPER_ARM, FOREARM, HAND = 0.068, 0.430, 0.0263, 0.0150, 0.0058
THIGH, SHIN, FOOT = 0.1447, 0.0457, 0.0133

SEAT = 0.12
"""Height of the hips above the ankles of somebody who sits on their heels, in leg lengths."""


def upper_body(joints: FloatArray) -> FloatArray:
    """Return the mass-weighted sum [T, 3] of head, trunk and arms.

    :param joints: BODY_25 joints [T, 25, 3].
    """

    def at(name: str) -> FloatArray:
        return np.asarray(joints[:, JOINT[name]])

    total = HEAD * (at("LEar") + at("REar")) / 2
    # The trunk's centre lies a little below the middle between shoulders and hips.
    total = total + TRUNK * (0.45 * at("Neck") + 0.55 * at("MidHip"))
    for side in "LR":
        shoulder, elbow, wrist = (at(side + name) for name in ("Shoulder", "Elbow", "Wrist"))
        total = total + UPPER_ARM * (shoulder + elbow) / 2 + FOREARM * (elbow + wrist) / 2
        total = total + HAND * wrist
    return np.asarray(total)


class Legs:
    """The part of a posture that changes when only the pelvis moves.

    :param rig: the poser of the body.
    :param posture: everything but the right place of the pelvis.
    """

    def __init__(self, rig: Rig, posture: Posture) -> None:
        self.rig = rig
        self.posture = posture
        self.hips = [
            posture.pelvis_turn @ (rig.body.head(f"thigh.{side}") - rig.hip_centre)
            for side, _ in SIDES
        ]
        joints = rig.joints(rig.solve(posture))
        share = HEAD + TRUNK + 2 * (UPPER_ARM + FOREARM + HAND)
        self.upper = upper_body(joints) - share * posture.pelvis
        self.share = share

    def knees(self, pelvis: FloatArray) -> list[FloatArray]:
        """Return the knees, left and right [T, 3], with the pelvis at a place [T, 3]."""
        rig, posture = self.rig, self.posture
        return [
            bend(pelvis + hip, posture.ankles[:, i], rig.thigh, rig.shin, posture.knee_way[:, i])[0]
            for i, hip in enumerate(self.hips)
        ]

    def centre(self, pelvis: FloatArray) -> FloatArray:
        """Return the centre of mass [T, 3] with the pelvis at a place [T, 3]."""
        total = self.upper + self.share * pelvis
        for i, (hip, knee) in enumerate(zip(self.hips, self.knees(pelvis), strict=True)):
            ankle = self.posture.ankles[:, i]
            total = total + THIGH * (pelvis + hip + knee) / 2 + SHIN * (knee + ankle) / 2
            total = total + FOOT * ankle
        return np.asarray(total)

    def balanced(self, pelvis: FloatArray, target: FloatArray, steps: int = 6) -> FloatArray:
        """Return the pelvis [T, 3] moved forwards or back until the person stands in balance.

        :param pelvis: where the pelvis is; its height and side are kept.
        :param target: y of the middle of the feet [T] in metres.
        :param steps: each leaves about a tenth of the distance.
        """
        pelvis = pelvis.copy()
        for _ in range(steps):
            # Moving the pelvis moves nearly nine tenths of the mass: trunk, and thighs in part.
            pelvis[:, 1] -= (self.centre(pelvis)[:, 1] - target) / 0.85
        return pelvis

    def thigh_rise(self, pelvis: FloatArray) -> FloatArray:
        """Return how high the hips are above the knees [T] in thigh lengths."""
        knees = np.mean([knee[:, 2] for knee in self.knees(pelvis)], axis=0)
        return np.asarray((pelvis[:, 2] - knees) / self.rig.thigh)

    def settled(self, rise: FloatArray, target: FloatArray, start: FloatArray) -> FloatArray:
        """Return balanced places of the pelvis [T, 3] at which the thighs rise as asked.

        :param rise: hips above the knees [T] in thigh lengths; 0 is a thigh level with the floor.
        :param target: y of the middle of the feet [T] in metres.
        :param start: first guess of the pelvis [T, 3].
        """
        pelvis = start.copy()
        lowest = self.rig.ankle_height + SEAT * (self.rig.thigh + self.rig.shin)
        for _ in range(25):
            pelvis = self.balanced(pelvis, target, steps=1)
            pelvis[:, 2] += 0.7 * self.rig.thigh * (rise - self.thigh_rise(pelvis))
            # Nobody sits lower than on their heels; below the ankles lies a second solution.
            pelvis[:, 2] = np.maximum(pelvis[:, 2], lowest)
        return self.balanced(pelvis, target)
