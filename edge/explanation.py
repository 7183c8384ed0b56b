"""Which joint, and which moment, cost a repetition most of its score.

Occlusion: one part of the body after the other is moved as in a typical correct squat seen from
the same side, and the model is asked again. The part whose correction raises the score most is
what the score hung on; doing the same within short windows of time finds the moment. (Occlusion:
Zeiler and Fergus, ECCV 2014. That the replacement is a typical movement, and not nothing, is ours:
a joint that stands still while the others squat is a posture that the model has never seen.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Final, Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.errors import BundleError
from edge.exercise import Repetition
from edge.joints import BODY_25, INDEX, L_ANKLE, MID_HIP, NECK, R_ANKLE
from edge.judging import View
from edge.preprocessing import RATE, Features
from edge.track import FloatArray

PHASES: Final = 33
"""Moments of a typical repetition: 0 standing, 16 the bottom, 32 standing again."""

WINDOWS: Final = np.linspace(0.1, 0.9, 9)
"""Middles of the windows, as shares of the repetition."""

WINDOW: Final = 0.08
"""Half-width of a window, as a share of the repetition (standard deviation of a Gaussian)."""

JOINTS: Final[dict[str, tuple[str, ...]]] = {
    "base_of_support": ("RAnkle", "LAnkle"),
    "left_knee": ("LKnee",),
    "right_knee": ("RKnee",),
    "torso": ("Neck", "RShoulder", "LShoulder"),
    "hip_joint": ("MidHip", "RHip", "LHip"),
    "neck": ("Nose", "REar", "LEar"),
}
"""The joints that belong to each of the six parts of the body."""

NEEDED: Final = tuple(INDEX[name] for names in JOINTS.values() for name in names)

_HANGS_ON: Final = {
    **{INDEX[name]: (MID_HIP, MID_HIP) for name in (*JOINTS["torso"], "RHip", "LHip")},
    **{INDEX[name]: (NECK, NECK) for name in JOINTS["neck"]},
    **{INDEX[f"{side}Knee"]: (INDEX[f"{side}Hip"], INDEX[f"{side}Ankle"]) for side in "RL"},
}
"""Between which two joints a joint keeps its place; what others hang on comes first."""

_ROOTS: Final = [MID_HIP, R_ANKLE, L_ANKLE]
"""The joints whose place is told by the picture itself."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What cost a repetition most of its score.

    :param part: of the body.
    :param joint: the joint of that part that is furthest from where it typically is.
    :param moment: seconds of the clip.
    :param gain: by how much the score would rise if this part moved as is typical; may be
        negative where nothing costs anything.
    :param gains: the same for every part.
    """

    part: str
    joint: str
    moment: float
    gain: float
    gains: dict[str, float]


class Network(Protocol):
    """What is explained: a model that can be asked about joints that nobody recorded."""

    def inputs(self, prepared: FloatArray) -> dict[str, Features]:
        """Return the inputs [N, T, C] for prepared joints [N, k, 25, 2]."""

    def scores(self, inputs: dict[str, Features]) -> npt.NDArray[np.float64]:
        """Return [N] the scores for inputs [N, T, C]."""


class Typical:
    """Typical correct repetitions, one for each of several views.

        typical = Typical.load(bundle.path("typical.npz"))
        joints = typical.at(phase, View(yaw=10.0, height=1.3))

    :param joints: [V, 33, 25, 2] torso lengths, the hips at (0, 0) when standing; NaN for joints
        that do not matter.
    :param views: [V, 2] yaw in degrees and height in metres.
    """

    def __init__(self, joints: FloatArray, views: FloatArray) -> None:
        self._joints = joints
        self._views = views

    @classmethod
    def load(cls, path: Path) -> Typical:
        """Read what the training wrote.

        :raises BundleError: the file is not what it should be.
        """
        try:
            # Opened here: NumPy leaves a broken archive open.
            with path.open("rb") as file, np.load(file) as archive:
                joints, views = archive["joints"].astype(float), archive["views"].astype(float)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise BundleError(f"{path.name} holds no typical repetitions") from error
        if joints.shape[1:] != (PHASES, len(BODY_25), 2) or views.shape != (len(joints), 2):
            raise BundleError(f"{path.name} holds typical repetitions of another shape")
        return cls(joints, views)

    def at(self, phase: FloatArray, view: View | None) -> FloatArray:
        """Return [k, 25, 2] where the joints are at phases [k], seen from about this view."""
        yaw, height = (view.yaw, view.height) if view else (0.0, 1.3)
        # 20 degrees aside change a picture about as much as 0.4 m upwards.
        apart = np.abs(self._views - [yaw, height]) / [20.0, 0.4]
        joints = self._joints[int(np.argmin(apart.sum(axis=1)))]
        place = np.clip(phase, 0, 1) * (PHASES - 1)
        before = np.minimum(place.astype(int), PHASES - 2)
        share = (place - before)[:, None, None]
        return np.asarray(joints[before] * (1 - share) + joints[before + 1] * share)


def explain(
    network: Network,
    prepared: FloatArray,
    start: float,
    repetition: Repetition,
    *,
    typical: Typical,
    view: View | None = None,
    score: float | None = None,
) -> Explanation:
    """Say which part, joint and moment cost a repetition most of its score.

    :param prepared: [k, 25, 2] from :func:`edge.preprocessing.prepare`.
    :param start: seconds of its first frame.
    :param repetition: when it begins, turns and ends.
    :param view: from where it was seen, if that is known.
    :param score: what the network said of it; None: it is asked.
    """
    times = start + np.arange(len(prepared)) / RATE
    moments = [repetition.start, repetition.turn, repetition.end]
    phase = np.interp(times, moments, [0.0, 0.5, 1.0])
    wanted = fitted(typical.at(phase, view), prepared, phase)
    parts = seen_parts(prepared)
    ways = corrections(prepared, wanted, parts)
    if score is None:
        (score,) = network.scores(network.inputs(prepared[None])).tolist()
    after = network.scores(network.inputs(prepared + ways)).tolist()
    gains = {part: one - score for part, one in zip(parts, after, strict=True)}
    part = max(gains, key=lambda name: gains[name])

    way = ways[parts.index(part)]
    weights = np.exp(-0.5 * ((phase - WINDOWS[:, None]) / WINDOW) ** 2)
    found = network.scores(network.inputs(prepared + weights[:, :, None, None] * way))
    best = int(np.argmax(found))
    frame = int(np.argmin(np.abs(phase - WINDOWS[best])))
    joint = max(JOINTS[part], key=lambda name: hypot(*way[frame, INDEX[name]]))
    return Explanation(part, joint, float(times[frame]), gains[part], gains)


def seen_parts(prepared: FloatArray) -> list[str]:
    """Return the parts of the body whose joints were all seen.

    :param prepared: [k, 25, 2] from :func:`edge.preprocessing.prepare`.
    """
    seen = np.isfinite(prepared.sum(axis=0)[:, 0])  # a sum with NaN in it is NaN
    return [part for part, names in JOINTS.items() if all(seen[INDEX[name]] for name in names)]


def fitted(typical: FloatArray, own: FloatArray, phase: FloatArray) -> FloatArray:
    """Return the typical movement [k, 25, 2] with the proportions of this person.

    Everybody starts as they stand, but for their feet, whose place is itself right or wrong; how
    far the hips travel goes with the length of the legs.
    """
    still = phase <= min(0.05, float(phase.min()) + 0.05)
    mine, theirs = own[still].mean(axis=0), typical[still].mean(axis=0)
    legs = float(mine[_ROOTS[1:], 1].mean() / theirs[_ROOTS[1:], 1].mean())
    wanted = typical - theirs + mine
    ways = np.zeros_like(wanted)
    scales = [[legs, legs], [1.0, legs], [1.0, legs]]
    ways[:, _ROOTS] = typical[:, _ROOTS] * scales - wanted[:, _ROOTS]
    return np.asarray(wanted + together(ways))


def corrections(own: FloatArray, typical: FloatArray, parts: Sequence[str]) -> FloatArray:
    """Return [P, k, 25, 2] the way of every joint to where it is when a part moves as is typical.

        corrected = own + corrections(own, typical, ["left_knee"])[0]

    What hangs on the part goes with it: the trunk with the hips, the head with the trunk, and the
    knees keep their place between hip and ankle.

    :param own: [k, 25, 2] the joints, and ``typical`` where they would be.
    :param parts: P names of :data:`JOINTS`, all of whose joints are known.
    """
    differences = apart(typical - own)
    ways = np.zeros((len(parts), *own.shape))
    for way, part in zip(ways, parts, strict=True):
        for name in JOINTS[part]:
            way[:, INDEX[name]] = differences[:, INDEX[name]]
    return together(ways)


def apart(joints: FloatArray) -> FloatArray:
    """Return the place of each joint [..., 25, 2] against those that it hangs on."""
    places: FloatArray = joints.copy()
    points, hanging = _points(joints), _points(places)
    for joint, (one, other) in _HANGS_ON.items():
        hanging[..., joint] -= (points[..., one] + points[..., other]) / 2
    return places


def together(places: FloatArray) -> FloatArray:
    """Return the joints [..., 25, 2] again: the inverse of :func:`apart`."""
    joints: FloatArray = places.copy()
    points = _points(joints)
    for joint, (one, other) in _HANGS_ON.items():
        points[..., joint] += (points[..., one] + points[..., other]) / 2
    return joints


def _points(joints: FloatArray) -> npt.NDArray[np.complex128]:
    """Return [..., 25] the same joints as x + iy: NumPy is slow where the last axis is short."""
    return joints.view(np.complex128)[..., 0]
