"""A plain baseline: summary statistics of each repetition and gradient-boosted trees.

    model = fit(train)
    scores = answer(model, examples).score

In published work such a baseline sometimes beats deep networks; a network that does not beat it
has not earned its keep.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from edge.joints import BODY_25, TEN
from training.examples import Examples
from training.filming import Features
from training.fitting import Answers

LEVELS: Final = (0.5, 0.8)
"""Shares of the way down at which the posture is looked at, going down and coming up."""

DEEP: Final = 0.6
"""Knees are measured where the hips are at least so far down, as a share of their way."""

NAMES: Final = tuple(BODY_25[joint] for joint in TEN)


def summary(inputs: Features, positions: slice) -> npt.NDArray[np.float64]:
    """Return the summary statistics of one repetition.

    Postures at six moments (ten joints from the middle of the ankles), and ratios that do not
    depend on the size in the picture: depth, widths, shortening of the torso, knees, tempo.

    :param inputs: [T, 45] as :func:`training.filming.features` returns.
    :param positions: the columns that are positions.
    """
    places = inputs[:, positions].astype(np.float64).reshape(len(inputs), len(TEN), 2)
    at = {name: places[:, index] for index, name in enumerate(NAMES)}
    hips = at["MidHip"][:, 1]
    low = int(np.argmax(hips))
    start = int(np.argmin(hips[: low + 1]))
    end = low + int(np.argmin(hips[low:]))
    drop = max(float(hips[low] - hips[start]), 1e-3)
    depth = (hips - hips[start]) / drop

    def first(level: float) -> int:
        return start + int(np.argmax(depth[start : low + 1] >= level))

    def last(level: float) -> int:
        return end - int(np.argmax(depth[low : end + 1][::-1] >= level))

    ankles = (at["RAnkle"] + at["LAnkle"]) / 2
    moments = [start, *map(first, LEVELS), low, *map(last, LEVELS[::-1])]
    postures = [places[moment] - ankles[moment] for moment in moments]

    width = {
        part: at[f"L{part}"][:, 0] - at[f"R{part}"][:, 0]
        for part in ("Shoulder", "Hip", "Knee", "Ankle")
    }
    torso = np.hypot(*(at["Neck"] - at["MidHip"]).T)
    leg = max(float(ankles[start, 1] - hips[start]), 1e-3)
    knees = (at["RKnee"][:, 1] + at["LKnee"][:, 1]) / 2
    deep = depth >= DEEP
    out = [
        sign * (at[f"{side}Knee"] - (at[f"{side}Hip"] + at[f"{side}Ankle"]) / 2)[deep, 0].mean()
        for side, sign in (("L", 1), ("R", -1))
    ]
    ratios = [
        drop / leg,
        drop / torso[start],
        (knees[low] - hips[low]) / leg,
        torso[low] / torso[start],
        leg / torso[start],
        width["Knee"][low] / max(width["Ankle"][low], 0.05),
        width["Ankle"][start] / max(width["Shoulder"][start], 0.05),
        width["Ankle"][start] / max(width["Hip"][start], 0.05),
        width["Shoulder"][start] / torso[start],
        width["Hip"][start] / torso[start],
        *(side / leg for side in out),
        abs(at["Neck"][low, 0] - at["MidHip"][low, 0]) / torso[start],
        abs(at["MidHip"][low, 0] - ankles[low, 0]) / torso[start],
        (low - start) / 30,
        (end - low) / 30,
    ]
    head = inputs[[start, low], positions.stop :].ravel()
    together = np.concatenate([*map(np.ravel, postures), ratios, head])
    return np.asarray(np.nan_to_num(np.clip(together, -9, 9)))


def summaries(examples: Examples) -> npt.NDArray[np.float64]:
    """Return the summary statistics of all examples, [N, S]."""
    columns = examples.columns("positions")
    return np.stack([summary(inputs, columns) for inputs in examples.inputs])


def fit(train: Examples, seed: int) -> HistGradientBoostingClassifier:
    """Return the baseline, fitted."""
    model = HistGradientBoostingClassifier(
        max_iter=300, learning_rate=0.06, l2_regularization=1.0, random_state=seed
    )
    return model.fit(summaries(train), train.labels)


def answer(model: HistGradientBoostingClassifier, examples: Examples) -> Answers:
    """Return what the baseline says of the examples."""
    return Answers(model.predict_proba(summaries(examples))[:, 1])
