"""Which channel of an OpenPose network means what: its parts, its limbs, and their BODY_25 joints.

Sources: Cao et al., "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part Affinity
Fields", 2019, and the published order of the outputs of the COCO and the BODY_25 networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.joints import BODY_25, INDEX

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """The outputs of one kind of OpenPose network.

        layout = LAYOUTS["COCO_18"]
        neck = maps[layout.parts.index("Neck")]

    The first channels are the parts, the next one is the background, then the affinity fields.

    :param parts: the joint of each part's channel, by its name in BODY_25.
    :param limbs: pairs of parts that a field joins, the one where it begins first.
    :param fields: for each limb the channels of its field's x and y.
    :param midpoints: joints that it lacks, as the middle of two that it has.
    """

    parts: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    fields: tuple[tuple[int, int], ...]
    midpoints: tuple[tuple[str, str, str], ...] = ()

    @property
    def channels(self) -> int:
        """How many channels the network answers."""
        return len(self.parts) + 1 + 2 * len(self.limbs)

    @cached_property
    def limb_indices(self) -> Indices:
        """The limbs as [L, 2]."""
        return np.array(self.limbs, dtype=np.intp)

    @cached_property
    def field_channels(self) -> Indices:
        """The channels of the fields as [L, 2]."""
        return np.array(self.fields, dtype=np.intp)

    @cached_property
    def joint_of(self) -> Indices:
        """For each part the number of its joint in BODY_25."""
        return np.array([INDEX[name] for name in self.parts], dtype=np.intp)


def _numbered(first: int, text: str) -> tuple[tuple[int, int], ...]:
    """Read ``1,8 1,2``, adding ``first`` to each number."""
    pairs = (pair.split(",") for pair in text.split())
    return tuple((first + int(one), first + int(other)) for one, other in pairs)


COCO_18: Final = Layout(
    parts=(
        "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip",
        "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    ),
    limbs=_numbered(
        0,
        "1,2 1,5 2,3 3,4 5,6 6,7 1,8 8,9 9,10 1,11 11,12 12,13 1,0 0,14 14,16 0,15 15,17 2,16 5,17",
    ),
    fields=_numbered(
        19,
        "12,13 20,21 14,15 16,17 22,23 24,25 0,1 2,3 4,5 6,7 8,9 10,11 28,29 30,31 34,35 32,33 "
        "36,37 18,19 26,27",
    ),
    midpoints=(("MidHip", "RHip", "LHip"),),
)  # fmt: skip
"""The network learnt from COCO: no middle of the hips, no feet."""

BODY_25_LAYOUT: Final = Layout(
    parts=BODY_25,
    limbs=_numbered(
        0,
        "1,8 1,2 1,5 2,3 3,4 5,6 6,7 8,9 9,10 10,11 8,12 12,13 13,14 1,0 0,15 15,17 0,16 16,18 "
        "2,17 5,18 14,19 19,20 14,21 11,22 22,23 11,24",
    ),
    fields=_numbered(
        26,
        "0,1 14,15 22,23 16,17 18,19 24,25 26,27 6,7 2,3 4,5 8,9 10,11 12,13 30,31 32,33 36,37 "
        "34,35 38,39 20,21 28,29 40,41 42,43 44,45 46,47 48,49 50,51",
    ),
)
"""OpenPose's own network, with the middle of the hips and the feet."""

LAYOUTS: Final[dict[str, Layout]] = {"COCO_18": COCO_18, "BODY_25": BODY_25_LAYOUT}
"""The layouts by the name that a bundle's manifest gives under ``joints``."""
