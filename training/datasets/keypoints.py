"""The keypoints of one video: the file that the extraction writes and the reader reads."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.subject import Choice
from edge.track import PoseTrack
from training.datasets.clip import DataError

FORMAT: Final = 1
"""Raised whenever an earlier file no longer means the same."""

DAMAGED: Final = (
    OSError, ValueError, TypeError, KeyError, EOFError, NotImplementedError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy raises on a file that is no archive, or lacks something."""


@dataclass(frozen=True)
class About:
    """Where keypoints come from; quicker to read than the keypoints.

        About.load(path).pose_model

    :param video_sha256: of the video file, in hexadecimal.
    :param pose_model: the pose estimator's name.
    :param choice: how the choice of the subject went.
    :param frames: how many frames the video gave; the track has those in which the subject was
        seen.
    """

    video_sha256: str
    pose_model: str
    choice: Choice
    frames: int

    @classmethod
    def load(cls, path: Path) -> About:
        """Read this part of the file.

        :raises DataError: it is missing, damaged or of another format.
        """
        with _opened(path) as archive:
            return cls(
                video_sha256=str(archive["video_sha256"]),
                pose_model=str(archive["pose_model"]),
                choice=Choice(str(archive["choice"])),
                frames=int(archive["frames"]),
            )


@dataclass(frozen=True)
class Keypoints:
    """What the pose model saw of the subject of one video.

        keypoints = Keypoints.load(keypoints_path(folder, "p01/squat_1.mp4"))
        keypoints.track.joints[:, edge.joints.NECK]

    :param about: where they come from.
    :param track: the subject's; T frames in BODY_25 order, seconds and pixels.
    """

    about: About
    track: PoseTrack

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all: whoever is killed meanwhile leaves the old one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                format=FORMAT,
                video_sha256=self.about.video_sha256,
                pose_model=self.about.pose_model,
                choice=self.about.choice.value,
                frames=self.about.frames,
                times=self.track.times,
                joints=self.track.joints.astype(np.float32),
                confidence=self.track.confidence.astype(np.float32),
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Keypoints:
        """Read the file.

        :raises DataError: it is missing, damaged or of another format.
        """
        about = About.load(path)
        with _opened(path) as archive:
            return cls(
                about,
                PoseTrack(
                    archive["times"],
                    archive["joints"].astype(np.float64),
                    archive["confidence"].astype(np.float64),
                ),
            )


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, Any]]:
    """Open a file of keypoints, and say so where it is none."""
    try:
        # NumPy leaves a file that it cannot read open: it is opened and closed here.
        with path.open("rb") as file, np.load(file) as archive:
            if int(archive["format"]) != FORMAT:
                raise DataError(f"{path} has another format: run training.extract again")
            yield archive
    except DAMAGED as error:
        raise DataError(
            f"{path} is missing or damaged: run training.extract, and take the rows of videos that "
            "it cannot read out of the manifest"
        ) from error


def keypoints_path(folder: Path, video: str) -> Path:
    """Return where the keypoints of a video are kept.

    :param folder: of the keypoints.
    :param video: as the manifest names it; two that differ never share a file.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(video).stem)[:60]
    return folder / f"{plain}-{hashlib.sha256(video.encode()).hexdigest()[:16]}.npz"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        # Python 3.11 has it, as training needs.
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[attr-defined,no-any-return]
