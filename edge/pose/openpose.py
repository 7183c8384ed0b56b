"""OpenPose's network on our own runtimes: several people, on any processor or on TensorRT.

The network comes in a bundle (docs/openpose.md says from where, and under which licence).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.errors import BundleError, NetworkError, PoseError
from edge.frames import Frame, Picture
from edge.joints import BODY_25, INDEX
from edge.pose.openpose_decoding import Limits, Maps, find_people
from edge.pose.openpose_layouts import LAYOUTS, Layout
from edge.runtime import Network
from edge.runtime.opening import Opener
from edge.track import FloatArray, Pose

STRIDE: Final = 8
"""Pixels of the network's input for each cell of its answer, in both directions."""

NETWORK: Final = "openpose"
"""The network's name in its bundle."""

Pixels = npt.NDArray[np.float32]

PREPROCESSING: Final[dict[tuple[str, int], Callable[[Pixels], Pixels]]] = {
    ("bgr_255", 1): lambda pixels: pixels,
    ("bgr_256_centred", 1): lambda pixels: pixels / np.float32(256) - np.float32(0.5),
}
"""What becomes of blue, green and red from 0 to 255, by the manifest's name and version."""

HEIGHT: Final = 368
LEAST: Final = 64
WIDEST: Final = 656
"""Pixels of the network's input: OpenPose's own height, the shortest side, the greatest width."""


class OpenPose:
    """An OpenPose network as a pose estimator.

        estimator = OpenPose(OnnxNetwork(path, threads=2), "COCO_18")
        people = estimator.open_stream().estimate(frame)

    :param network: answers parts and affinity fields, [1, channels, H / 8, W / 8].
    :param joints: the order of its parts: ``COCO_18`` or ``BODY_25``.
    :param preprocessing: what the network takes, by name and version; see :data:`PREPROCESSING`.
    :param height: how high the picture is made for the network, in pixels; less is faster and
        misses who is far away.
    :param widest: how wide at most.
    :param limits: from when on something counts.
    :raises BundleError: the joints or the preprocessing are unknown here.
    """

    def __init__(
        self,
        network: Network,
        joints: str,
        *,
        preprocessing: tuple[str, int] = ("bgr_255", 1),
        height: int = HEIGHT,
        widest: int = WIDEST,
        limits: Limits | None = None,
    ) -> None:
        if joints not in LAYOUTS:
            raise BundleError(f"the joints {joints!r} are unknown; known: {', '.join(LAYOUTS)}")
        if preprocessing not in PREPROCESSING:
            raise BundleError(
                f"the preprocessing {preprocessing[0]} {preprocessing[1]} is unknown: "
                "update this software"
            )
        self.name = f"openpose-{joints.lower().replace('_', '-')}"
        self.network = network
        self.layout: Layout = LAYOUTS[joints]
        self.limits = limits or Limits()
        self._prepare = PREPROCESSING[preprocessing]
        self._height, self._widest = height, widest
        self._input = network.inputs[0].name
        self._output = network.outputs[0].name

    @classmethod
    def from_bundle(cls, bundle: Bundle, opener: Opener) -> OpenPose:
        """Open the network of a pose bundle.

        :raises BundleError: it is none for this backend.
        """
        about = bundle.network(NETWORK)
        (declared,) = about.inputs
        return cls(
            opener(bundle, NETWORK),
            bundle.manifest.joints,
            preprocessing=(declared.preprocessing, declared.preprocessing_version),
            height=about.axes["H"].best,
            widest=about.axes["W"].most,
        )

    def open_stream(self) -> OpenPose:
        """Start a new sequence of frames; each is looked at on its own."""
        return self

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture.

        :raises PoseError: the network failed.
        """
        picture = frame.picture
        try:
            maps = self.maps(picture)
        except NetworkError as error:
            raise PoseError(f"the pose network failed: {error}") from error
        height, width = picture.shape[:2]
        cells = np.array([maps.shape[2], maps.shape[1]], dtype=np.float64)
        # A cell's middle is half a cell from its edge, as a pixel's is.
        scale = np.array([width, height]) / cells
        return [
            to_body_25(self.layout, (places + 0.5) * scale - 0.5, confidence)
            for places, confidence in find_people(maps, self.layout, self.limits)
        ]

    def maps(self, picture: Picture) -> Maps:
        """Return the network's answer for a picture, [channels, rows, columns]."""
        width, height = input_size(picture.shape[1], picture.shape[0], self._height, self._widest)
        shrinks = width < picture.shape[1]
        resized = cv2.resize(
            picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        pixels = self._prepare(resized.astype(np.float32))
        taken = np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]
        answer = self.network.run({self._input: taken})[self._output]
        if answer.ndim != 4 or answer.shape[1] != self.layout.channels:
            raise NetworkError(
                f"it answers {answer.shape}, not [1, {self.layout.channels}, rows, columns]"
            )
        return np.asarray(answer[0], dtype=np.float32)


def input_size(width: int, height: int, high: int, widest: int) -> tuple[int, int]:
    """Return how wide and high the network's input is for a picture of this width and height.

    ``high`` pixels, and as wide as the picture's shape asks; whole cells, so that each direction
    has a scale of its own that differs by a percent or two. Only a picture much longer than wide,
    or the other way round, is squeezed.
    """
    scale = min(high / height, widest / width)
    wide, tall = (STRIDE * round(scale * side / STRIDE) for side in (width, height))
    return min(max(wide, LEAST), widest), min(max(tall, LEAST), high)


def to_body_25(layout: Layout, places: FloatArray, confidence: FloatArray) -> Pose:
    """Return a person's parts as a pose in BODY_25 order.

    :param places: [P, 2] pixels.
    :param confidence: [P] 0 where a part was not seen.
    """
    joints, sure = np.full((len(BODY_25), 2), np.nan), np.zeros(len(BODY_25))
    joints[layout.joint_of], sure[layout.joint_of] = places, confidence
    for middle, *sides in layout.midpoints:
        one, other = (INDEX[side] for side in sides)
        joints[INDEX[middle]] = (joints[one] + joints[other]) / 2
        sure[INDEX[middle]] = min(sure[one], sure[other])
    return Pose(joints, sure)
