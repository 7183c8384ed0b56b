"""Clips of synthetic people that were drawn and then tracked by the pose model: how they are kept.

    for clip in load_clips(Path("training/runs/rendered/errors")):
        apart = clip.tracked - clip.known

:mod:`training.rendered` makes them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.track import FloatArray, PoseTrack
from training.synthetic.camera import Camera
from training.synthetic.limits import severities
from training.synthetic.timing import Repetition


@dataclass(frozen=True)
class RenderedClip:
    """What the pose model saw of one squat, and what there was to see.

    :param person: who it is; no person is in two sets.
    :param times: moments [T] of the frames in seconds.
    :param known: BODY_25 joints [T, 25, 2] where they are in the picture, in pixels.
    :param tracked: the same as the subject's track has them; NaN where it has none.
    :param confidence: of the track [T, 25], 0 to 1; 0 where the subject was not seen.
    :param repetitions: when the squats are.
    :param camera: who looked at it.
    :param measured: the quantities of :data:`training.synthetic.limits.LIMITS`; the labels are
        made from them when asked for, so that another limit needs no new pictures.
    :param choice: how the choice of the subject went (:class:`edge.subject.Choice`).
    :param notes: style, faults, clothes and whatever else was drawn, to look things up.
    """

    person: str
    times: FloatArray
    known: FloatArray
    tracked: FloatArray
    confidence: FloatArray
    repetitions: list[Repetition]
    camera: Camera
    measured: dict[str, float]
    choice: str
    notes: dict[str, Any]

    @property
    def wrong(self) -> dict[str, float]:
        """Severity of each body part, and of too much depth; above 0 is wrong."""
        return severities(self.measured)

    @property
    def correct(self) -> bool:
        """Whether no part is wrong."""
        return max(self.wrong.values()) <= 0

    @property
    def track(self) -> PoseTrack:
        """The subject's track, without the frames in which the subject was not seen."""
        seen = np.isfinite(self.tracked).any(axis=(1, 2))
        return PoseTrack(self.times[seen], self.tracked[seen], self.confidence[seen])

    def save(self, path: Path) -> None:
        """Write the clip to an .npz file; nobody finds half of it."""
        about = {
            "person": self.person,
            "repetitions": [asdict(repetition) for repetition in self.repetitions],
            "camera": asdict(self.camera),
            "measured": self.measured,
            "choice": self.choice,
            "notes": self.notes,
        }
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                times=self.times,
                known=self.known.astype(np.float32),
                tracked=self.tracked.astype(np.float32),
                confidence=self.confidence.astype(np.float32),
                about=np.array(json.dumps(about)),
            )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> RenderedClip:
        """Read a clip that :meth:`save` wrote."""
        with np.load(path) as data:
            about = json.loads(str(data["about"]))
            arrays = {
                name: data[name].astype(float)
                for name in ("times", "known", "tracked", "confidence")
            }
        about["repetitions"] = [Repetition(**moments) for moments in about["repetitions"]]
        about["camera"] = Camera(**about["camera"])
        return cls(**arrays, **about)


def load_clips(folder: Path) -> list[RenderedClip]:
    """Return all clips of a folder, in order of their numbers.

    :raises FileNotFoundError: there are none.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"no rendered clips in {folder}: run python -m training.rendered")
    return [RenderedClip.load(path) for path in paths]
