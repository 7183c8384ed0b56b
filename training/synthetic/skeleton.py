"""Names and numbers of the joints that synthetic people carry."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Order of OpenPose's BODY_25 output (CMU, openpose/doc/02_output.md).
BODY_25: tuple[str, ...] = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip",
    "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
JOINT: dict[str, int] = {name: index for index, name in enumerate(BODY_25)}

# Joints that change places when a person is seen in a mirror.
SWAPPED: tuple[int, ...] = tuple(
    JOINT.get({"L": "R", "R": "L"}.get(name[0], "") + name[1:], index)
    for index, name in enumerate(BODY_25)
)

_COCO = {
    "Nose": "nose", "Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "wrist", "Hip": "hip",
    "Knee": "knee", "Ankle": "ankle", "Eye": "eye", "Ear": "ear", "BigToe": "big_toe",
    "SmallToe": "small_toe", "Heel": "heel",
}  # fmt: skip


def body_25_mixture(labels: list[str]) -> FloatArray:
    """Return the matrix [25, len(labels)] that turns COCO joints with feet into BODY_25.

    Neck is the middle of the shoulders and MidHip the middle of the hips, as COCO has neither.

    :param labels: the COCO names in the order of the joints, such as ``left_knee``.
    :raises ValueError: if a joint that BODY_25 needs is not among the labels.
    """
    mixture = np.zeros((len(BODY_25), len(labels)))
    for row, name in enumerate(BODY_25):
        if name in {"Neck", "MidHip"}:
            part = "shoulder" if name == "Neck" else "hip"
            sources = [f"left_{part}", f"right_{part}"]
        elif name == "Nose":
            sources = ["nose"]
        else:
            sources = [("left_" if name[0] == "L" else "right_") + _COCO[name[1:]]]
        for source in sources:
            mixture[row, labels.index(source)] = 1 / len(sources)
    return mixture
