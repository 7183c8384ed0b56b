"""The six parts of the body that the thesis judges, as pages name them."""

from __future__ import annotations

from typing import Any, Final

from edge.assessment import LIKELY
from kiosk_ui.languages import gettext, noted

PARTS: Final = {
    "base_of_support": noted("Feet"),
    "left_knee": noted("Left knee"),
    "right_knee": noted("Right knee"),
    "torso": noted("Upper body"),
    "hip_joint": noted("Hips"),
    "neck": noted("Neck"),
}
"""Left and right are the person's own."""


def part_names() -> dict[str, str]:
    """Return the parts' names in the language of the request."""
    return {part: gettext(text) for part, text in PARTS.items()}


def likely_parts(assessment: dict[str, Any]) -> list[str]:
    """Return the parts in which something was more likely wrong than not."""
    likely = {
        fault["part"]
        for fault in assessment.get("faults", ())
        if fault["visible"] and fault["probability"] >= LIKELY
    }
    return [part for part in PARTS if part in likely]
