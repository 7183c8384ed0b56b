"""Names and order of the joints, as OpenPose's BODY_25 model numbers them.

Left and right are the person's own: somebody who faces the camera has their right shoulder at a
smaller x than their left one.
"""

from __future__ import annotations

from typing import Final

BODY_25: Final[tuple[str, ...]] = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip",
    "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip

INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(BODY_25)}

NECK: Final = INDEX["Neck"]
MID_HIP: Final = INDEX["MidHip"]
R_SHOULDER: Final = INDEX["RShoulder"]
L_SHOULDER: Final = INDEX["LShoulder"]
R_HIP: Final = INDEX["RHip"]
L_HIP: Final = INDEX["LHip"]
R_ANKLE: Final = INDEX["RAnkle"]
L_ANKLE: Final = INDEX["LAnkle"]

TEN: Final[tuple[int, ...]] = (1, 2, 5, 8, 9, 10, 11, 12, 13, 14)
"""The ten joints of the thesis, in the order of the classifier's input."""

BONES: Final[tuple[tuple[str, str], ...]] = (
    ("Nose", "Neck"), ("Neck", "RShoulder"), ("Neck", "LShoulder"), ("Neck", "MidHip"),
    ("RShoulder", "RElbow"), ("RElbow", "RWrist"), ("LShoulder", "LElbow"), ("LElbow", "LWrist"),
    ("MidHip", "RHip"), ("MidHip", "LHip"), ("RHip", "RKnee"), ("RKnee", "RAnkle"),
    ("LHip", "LKnee"), ("LKnee", "LAnkle"), ("RAnkle", "RBigToe"), ("LAnkle", "LBigToe"),
    ("RAnkle", "RHeel"), ("LAnkle", "LHeel"),
)  # fmt: skip
"""Pairs of joints that are joined by a line where a skeleton is drawn."""

SWAP: Final[tuple[int, ...]] = tuple(
    INDEX[{"R": "L", "L": "R"}[name[0]] + name[1:]]
    if name[0] in "RL" and name[1:2].isupper()
    else index
    for index, name in enumerate(BODY_25)
)
"""For each joint, the joint on the other side of the body."""
