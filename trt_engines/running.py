"""What runs of a bundle name now: to test the new one beside it, and to say what is live."""

from __future__ import annotations

from edge.bundle import Bundle, Manifest
from edge.errors import BundleError
from edge.settings import Settings
from edge.signing import MANIFEST
from trt_engines.kinds import CLASSIFIER
from trt_engines.records import Slot, software
from trt_engines.selftest import Side
from trt_engines.slots import Slots


def live_side(slots: Slots, settings: Settings) -> Side | None:
    """Return what runs of a name now; None where nothing does."""
    live = slots.live()
    if live is not None:
        return Side(bundle=live.bundle, engines=live.engines)
    if slots.name == CLASSIFIER:
        return Side(bundle=settings.bundle)
    if slots.name == settings.pose and settings.pose_bundle is not None:
        return Side(bundle=settings.pose_bundle)
    return Side(bundle=None) if slots.name == "blazepose" else None


def newer_than(bundle: Bundle, slots: Slots, settings: Settings) -> str:
    """Return name and version of what is live, if that is newer; empty: it is not."""
    side = live_side(slots, settings)
    if side is None or side.bundle is None:
        return ""
    try:
        live = Manifest.parse((side.bundle / MANIFEST).read_bytes())
    except (BundleError, OSError):
        return ""  # whatever is wrong there, the flash may mend it
    if as_numbers(bundle.manifest.version) >= as_numbers(live.version):
        return ""
    return f"{live.name} {live.version}"


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version so that the newer one is greater."""
    return tuple(int(part) for part in version.split("."))


def running(slots: Slots) -> str:
    """Return a sentence about what is live."""
    live = slots.live()
    return f"{software(slots.name) if live is None else place(live)} is live"


def place(slot: Slot) -> str:
    """Return which slot this is and what is in it."""
    return f"slot {slot.letter}, {slot.label},"
