"""A researcher's own videos, with a manifest in the thesis's layout and extracted keypoints."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.errors import FeatureError
from edge.joints import TEN
from edge.preprocessing import MIN_CONFIDENCE, resample
from edge.repetitions import find_repetitions, with_margin
from edge.subject import Choice
from edge.track import PoseTrack
from training.datasets.clip import TEN_NAMES, Clip, DataError
from training.datasets.keypoints import Keypoints, keypoints_path
from training.datasets.manifest import Row, read_manifest
from training.datasets.source import Source

MANIFEST: Final = "manifest.csv"
KEYPOINTS: Final = "keypoints"

AXES: Final = ("x", "y", "z")
COLUMNS_3D: Final = ("time", *(f"{name}_{axis}" for name in TEN_NAMES for axis in AXES))
"""What the first line of a 3-D CSV file says: seconds, then metres (x left, y up, z forward)."""

LEAST_SEEN: Final = 0.6
"""Share of a repetition's frames in which all ten joints must be seen well (the kiosk's own)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recordings(Source):
    """Videos with a manifest: FOLDER/NAME/manifest.csv and what was extracted beside it.

        source = Recordings("recordings", "recordings", True, "the owner's own")
        clips = source.read(Path("../shared/data"))

    Every repetition that a video shows is a clip with the video's labels, cut as the kiosk cuts
    it. A video that shows none gives none.
    """

    def files(self, folder: Path) -> list[Path]:
        """Return the manifest and every file of keypoints.

        :raises DataError: the manifest is missing or wrong, or keypoints are missing.
        """
        home = self._home(folder)
        rows = read_manifest(home / MANIFEST)
        return [home / MANIFEST, *(path for row in rows for path in self._files_of(row, home))]

    def read(self, folder: Path) -> list[Clip]:
        """Read the clips of all views: ``front``, ``diagonal`` and ``3d``.

        :raises DataError: the manifest is wrong, keypoints are missing or of different pose
            models, or two rows are the same recording.
        """
        home = self._home(folder)
        clips: list[Clip] = []
        seen: dict[str, str] = {}
        models: set[str] = set()
        without = 0
        for row in read_manifest(home / MANIFEST):
            for view, video in row.videos.items():
                keypoints = Keypoints.load(keypoints_path(home / KEYPOINTS, video))
                twin = seen.setdefault(keypoints.about.video_sha256, video)
                if twin != video:
                    raise DataError(f"{video} and {twin} are the same recording: keep one row")
                models.add(keypoints.about.pose_model)
                found = [self._clip(row, view, part) for part in repetitions(keypoints)]
                clips += found
                without += not found
            if row.keypoints_3d:
                clips.append(self._clip(row, "3d", read_3d(home / row.keypoints_3d)))
        if len(models) > 1:
            raise DataError(
                f"the keypoints come from different pose models ({', '.join(sorted(models))}): "
                "run training.extract again"
            )
        if without:
            log.warning("%s: %d of %d videos show no squat that is usable",
                        self.name, without, len(seen))  # fmt: skip
        return clips

    def _home(self, folder: Path) -> Path:
        home = folder / self.name
        if not (home / MANIFEST).is_file():
            raise DataError(
                f"{home / MANIFEST} is missing: write it (see training/README.md) "
                "and name the folder above it by --data"
            )
        return home

    @staticmethod
    def _files_of(row: Row, home: Path) -> Iterator[Path]:
        for video in row.videos.values():
            path = keypoints_path(home / KEYPOINTS, video)
            if not path.is_file():
                raise DataError(
                    f"{video} has no keypoints: run training.extract, "
                    "or take a video that cannot be read out of the manifest"
                )
            yield path
        if row.keypoints_3d:
            yield home / row.keypoints_3d

    def _clip(self, row: Row, view: str, part: Part) -> Clip:
        times, joints = part
        return Clip(
            source=self.name,
            person=f"{self.people}-{row.person}",
            correct=row.correct,
            error=row.error,
            times=times,
            joints=joints,
            parts=row.parts,
            view=view,
            load=row.load,
            name=row.video,
        )


Part = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Times [T] in seconds and the ten joints [T, 10, 2 or 3]."""


def repetitions(keypoints: Keypoints) -> list[Part]:
    """Return each repetition of a video with its margin, at 30 Hz, gaps closed, in pixels.

    Empty where nobody or more than one person squatted, or the ten joints were seen too rarely.
    """
    if keypoints.about.choice is not Choice.ONE:
        return []
    track = keypoints.track
    try:
        parts = [with_margin(track, one) for one in find_repetitions(track)]
        usable = [part for part in parts if _mostly_seen(part)]
        return [_ten(resample(part)) for part in usable]
    except FeatureError:
        return []  # no hips, no torso


def _mostly_seen(part: PoseTrack) -> bool:
    """Tell whether the ten joints are seen well enough; then none is missing all the time."""
    good = part.confidence[:, list(TEN)] >= MIN_CONFIDENCE
    return len(part) > 0 and float(good.all(axis=1).mean()) >= LEAST_SEEN


def _ten(track: PoseTrack) -> Part:
    return track.times - track.times[0], track.joints[:, list(TEN)]


def read_3d(path: Path) -> Part:
    """Read joints in three dimensions: a CSV file with the columns :data:`COLUMNS_3D`.

    :param path: of the file; one line per frame, seconds that increase, then metres.
    :raises DataError: the columns or the numbers are not what is expected.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file)
        if tuple(header) != COLUMNS_3D:
            raise DataError(f"{path} must have the columns {', '.join(COLUMNS_3D)}")
        table = np.array(lines, dtype=np.float64).reshape(len(lines), len(COLUMNS_3D))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table of numbers: {error}") from error
    times = table[:, 0]
    if len(times) < 2 or not np.isfinite(table).all() or not (np.diff(times) > 0).all():
        raise DataError(f"{path} must have two lines or more, every number, and increasing times")
    return times - times[0], table[:, 1:].reshape(len(times), len(TEN_NAMES), len(AXES))
