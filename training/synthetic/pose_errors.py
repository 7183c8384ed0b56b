"""The pose model's own errors, measured on rendered clips, for skeletons that are never drawn.

    joints, confidence = add_errors(pixels, times, repetition, camera, rng)

The errors are those of whole clips: a bias that goes with the posture, a tremble from frame to
frame, and confidences.  They are kept in ``pose_errors.npz`` beside this file, which
:mod:`training.synthetic.measure_pose_errors` makes from the clips of :mod:`training.rendered`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25, INDEX, L_HIP, L_SHOULDER, MID_HIP, NECK, R_HIP, R_SHOULDER
from training.synthetic.camera import Camera
from training.synthetic.skeleton import SWAPPED, FloatArray
from training.synthetic.timing import Repetition

PATH: Final = Path(__file__).with_suffix(".npz")

UNKNOWN: Final = (INDEX["LSmallToe"], INDEX["RSmallToe"])
"""Joints that the pose model does not have."""

MIDDLES: Final = {NECK: (R_SHOULDER, L_SHOULDER), MID_HIP: (R_HIP, L_HIP)}
"""Joints that are the middle of two others, to the pose model as in the known joints."""

FOUND: Final = tuple(
    joint for joint in range(len(BODY_25)) if joint not in UNKNOWN and joint not in MIDDLES
)
"""The joints whose errors are kept."""

_OTHER_SIDE = [FOUND.index(SWAPPED[joint]) for joint in FOUND]

PHASES: Final = 33
"""Points of a repetition, from standing (0) by the bottom (16) to standing (32)."""

BEFORE, DURING, AFTER = 8, 24, 8
"""Frames whose tremble is kept: standing before the repetition, during it, and after."""

ALIKE: Final = np.array([np.deg2rad(10), 0.25, 1.0])
"""Differences of yaw (radians), height and distance (metres) that count as equally far apart."""

NEAREST: Final = 8
"""Measured clips, mirrored ones included, among which one is drawn."""

OUTSIDE: Final = 0.02
"""As in the pose model: joints this share of the picture's width outside it are not seen."""

_UNIT = 1000.0  # stored in thousandths of a torso length


def phase_of(times: FloatArray, repetition: Repetition) -> FloatArray:
    """Return how far a repetition is [T]: 0 and before it standing, 0.5 the bottom, 1 the end.

        phase_of(np.array([0.0, 1.9]), Repetition(0.5, 1.8, 2.0, 3.0))  # 0.0, 0.5

    :param times: [T] seconds.
    :param repetition: when it is.
    """
    moments = [repetition.start, repetition.bottom, repetition.end]
    return np.interp(times, moments, [0.0, 0.5, 1.0])


def view_of(camera: Camera) -> FloatArray:
    """Return what makes views alike [3]: yaw in radians, height and distance in metres."""
    return np.array([camera.yaw, camera.height, camera.distance])


def standing_torso(joints: FloatArray, phase: FloatArray) -> float:
    """Return the length of the standing person's torso in the picture, in pixels.

    :param joints: [T, 25, 2] pixels.
    :param phase: [T] as :func:`phase_of` returns.
    """
    standing = joints[phase <= max(0.0, float(phase.min()))]
    return float(np.median(np.hypot(*(standing[:, NECK] - standing[:, MID_HIP]).T)))


@dataclass(frozen=True)
class ErrorBank:
    """Errors of the pose model in N clips; lengths in those of the standing person's torso.

        bank = ErrorBank.load(PATH)
        joints, confidence = bank.add(pixels, times, repetition, camera, rng)

    :param bias: [N, 33, 21, 2] of the joints of :data:`FOUND` over the repetition.
    :param tremble: [N, 40, 21, 2] of 8 frames before the repetition, 24 of it and 8 after it.
    :param confidence: [N, 33, 21] from 0 to 1.
    :param views: [N, 3] as :func:`view_of` returns.
    :param people: [N] who was seen.
    """

    bias: npt.NDArray[np.float32]
    tremble: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    views: FloatArray
    people: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return how many clips there are."""
        return len(self.views)

    def of(self, chosen: npt.NDArray[np.bool_]) -> ErrorBank:
        """Return the part of the bank where ``chosen`` [N] is true."""
        return ErrorBank(*(getattr(self, item.name)[chosen] for item in fields(self)))

    def save(self, path: Path) -> None:
        """Write the bank, rounded to thousandths, as a compressed .npz file."""
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                bias=_rounded(self.bias),
                tremble=_rounded(self.tremble),
                confidence=np.round(self.confidence * 255).astype(np.uint8),
                views=self.views.astype(np.float32),
                people=self.people,
            )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> ErrorBank:
        """Read a bank that :meth:`save` wrote."""
        with np.load(path) as data:
            return cls(
                data["bias"].astype(np.float32) / np.float32(_UNIT),
                data["tremble"].astype(np.float32) / np.float32(_UNIT),
                data["confidence"].astype(np.float32) / np.float32(255),
                data["views"].astype(float),
                data["people"],
            )

    def draw(self, camera: Camera, rng: np.random.Generator) -> tuple[int, bool]:
        """Return the number of a clip of a view like this, and whether it is to be mirrored."""
        mirror = np.array([-1.0, 1.0, 1.0])
        both = np.concatenate([self.views, self.views * mirror])
        apart = (((both - view_of(camera)) / ALIKE) ** 2).sum(axis=1)
        count = min(NEAREST, len(both))
        nearest = np.argpartition(apart, count - 1)[:count]
        number = int(nearest[rng.integers(count)])
        return number % len(self), number >= len(self)

    def exactly(self, number: int, phase: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the errors [T, 21, 2] of one clip, as strong as they were measured.

        :param number: of the clip.
        :param phase: [T] as :func:`phase_of` returns.
        :param rng: draws the frames whose tremble is taken.
        """
        tremble = self.tremble[number][_frames(phase, rng)]
        return np.asarray(_at(self.bias[number], phase) + tremble)

    def add(
        self,
        joints: FloatArray,
        times: FloatArray,
        repetition: Repetition,
        camera: Camera,
        rng: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        """Return what the pose model would make of a clip; see :func:`add_errors`."""
        number, mirrored = self.draw(camera, rng)
        phase = phase_of(times, repetition)
        confidence = _at(self.confidence[number], phase)
        errors = self.exactly(number, phase, rng)
        errors *= rng.uniform(0.7, 1.3) * standing_torso(joints, phase)
        if mirrored:
            errors = errors[:, _OTHER_SIDE] * np.array([-1.0, 1.0])
            confidence = confidence[:, _OTHER_SIDE]
        return _with_errors(joints, errors, confidence, camera)


@cache
def default_bank() -> ErrorBank:
    """Return the bank that the project ships."""
    return ErrorBank.load(PATH)


def add_errors(
    joints: FloatArray,
    times: FloatArray,
    repetition: Repetition,
    camera: Camera,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return known joints as the pose model would have found them, and its confidences.

        joints, confidence = add_errors(pixels, times, repetition, camera, rng)

    The errors of one measured clip of a similar view, mirrored where that is more alike, are
    stretched over the repetition, made stronger or weaker by up to 30 %, and added.  Before and
    after the repetition, or with one that lies outside of the clip, they are those of standing.

    :param joints: known BODY_25 joints [T, 25, 2] in pixels; the clip starts with standing.
    :param times: [T] seconds.
    :param repetition: the squat.
    :param camera: what they are seen by; the picture's size tells what is outside of it.
    :param rng: source of randomness; the same state gives the same errors.
    :return: [T, 25, 2] pixels with NaN for the small toes, and [T, 25] from 0 to 1.
    """
    return default_bank().add(joints, times, repetition, camera, rng)


def _at(values: npt.NDArray[np.float32], phase: FloatArray) -> FloatArray:
    """Return values [33, ...] of the bank at phases [T], between its points by interpolation."""
    place = phase * (PHASES - 1)
    before = np.minimum(place.astype(int), PHASES - 2)
    share = (place - before).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[before] * (1 - share) + values[before + 1] * share)


def _frames(phase: FloatArray, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return which kept frame [T] gives each frame its tremble: one of a like phase."""
    near = np.floor(phase * DURING).astype(int) + rng.integers(-1, 2, len(phase))
    standing = rng.integers(0, min(BEFORE, AFTER), len(phase))
    frames = np.where(phase <= 0, standing, BEFORE + np.clip(near, 0, DURING - 1))
    return np.asarray(np.where(phase >= 1, BEFORE + DURING + standing, frames))


def _with_errors(
    joints: FloatArray, errors: FloatArray, confidence: FloatArray, camera: Camera
) -> tuple[FloatArray, FloatArray]:
    found = np.full(joints.shape, np.nan)
    sure = np.zeros(joints.shape[:2])
    found[:, FOUND] = joints[:, FOUND] + errors
    size = np.array([camera.width, camera.height_px])
    margin = OUTSIDE * size.max()
    inside = ((found >= -margin) & (found <= size + margin)).all(axis=-1)
    sure[:, FOUND] = confidence
    sure *= inside
    for joint, pair in MIDDLES.items():
        found[:, joint] = found[:, pair].mean(axis=1)
        sure[:, joint] = sure[:, pair].min(axis=1)
    return found, sure


def _rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    # 32 torso lengths are more than any error inside a picture that shows a whole body.
    return np.round(np.clip(values, -32, 32) * _UNIT).astype(np.int16)
