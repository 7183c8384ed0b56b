"""Probabilities that mean what they say, and heads that switch where they are most often right.

    scale, shift = platt(labels, scores)
    calibrate(model, hyper, validation)

The verdict is calibrated after Platt (1999): its logit is scaled and shifted so that of the squats
with a score of 0.7 seven in ten are correct. Each part's head gets Platt's scale, and the shift
that puts its greatest F1 at 0.5: parts are rarely wrong, and a probability that never reaches a
half names nothing.
"""

from __future__ import annotations

from typing import Final

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from training.corpus import LABELS
from training.examples import Examples
from training.fitting import answer
from training.model import Hyperparameters

Array = npt.NDArray[np.float64]

STRICTER: Final = 0.75
"""By how much the verdict's logit is lowered after its calibration on synthetic people.

Chosen on the guide halves: real bad squats score higher than synthetic ones. Of aitrainer's guide
dates 0.75, 0.78 and 0.81 are right (balanced) with 0, 0.75 and 1 of it; beyond 0.75 synthetic
people are judged worse. Their scores read a little low for it, which the reliability diagram shows.
"""


def platt(labels: npt.NDArray[np.int64], scores: Array) -> tuple[float, float]:
    """Return scale and shift of the logit.

    :param labels: [N] 1 or 0.
    :param scores: [N] probability of 1.
    """
    logits = logits_of(scores)[:, None]
    fitted = LogisticRegression(C=1e6).fit(logits, labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def best_switch(labels: npt.NDArray[np.int64], scores: Array) -> float:
    """Return the probability from which "wrong" gives the greatest F1."""
    order = np.argsort(-scores)
    hits = np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(labels) + 1) + labels.sum())
    best = int(np.argmax(f1))
    after = scores[order[min(best + 1, len(order) - 1)]]
    return float((scores[order[best]] + after) / 2)


def logits_of(scores: Array) -> Array:
    """Return the logits of probabilities, kept finite."""
    return np.asarray(logit(np.clip(scores, 1e-6, 1 - 1e-6)))


def calibrate(model: keras.Model, hyper: Hyperparameters, validation: Examples) -> None:
    """Calibrate a network in place, on people from whom it has learnt nothing.

    :param model: one of the kind ``parts``, built ``trainable_with_padding``.
    """
    said = answer(model, hyper, validation)
    if said.parts is None:
        raise ValueError(f"a network of the kind {hyper.kind} has no parts to calibrate")
    scale, shift = platt(validation.labels, said.score)
    shift -= STRICTER
    halves = np.array([-shift / 2, shift / 2], dtype=np.float32)
    model.get_layer("verdict_calibrated").set_weights([np.full(2, scale, np.float32), halves])
    scales, shifts = np.ones(len(LABELS), np.float32), np.zeros(len(LABELS), np.float32)
    for index in range(len(LABELS)):
        known = validation.wrong[:, index] >= 0
        labels, scores = validation.wrong[known, index], said.parts[known, index]
        scales[index], _ = platt(labels, scores)
        switch = logits_of(np.array([best_switch(labels, scores)]))[0]
        shifts[index] = -scales[index] * switch
    model.get_layer("parts_calibrated").set_weights([scales, shifts])
