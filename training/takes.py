"""Takes: single repetitions of every source in one shape, ready to be filmed.

takes = recorded_takes(read("uiprmd-vicon", data)) + corpus_takes(load(folder))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.joints import TEN
from training.corpus import JOINTS, LABELS, Corpus
from training.datasets import Clip

SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Take:
    """One repetition with what is known of it.

    :param source: name of the data set.
    :param person: who it is; people must not be split between training and test.
    :param error: the source's own word for what is wrong.
    :param correct: 1 or 0.
    :param wrong: [7] for each of :data:`training.corpus.LABELS` 1 wrong, 0 fine, -1 unknown.
    :param severity: [7] how wrong, 0 at the limit; NaN where unknown.
    :param times: [T] seconds.
    :param joints: [T, J, 3] metres (x left, y back, z up), or [T, J, 2] (y down, any unit).
    :param which: J numbers of joints in BODY_25.
    :param moments: seconds of start, bottom and end.
    :param name: the source's own name of it.
    """

    source: str
    person: str
    error: str
    correct: int
    wrong: npt.NDArray[np.int64]
    severity: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]
    joints: npt.NDArray[np.float64]
    which: tuple[int, ...]
    moments: tuple[float, float, float]
    name: str = ""


def corpus_takes(corpus: Corpus) -> list[Take]:
    """Return the movements of a corpus."""
    return [
        Take(
            source=SYNTHETIC,
            person=f"{SYNTHETIC}-{corpus.seed}-{corpus.person[i]:04d}",
            error=" + ".join(sorted(corpus.intent[i])) or "none",
            correct=int(corpus.correct[i]),
            wrong=(corpus.severity[i] > 0).astype(np.int64),
            severity=corpus.severity[i],
            times=corpus.times[i],
            joints=corpus.joints[i].astype(np.float64),
            which=JOINTS,
            moments=tuple(corpus.moments[i].tolist()),
        )
        for i in range(len(corpus))
    ]


def recorded_takes(clips: Sequence[Clip]) -> list[Take]:
    """Return the repetitions of a data set.

    Those in three dimensions are turned from the sets' axes (x left, y up, z forward) to ours.
    """
    return [_recorded(clip) for clip in clips]


def _recorded(clip: Clip) -> Take:
    joints = clip.joints
    if joints.shape[2] == 3:
        joints = np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], axis=-1)
    wrong = np.full(len(LABELS), -1)
    wrong[: len(clip.parts)] = clip.parts
    if clip.correct:
        wrong[:] = 0
    # The sets do not say when the squat begins: from the lowest hips and the ends of the clip.
    height = joints[:, TEN.index(8), 2] if joints.shape[2] == 3 else -joints[:, TEN.index(8), 1]
    bottom = float(clip.times[int(np.nanargmin(height))])
    return Take(
        source=clip.source,
        person=clip.person,
        error=clip.error,
        correct=int(clip.correct),
        wrong=wrong,
        severity=np.full(len(LABELS), np.nan),
        times=clip.times,
        joints=joints,
        which=TEN,
        moments=(float(clip.times[0]), bottom, float(clip.times[-1])),
        name=clip.name,
    )
