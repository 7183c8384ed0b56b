"""Reading what OpenPose wrote with ``--write_json``: one file of BODY_25 keypoints per frame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.errors import SourceError
from edge.joints import BODY_25
from edge.track import FloatArray, Pose

NUMBERS: Final = 3 * len(BODY_25)
FRAME_NUMBER: Final = re.compile(r"(\d+)_keypoints\.json$")


LONGEST: Final = 3600.0
"""Seconds that a folder may span: more is a leap in the frames' numbers."""


def read_openpose_folder(folder: Path, fps: float) -> Iterator[tuple[float, list[Pose]]]:
    """Give the time (seconds) and the people of each frame, in order of the frames' numbers.

        for time, people in read_openpose_folder(Path("json"), fps=30):
            session.push_poses(time, people)

    Coordinates may be in any scale (OpenPose's ``--keypoint_scale``). Files may be missing and
    ``people`` may be empty: the frames' numbers give the times.

    :param folder: holds ``NAME_000000000000_keypoints.json`` and so on.
    :param fps: frames per second of the video that OpenPose read.
    :raises SourceError: there is no such file, or one is damaged or has other joints.
    """
    numbered = sorted(
        (int(match.group(1)), path)
        for path in folder.iterdir()
        if (match := FRAME_NUMBER.search(path.name)) and path.is_file()
    )
    if not numbered:
        raise SourceError("the folder holds no OpenPose files (NAME_000000000000_keypoints.json)")
    first, last = numbered[0][0], numbered[-1][0]
    if (last - first) / fps > LONGEST:
        raise SourceError(
            f"the frames' numbers reach from {first} to {last}, "
            f"more than {LONGEST / 60:.0f} minutes"
        )
    previous = None
    for number, path in numbered:
        if number == previous:
            raise SourceError(
                f"{path.name}: two files have this frame's number; use one folder each"
            )
        previous = number
        yield (number - first) / fps, _read(path)


def _read(path: Path) -> list[Pose]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path.name} is not JSON") from error
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}") from error
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise SourceError(f"{path.name} has no list of people; is it OpenPose's?")
    poses = [_pose(path.name, person) for person in people]
    return [pose for pose in poses if pose is not None]


def _pose(name: str, person: Any) -> Pose | None:
    numbers = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
    if not numbers:
        return None  # OpenPose writes an empty list where it found a face but no body
    try:
        values = np.array(numbers, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SourceError(f"{name}: pose_keypoints_2d is not a list of numbers") from error
    if values.shape != (NUMBERS,):
        raise SourceError(
            f"{name} has {values.size} numbers per person; BODY_25 has {NUMBERS}: "
            "run OpenPose with --model_pose BODY_25"
        )
    return pose_of(values.reshape(-1, 3))


def pose_of(rows: FloatArray) -> Pose:
    """Return one person of OpenPose's as a pose.

    :param rows: [25, 3] x, y, score; OpenPose gives 0, 0, 0 for a joint that it has not found.
    """
    seen = (rows[:, 2] > 0) & np.isfinite(rows).all(axis=1)
    joints = np.where(seen[:, None], rows[:, :2], np.nan)
    return Pose(joints, np.where(seen, rows[:, 2].clip(0.0, 1.0), 0.0))
