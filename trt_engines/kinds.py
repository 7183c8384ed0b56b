"""What the kiosk makes of each kind of bundle; the self-test makes the very same."""

from __future__ import annotations

from typing import Final

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.errors import BundleError
from edge.exercises import DEFAULT
from edge.pose import PoseEstimator
from edge.pose.opening import BACKENDS, open_pose
from edge.runtime.opening import Opener
from trt_engines.records import NAMES

CLASSIFIER: Final = "squat"
"""The slots of the classifier; those of a pose bundle are called as its backend."""


def load_classifier(bundle: Bundle, opener: Opener) -> Classifier:
    """Return a bundle's classifier.

    :raises BundleError: it judges another exercise than the kiosk's, or cannot be used.
    """
    _check_name(bundle, CLASSIFIER)
    exercise = bundle.manifest.exercise
    if bundle.manifest.kind == "classifier" and exercise != DEFAULT:
        raise BundleError(
            f"the bundle {bundle.label} judges {exercise or 'nothing'}, and the kiosk {DEFAULT}"
        )
    return Classifier(bundle, opener)


def load_pose(bundle: Bundle, opener: Opener) -> PoseEstimator:
    """Return a bundle's pose estimator.

    :raises BundleError: its backend is not known here, or it cannot be used.
    """
    backend = bundle.manifest.backend
    if backend not in BACKENDS or backend not in NAMES:
        raise BundleError(
            f"the bundle {bundle.label} is for the pose backend {backend or '(none)'}, and this "
            f"software takes bundles for {', '.join(NAMES[1:])}"
        )
    _check_name(bundle, backend)
    return open_pose(backend, bundle=bundle, opener=opener)


MOST_TOLERANCE: Final = 0.2
"""How far off a bundle may allow a probability to be: with more, a clear 0.7 would pass as less
than 0.5, which is the other verdict, and the self-test would prove nothing."""

PROBABILITIES: Final = ("probabilities", "parts")
"""The outputs of a classifier to which that applies."""


def check_tolerances(bundle: Bundle) -> None:
    """Refuse a bundle whose self-test could not fail.

    :raises BundleError: a tolerance of a classifier's probability is too large.
    """
    if bundle.manifest.kind != "classifier":
        return
    for name, network in bundle.manifest.networks.items():
        for precision, said in network.tolerances.items():
            for output, far in said.items():
                if output in PROBABILITIES and far > MOST_TOLERANCE:
                    raise BundleError(
                        f"{output} of {name} may be off by {far:g} in {precision}, and "
                        f"more than {MOST_TOLERANCE:g} proves nothing: export the bundle with a "
                        "smaller tolerance (docs/bundle.md)"
                    )


def load(bundle: Bundle, opener: Opener) -> Classifier | PoseEstimator:
    """Return whichever it is."""
    if bundle.manifest.kind == "classifier":
        return load_classifier(bundle, opener)
    return load_pose(bundle, opener)


def _check_name(bundle: Bundle, name: str) -> None:
    if bundle.manifest.name != name:
        raise BundleError(
            f"the bundle is called {bundle.manifest.name}, and the kiosk looks for {name}: "
            "export it with that name"
        )
