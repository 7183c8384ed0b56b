"""Which joint, and which moment, cost a repetition most of its score.

Occlusion: one part of the body after the other is moved as in a typical correct squat seen from
the same side, and the model is asked again. The part whose correction raises the score most is
what the score hung on; doing the same within short windows of time finds the moment. (Occlusion:
Zeiler and Fergus, ECCV 2014. That the replacement is a typical movement, and not nothing, is ours:
a joint that stands still while the others squat is a posture that the model has never seen.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.errors import BundleError
from edge.exercise import Repetition
from edge.joints import BODY_25, INDEX, MID_HIP, NECK
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

_SIDES = tuple(
    tuple(INDEX[f"{side}{name}"] for name in ("Hip", "Knee", "Ankle")) for side in ("R", "L")
)
_HEAD = tuple(INDEX[name] for name in JOINTS["neck"])
_TRUNK = tuple(INDEX[name] for name in (*JOINTS["torso"], "RHip", "LHip"))


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
        """Return the inputs [T, C] for joints [k, 25, 2] as :func:`edge.preprocessing.prepare`."""

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
) -> Explanation:
    """Say which part, joint and moment cost a repetition most of its score.

    :param prepared: [k, 25, 2] from :func:`edge.preprocessing.prepare`.
    :param start: seconds of its first frame.
    :param repetition: when it begins, turns and ends.
    :param view: from where it was seen, if that is known.
    """
    times = start + np.arange(len(prepared)) / RATE
    moments = [repetition.start, repetition.turn, repetition.end]
    phase = np.interp(times, moments, [0.0, 0.5, 1.0])
    wanted = fitted(typical.at(phase, view), prepared, phase)
    everywhere = np.ones(len(phase))
    parts = seen_parts(prepared)
    changed = [replaced(prepared, wanted, part, everywhere) for part in parts]
    before, *after = _scores(network, [prepared, *changed])
    gains = {part: float(score - before) for part, score in zip(parts, after, strict=True)}
    part = max(gains, key=lambda name: gains[name])

    weights = [np.exp(-0.5 * ((phase - middle) / WINDOW) ** 2) for middle in WINDOWS]
    found = _scores(network, [replaced(prepared, wanted, part, weight) for weight in weights])
    best = int(np.argmax(found))
    frame = int(np.argmin(np.abs(phase - WINDOWS[best])))
    apart = np.linalg.norm(replaced(prepared, wanted, part, everywhere) - prepared, axis=2)[frame]
    joint = max(JOINTS[part], key=lambda name: float(apart[INDEX[name]]))
    return Explanation(part, joint, float(times[frame]), gains[part], gains)


def seen_parts(prepared: FloatArray) -> list[str]:
    """Return the parts of the body whose joints were all seen.

    :param prepared: [k, 25, 2] from :func:`edge.preprocessing.prepare`.
    """
    return [
        part
        for part, names in JOINTS.items()
        if np.isfinite(prepared[:, [INDEX[name] for name in names]]).all()
    ]


def _scores(network: Network, many: list[FloatArray]) -> npt.NDArray[np.float64]:
    rows = [network.inputs(joints) for joints in many]
    return network.scores({name: np.stack([row[name] for row in rows]) for name in rows[0]})


def fitted(typical: FloatArray, prepared: FloatArray, phase: FloatArray) -> FloatArray:
    """Return the typical movement [k, 25, 2] with the proportions of this person.

    Everybody starts as they stand, but for their feet, whose place is itself right or wrong; how
    far the hips travel goes with the length of the legs.
    """
    still = phase <= min(0.05, float(phase.min()) + 0.05)
    own, other = (_apart(joints) for joints in (prepared, typical))
    mine, theirs = own[still].mean(axis=0), other[still].mean(axis=0)
    ankles = [ankle for _, _, ankle in _SIDES]
    legs = float(mine[ankles, 1].mean() / theirs[ankles, 1].mean())
    moved = other - theirs + mine
    moved[:, MID_HIP] = other[:, MID_HIP] * legs
    moved[:, ankles] = other[:, ankles] * [1.0, legs]
    return _together(moved)


def replaced(
    own: FloatArray, typical: FloatArray, part: str, weight: npt.NDArray[np.float64]
) -> FloatArray:
    """Return the joints [k, 25, 2] with one part moved as is typical, where ``weight`` [k] is 1.

    What hangs on the part goes with it: the trunk with the hips, the head with the trunk, and the
    knees keep their place between hip and ankle.
    """
    mine, theirs = _apart(own), _apart(typical)
    joints = [INDEX[name] for name in JOINTS[part]]
    share = weight[:, None, None]
    mine[:, joints] = (1 - share) * mine[:, joints] + share * theirs[:, joints]
    return _together(mine)


def _apart(joints: FloatArray) -> FloatArray:
    """Return each joint's place against the one it hangs on."""
    chain: FloatArray = joints.copy()
    for hip, knee, ankle in _SIDES:
        chain[:, knee] -= (joints[:, hip] + joints[:, ankle]) / 2
    chain[:, list(_TRUNK)] -= joints[:, [MID_HIP]]
    chain[:, list(_HEAD)] -= joints[:, [NECK]]
    return chain


def _together(chain: FloatArray) -> FloatArray:
    """Return the places of the joints again: the inverse of :func:`_apart`."""
    joints: FloatArray = chain.copy()
    joints[:, list(_TRUNK)] += joints[:, [MID_HIP]]
    joints[:, list(_HEAD)] += joints[:, [NECK]]
    for hip, knee, ankle in _SIDES:
        joints[:, knee] += (joints[:, hip] + joints[:, ankle]) / 2
    return joints
