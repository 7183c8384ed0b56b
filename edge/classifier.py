"""The classifier: how likely it is that one repetition was done correctly."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from edge.bundle import DEFAULT_BUNDLE, Bundle, BundleInput
from edge.errors import BundleError
from edge.exercise import Repetition
from edge.exercises import DEFAULT
from edge.explanation import JOINTS, Explanation, Typical, explain, seen_parts
from edge.judging import Judgement, View
from edge.preprocessing import PREPROCESSINGS, Features, Preprocessing, prepare
from edge.runtime.opening import Opener, open_onnx
from edge.signing import Trust
from edge.track import FloatArray, PoseTrack

PROBABILITIES: Final = "probabilities"
PARTS: Final = "parts"
VIEW: Final = "view"
"""The outputs that a network may have: the first it must have."""

CORRECT: Final = "correct"

TYPICAL: Final = "typical.npz"
"""The file with typical repetitions, without which nothing is explained."""


class Classifier:
    """A bundle's network, run by whatever runtime it is given.

        classifier = Classifier.load()
        score = classifier.score(with_margin(track, repetition))

    :param bundle: a checked bundle with one network.
    :param opener: opens the network; by default ONNX Runtime.
    :raises BundleError: the bundle asks for what this version does not have.
    """

    def __init__(self, bundle: Bundle, opener: Opener = open_onnx) -> None:
        manifest = bundle.manifest
        if manifest.kind != "classifier" or len(manifest.networks) != 1:
            raise BundleError("this version runs classifiers with one network")
        ((name, network),) = manifest.networks.items()
        outputs = {one.name: one.classes for one in network.outputs}
        if CORRECT not in outputs.get(PROBABILITIES, []):
            raise BundleError(f"the output {PROBABILITIES!r} with a class {CORRECT!r} is missing")
        self._preprocess = {one.name: _preprocessing(one) for one in network.inputs}
        self._outputs = outputs
        self._correct = outputs[PROBABILITIES].index(CORRECT)
        self.network = opener(bundle, name)
        self._check()
        self.typical = Typical.load(bundle.path(TYPICAL)) if TYPICAL in manifest.files else None
        """Typical correct repetitions, from several sides; without them nothing is explained."""
        self._visible_to = manifest.visible_to
        self.label = bundle.label
        self.threshold = manifest.threshold

    @classmethod
    def load(
        cls,
        folder: Path = DEFAULT_BUNDLE,
        exercise: str = DEFAULT,
        opener: Opener = open_onnx,
        *,
        trust: Trust | None = None,
    ) -> Classifier:
        """Open the bundle in ``folder`` and its network.

        :param exercise: the name of what it is to judge.
        :param opener: opens the network; by default ONNX Runtime.
        :param trust: whose bundles are opened; None: as the settings of this device say.
        :raises BundleError: it cannot be used, or judges another exercise.
        """
        bundle = Bundle.open(folder, trust)
        if bundle.manifest.exercise != exercise:
            raise BundleError(
                f"the bundle {bundle.label} judges {bundle.manifest.exercise}, not {exercise}"
            )
        return cls(bundle, opener)

    def _check(self) -> None:
        inputs = {one.name for one in self.network.inputs}
        lacking = set(self._outputs) - {one.name for one in self.network.outputs}
        if inputs != set(self._preprocess) or lacking:
            raise BundleError("the network lacks an input or output that the manifest names")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the network's inputs."""
        return tuple(self._preprocess)

    def score(self, repetition: PoseTrack) -> float:
        """Return the probability, 0 to 1, that this repetition was correct.

        :param repetition: standing to standing with its margin, at any frame rate.
        :raises FeatureError: too little was seen to make features.
        """
        return self._judge(repetition).score

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        """Judge one repetition: its score, its parts and the view, as far as the model has them.

        :param part: the repetition with its margin, at any frame rate.
        :param repetition: not needed: the model sees the movement itself.
        :raises FeatureError: too little was seen to make features.
        """
        return self._judge(part)

    def _judge(self, part: PoseTrack) -> Judgement:
        prepared = prepare(part)
        answers = self.run(self.inputs(prepared[None]))
        parts = dict(zip(self._outputs.get(PARTS, []), answers.get(PARTS, [[]])[0], strict=True))
        told = dict(zip(self._outputs.get(VIEW, []), answers.get(VIEW, [[]])[0], strict=True))
        view = View(float(told["yaw"]), float(told["height"])) if told else None
        return Judgement(
            score=float(answers[PROBABILITIES][0, self._correct]),
            parts={name: float(value) for name, value in parts.items()},
            view=view,
            hidden=self._hidden(prepared, view),
        )

    def _hidden(self, prepared: FloatArray, view: View | None) -> frozenset[str]:
        """Return the parts that cannot be judged from there, or whose joints nobody saw."""
        hidden = set(JOINTS) - set(seen_parts(prepared))
        if view is not None:
            hidden |= {name for name, turn in self._visible_to.items() if abs(view.yaw) > turn}
        return frozenset(hidden.intersection(self._outputs.get(PARTS, [])))

    def explain(
        self, part: PoseTrack, repetition: Repetition, judgement: Judgement
    ) -> Explanation | None:
        """Say which part, joint and moment cost a repetition most of its score.

            judgement = classifier.judge(part, repetition)
            explanation = classifier.explain(part, repetition, judgement)

        :param part: the repetition with its margin, at any frame rate.
        :param repetition: when in it the movement begins, turns and ends.
        :param judgement: what :meth:`judge` has said of it.
        :return: None where the bundle has no typical repetitions to compare with.
        :raises FeatureError: too little was seen to make features.
        """
        if self.typical is None:
            return None
        return explain(
            self,
            prepare(part),
            float(part.times[0]),
            repetition,
            typical=self.typical,
            view=judgement.view,
            score=judgement.score,
        )

    def inputs(self, prepared: FloatArray) -> dict[str, Features]:
        """Return the inputs, each [..., T, C], for joints [..., k, 25, 2] prepared already."""
        return {name: make(prepared) for name, make in self._preprocess.items()}

    def scores(self, inputs: dict[str, Features]) -> FloatArray:
        """Return [N] the scores for inputs [N, T, C]; N clips of equal length."""
        answers = self.run(inputs)[PROBABILITIES]
        return answers[:, self._correct].astype(np.float64)

    def run(self, inputs: dict[str, Features]) -> dict[str, Features]:
        """Return the network's outputs for inputs [N, T, C]; N clips of equal length."""
        answers = self.network.run(inputs)
        return {name: answers[name] for name in self._outputs}


def _preprocessing(wanted: BundleInput) -> Preprocessing:
    key = (wanted.preprocessing, wanted.preprocessing_version)
    if key not in PREPROCESSINGS:
        raise BundleError(f"preprocessing {key[0]} version {key[1]} is not in this version")
    return PREPROCESSINGS[key]
