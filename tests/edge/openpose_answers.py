"""What OpenPose's stand-in answers to a clip: the joints that are known of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.frames import Frame, Picture
from tests.edge.standin_pyopenpose.pyopenpose import SMALL

SCORE = 0.9


def write_answers(path: Path, frames: Iterable[Frame], joints: npt.NDArray[np.float64]) -> Path:
    """Write the stand-in's file.

    :param joints: [T, P, 25, 2] of each frame, NaN where a joint is not seen.
    """
    pictures = np.stack([small(frame.picture) for frame in frames])
    seen = np.isfinite(joints[..., 0])
    rows = np.concatenate(
        [np.where(seen[..., None], joints, 0.0), np.where(seen, SCORE, 0.0)[..., None]], axis=-1
    )
    np.savez(path, pictures=pictures, people=rows[: len(pictures)])
    return path


def small(picture: Picture) -> npt.NDArray[np.float64]:
    """Return a picture as the stand-in compares it."""
    reduced = cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(reduced, cv2.COLOR_BGR2GRAY), np.float64)
