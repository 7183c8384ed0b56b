"""Whether the explanation of a score names the part of the body that is wrong.

    found = explain_takes(network, typical, takes, seed=1)
    np.mean([one.right for one in found])

Tried on synthetic people of whom the network has learnt nothing, each with exactly one part wrong,
filmed from about the standard view with the pose model's errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from edge.errors import FeatureError
from edge.exercise import Repetition
from edge.explanation import Explanation, Typical, explain
from edge.judging import View
from edge.preprocessing import PREPROCESSINGS, Features, prepare
from edge.repetitions import find_repetitions, with_margin
from edge.track import FloatArray
from training.corpus import LABELS
from training.filming import INPUTS, SQUAT, Shot, film
from training.fitting import GOOD
from training.model import Hyperparameters
from training.naming import PART_OF_LABEL, named
from training.synthetic.pose_errors import default_bank
from training.takes import Take
from training.train import STANDARD_HEIGHT, STANDARD_YAW
from training.typical import camera_at

EACH: Final = 60
"""At most so many takes of every part."""


class KerasNetwork:
    """A deployable network, asked as the explanation asks the exported one.

        network = KerasNetwork(keras.models.load_model(path), MODELS["ours"])
        network.scores(network.inputs(prepared))

    :param model: built without padding.
    :param hyper: what it is made of.
    """

    def __init__(self, model: keras.Model, hyper: Hyperparameters) -> None:
        self._names = hyper.inputs
        signature = {
            name: tf.TensorSpec((None, None, INPUTS[name]), tf.float32, name=name)
            for name in hyper.inputs
        }
        self._run = tf.function(
            lambda inputs: model(inputs, training=False), input_signature=[signature]
        )

    def inputs(self, prepared: FloatArray) -> dict[str, Features]:
        """Return inputs [..., T, C] for joints [..., k, 25, 2] that are prepared already."""
        return {name: PREPROCESSINGS[name, 1](prepared) for name in self._names}

    def scores(self, inputs: dict[str, Features]) -> npt.NDArray[np.float64]:
        """Return [N] the probability of correct for inputs [N, T, C]."""
        return np.asarray(self.answers(inputs)["probabilities"], dtype=np.float64)[:, GOOD]

    def answers(self, inputs: dict[str, Features]) -> dict[str, Any]:
        """Return all outputs for inputs [N, T, C]."""
        return dict(self._run({name: tf.constant(value) for name, value in inputs.items()}))


@dataclass(frozen=True)
class Explained:
    """What was explained of one take.

    :param truth: the label that is wrong, of :data:`training.corpus.LABELS`.
    :param part: the part of the body that the explanation names.
    :param likeliest: the part that the network's own heads name.
    :param score: what the network says of the take.
    :param phase: when it is explained to be worst: 0 standing, 0.5 the bottom, 1 standing again.
    """

    truth: str
    part: str
    likeliest: str
    score: float
    phase: float

    @property
    def right(self) -> bool:
        """Whether the explanation names what is wrong."""
        return self.part == PART_OF_LABEL[self.truth]


def single_faults(takes: Sequence[Take], each: int = EACH) -> list[Take]:
    """Return takes with exactly one wrong label, at most ``each`` of every label."""
    chosen: list[Take] = []
    count = dict.fromkeys(LABELS, 0)
    for take in takes:
        wrong = np.flatnonzero(take.wrong == 1)
        if len(wrong) == 1 and count[name := LABELS[int(wrong[0])]] < each:
            chosen.append(take)
            count[name] += 1
    return chosen


def standard_shot(rng: np.random.Generator) -> Shot:
    """Return a shot from about the standard view, with the pose model's errors."""
    yaw = float(rng.uniform(-STANDARD_YAW, STANDARD_YAW))
    camera = camera_at(yaw, float(rng.uniform(*STANDARD_HEIGHT)))
    return replace(Shot(), camera=camera, errors=True)


def explain_takes(
    network: KerasNetwork, typical: Typical, takes: Sequence[Take], seed: int
) -> list[Explained]:
    """Explain the score of every take that has one repetition.

    :param typical: what a typical correct repetition looks like.
    :param takes: with one wrong label each.
    :param seed: of views and errors.
    """
    rng, bank = np.random.default_rng(seed), default_bank()
    found = []
    for take in takes:
        track = film(take, standard_shot(rng), rng, bank)
        repetitions = find_repetitions(track, SQUAT)
        if not repetitions:
            continue
        repetition = max(repetitions, key=lambda one: one.travel)
        part = with_margin(track, repetition)
        try:
            prepared = prepare(part)
        except FeatureError:
            continue
        answers = network.answers(
            {name: rows[None] for name, rows in network.inputs(prepared).items()}
        )
        yaw, height = np.asarray(answers["view"], dtype=float)[0]
        told = explain(
            network, prepared, float(part.times[0]), repetition,
            typical=typical, view=View(float(yaw), float(height)),
        )  # fmt: skip
        (index,) = np.flatnonzero(take.wrong == 1)
        found.append(
            Explained(
                truth=LABELS[int(index)],
                part=told.part,
                likeliest=str(named(np.asarray(answers["parts"], dtype=float))[0]),
                score=float(np.asarray(answers["probabilities"])[0, GOOD]),
                phase=_phase(told, repetition),
            )
        )
    return found


def _phase(told: Explanation, repetition: Repetition) -> float:
    moments = [repetition.start, repetition.turn, repetition.end]
    return float(np.interp(told.moment, moments, [0.0, 0.5, 1.0]))
