"""The classifier: how likely it is that one repetition was done correctly."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import onnxruntime

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.errors import BundleError
from edge.preprocessing import PREPROCESSINGS
from edge.track import PoseTrack

CORRECT: Final = "correct"


class RepetitionScorer(Protocol):
    """Whatever gives a repetition its score."""

    @property
    def label(self) -> str:
        """Name and version, as reports show them."""

    def score(self, repetition: PoseTrack) -> float:
        """Return the probability, 0 to 1, that this repetition was correct."""


class Classifier:
    """A bundle's network, run by ONNX Runtime on the processor.

        classifier = Classifier.load()
        score = classifier.score(with_margin(track, repetition))

    :param bundle: a checked bundle with one input and one output of probabilities.
    :raises BundleError: the bundle asks for what this version does not have.
    """

    def __init__(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        if len(manifest.inputs) != 1 or len(manifest.outputs) != 1:
            raise BundleError("this version runs bundles with one input and one output")
        self._input, output = manifest.inputs[0], manifest.outputs[0]
        key = (self._input.preprocessing, self._input.preprocessing_version)
        if key not in PREPROCESSINGS:
            raise BundleError(f"preprocessing {key[0]} version {key[1]} is not in this version")
        if CORRECT not in output.classes:
            raise BundleError(f"the output has no class {CORRECT!r}")
        self._preprocess = PREPROCESSINGS[key]
        self._output = output.name
        self._correct = output.classes.index(CORRECT)
        self._session = self._open(bundle.path(self._input.file))
        self.label = bundle.label
        self.threshold = manifest.threshold

    @classmethod
    def load(cls, folder: Path = DEFAULT_BUNDLE) -> Classifier:
        """Open the bundle in ``folder`` and its network."""
        return cls(Bundle.open(folder))

    def _open(self, path: Path) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        # One clip is 0.5 ms of work: threads would only wake up and wait.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common base class
            raise BundleError(f"{path.name} is not a network that can be run") from error
        names = {i.name for i in session.get_inputs()}, {o.name for o in session.get_outputs()}
        if self._input.name not in names[0] or self._output not in names[1]:
            raise BundleError(f"{path.name} lacks the input or output that the manifest names")
        return session

    def score(self, repetition: PoseTrack) -> float:
        """Return the probability, 0 to 1, that this repetition was correct.

        :param repetition: standing to standing with its margin, at any frame rate.
        :raises FeatureError: too little was seen to make features.
        """
        features = self._preprocess(repetition)[None]
        (probabilities,) = self._session.run([self._output], {self._input.name: features})
        return float(probabilities[0, self._correct])
