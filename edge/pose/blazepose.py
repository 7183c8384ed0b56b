"""The default pose backend: BlazePose "full", several people, on any processor.

Weights: Apache-2.0, from the PyPI package mediapipe 0.10.18; the package itself is not used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.bundle import Bundle
from edge.errors import NetworkError, PoseError
from edge.frames import Frame, Picture
from edge.joints import BODY_25, INDEX, MID_HIP, NECK
from edge.pose.blazepose_nets import (
    LANDMARK_OUTPUTS,
    Detector,
    LandmarkNetwork,
    Landmarks,
    Region,
    default_weights,
)
from edge.pose.scene import Place, Scene, place_of
from edge.runtime import Network
from edge.runtime.litert import LiteRtNetwork
from edge.runtime.opening import Opener
from edge.track import Pose

LANDMARK_OF: Final[dict[str, int]] = {
    "Nose": 0, "RShoulder": 12, "RElbow": 14, "RWrist": 16, "LShoulder": 11, "LElbow": 13,
    "LWrist": 15, "RHip": 24, "RKnee": 26, "RAnkle": 28, "LHip": 23, "LKnee": 25, "LAnkle": 27,
    "REye": 5, "LEye": 2, "REar": 8, "LEar": 7, "LBigToe": 31, "LHeel": 29, "RBigToe": 32,
    "RHeel": 30,
}  # fmt: skip
"""Which of BlazePose's 33 landmarks is which joint of BODY_25; it has no small toes."""

DERIVED: Final[dict[int, tuple[int, int]]] = {
    NECK: (INDEX["RShoulder"], INDEX["LShoulder"]),
    MID_HIP: (INDEX["RHip"], INDEX["LHip"]),
}
"""Joints that BlazePose lacks: BODY_25 defines them as the midpoints of these two."""

DETECTOR: Final = "detector"
LANDMARK: Final = "landmarks"
"""The names of the networks in a bundle."""

MAX_PEOPLE: Final = 4
MIN_PRESENCE: Final = 0.5
DETECT_EVERY: Final = 0.15
"""Seconds between two looks for somebody new: five frames at 30 Hz, whose clock may tremble."""

LEAST_FRAMES: Final = 2
"""Frames between two looks however slow the machine is: it must not do more where it is behind."""

STILL_EVERY: Final = 0.5
"""Seconds between two looks while nothing changes but those who are followed."""

UNSETTLED: Final = 1.0
"""Seconds after somebody was lost in which all is looked through every :data:`DETECT_EVERY`: who
was behind somebody else comes back where that one is known to be."""

SAME_PERSON: Final = 0.12
"""Two sets of landmarks closer than this share of the crop's side are one person."""

OUTSIDE: Final = 0.02
"""A joint further outside the picture than this share of its size is a guess, not a sight."""


@dataclass(slots=True)
class _Person:
    """Somebody who is being followed."""

    landmarks: Landmarks
    age: int = 0


class BlazePose:
    """BlazePose as a pose estimator.

        stream = BlazePose().open_stream()
        people = stream.estimate(frame)

    :param weights: the folder with the two networks; by default the environment's own.
    :param threads: processor threads for each network.
    :param networks: detector and landmarks to be run instead, such as those of a bundle.
    :raises PoseError: LiteRT or the networks are missing.
    """

    name = "blazepose-full"

    def __init__(
        self,
        weights: Path | None = None,
        *,
        threads: int = 2,
        networks: tuple[Network, Network] | None = None,
    ) -> None:
        folder = weights or default_weights()
        detector, landmarks = networks or (
            LiteRtNetwork(folder / "pose_detection.tflite", threads=threads),
            LiteRtNetwork(
                folder / "pose_landmark_full.tflite", threads=threads, outputs=LANDMARK_OUTPUTS
            ),
        )
        self.detector, self.landmarks = Detector(detector), LandmarkNetwork(landmarks)

    @classmethod
    def from_bundle(cls, bundle: Bundle, opener: Opener) -> BlazePose:
        """Open the two networks of a pose bundle.

        :raises BundleError: it is none for this backend.
        """
        return cls(networks=(opener(bundle, DETECTOR), opener(bundle, LANDMARK)))

    def open_stream(self) -> BlazePoseStream:
        """Start a new sequence of frames."""
        return BlazePoseStream(self)


class BlazePoseStream:
    """Follows up to four people from frame to frame."""

    def __init__(self, networks: BlazePose) -> None:
        self._networks = networks
        self._people: list[_Person] = []
        self._scene = Scene()
        self._looked = self._asked = self._lost = -math.inf
        self._frames = 0

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture."""
        picture = frame.picture
        try:
            self._frames += 1
            before = len(self._people)
            self._follow(picture)
            if len(self._people) < before:
                self._lost = frame.time
            if self._lost == frame.time or self._may_be_new(frame):
                self._look_for_others(picture)
                self._looked = self._asked = frame.time
                self._frames = 0
                self._scene.keep(picture, self._places())
        except NetworkError as error:
            raise PoseError(f"the pose networks failed: {error}") from error
        height, width = picture.shape[:2]
        return [to_body_25(person.landmarks, width, height) for person in self._people]

    def _may_be_new(self, frame: Frame) -> bool:
        """Tell whether it is time to look for somebody new.

        Whoever enters changes the picture. While nobody does, and the camera stands still, looking
        is a fifth of the work for nothing, and in an empty gym all of it.
        """
        still = STILL_EVERY if self._people else DETECT_EVERY
        if self._people and self._frames < LEAST_FRAMES:
            return False
        if not 0 <= frame.time - self._looked < still:
            return True
        if self._people and frame.time - self._asked < DETECT_EVERY:
            return False
        if 0 <= frame.time - self._lost < UNSETTLED:
            return True
        self._asked = frame.time
        return self._scene.changed(frame.picture, self._places())

    def _places(self) -> list[Place]:
        return [place_of(person.landmarks.points) for person in self._people]

    def _follow(self, picture: Picture) -> None:
        kept: list[_Person] = []
        # The one followed longest first: where two have become one, the older one stays.
        for person in sorted(self._people, key=lambda p: -p.age):
            landmarks = self._networks.landmarks(picture, person.landmarks.region)
            if landmarks.presence < MIN_PRESENCE:
                continue
            if any(same_person(landmarks, other.landmarks) for other in kept):
                continue
            kept.append(_Person(landmarks, person.age + 1))
        self._people = kept

    def _look_for_others(self, picture: Picture) -> None:
        for region in self._networks.detector(picture):
            if len(self._people) >= MAX_PEOPLE:
                return
            if any(same_region(region, p.landmarks.region) for p in self._people):
                continue
            landmarks = self._networks.landmarks(picture, region)
            if landmarks.presence < MIN_PRESENCE:
                continue
            if any(same_person(landmarks, p.landmarks) for p in self._people):
                continue
            self._people.append(_Person(landmarks))


def same_region(one: Region, other: Region) -> bool:
    """Tell whether two regions are around the same person: close, and of like size."""
    apart = float(np.hypot(one.x - other.x, one.y - other.y))
    like = 0.67 < one.side / max(other.side, 1e-6) < 1.5
    return like and apart < SAME_PERSON * min(one.side, other.side)


def same_person(one: Landmarks, other: Landmarks) -> bool:
    """Tell whether two sets of landmarks lie on the same person."""
    apart = np.hypot(*(one.points - other.points).T)
    return float(np.median(apart)) < SAME_PERSON / 2 * min(one.region.side, other.region.side)


def to_body_25(landmarks: Landmarks, width: int, height: int) -> Pose:
    """Return BlazePose's landmarks as a pose in BODY_25 order.

    :param width: of the picture, in pixels; what lies outside gets no confidence.
    :param height: of the picture, in pixels.
    """
    joints = np.full((len(BODY_25), 2), np.nan)
    confidence = np.zeros(len(BODY_25))
    for name, landmark in LANDMARK_OF.items():
        joints[INDEX[name]] = landmarks.points[landmark]
        confidence[INDEX[name]] = landmarks.visibility[landmark]
    margin = OUTSIDE * max(width, height)
    x, y = joints.T
    outside = (x < -margin) | (x > width + margin) | (y < -margin) | (y > height + margin)
    confidence[outside] = 0.0
    for joint, (one, other) in DERIVED.items():
        joints[joint] = (joints[one] + joints[other]) / 2
        confidence[joint] = min(confidence[one], confidence[other])
    return Pose(joints, confidence)
