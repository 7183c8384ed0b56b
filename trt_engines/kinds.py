"""What the kiosk makes of each kind of bundle; the self-test makes the very same."""

from __future__ import annotations

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.errors import BundleError
from edge.exercises import DEFAULT
from edge.runtime.opening import Opener


def load_classifier(bundle: Bundle, opener: Opener) -> Classifier:
    """Return a bundle's classifier.

    :raises BundleError: it judges another exercise than the kiosk's, or cannot be used.
    """
    exercise = bundle.manifest.exercise
    if bundle.manifest.kind == "classifier" and exercise != DEFAULT:
        raise BundleError(
            f"the bundle {bundle.label} judges {exercise or 'nothing'}, and the kiosk {DEFAULT}"
        )
    return Classifier(bundle, opener)
