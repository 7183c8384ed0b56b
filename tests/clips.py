"""The rendered clips and what is known about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "edge" / "demo"
CLIPS = ROOT / "tests" / "data" / "clips"


@dataclass(frozen=True)
class KnownClip:
    """A rendered clip with its known joints.

    :param joints: [T, P, 25, 2] pixels of every person in every frame; NaN where lacking.
    :param subject: which person squats.
    """

    video: Path
    times: npt.NDArray[np.float64]
    joints: npt.NDArray[np.float64]
    subject: int
    meta: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> KnownClip:
        """Read the clip ``demo_good``, ``demo_bad`` or one of tests/data/clips."""
        video = (
            DEMO / f"{name.removeprefix('demo_')}.mp4"
            if name.startswith("demo_")
            else CLIPS / f"{name}.mp4"
        )
        with np.load(CLIPS / f"{name}.npz") as data:
            return cls(
                video,
                data["times"].astype(np.float64),
                data["joints"].astype(np.float64),
                int(data["subject"]),
                json.loads(str(data["meta"])),
            )
