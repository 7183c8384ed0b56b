"""Whether what is in a slot is what was put there, and may run on this device."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle import Bundle
from edge.errors import EngineError, KioskError
from edge.runtime.engine import EngineRecords
from edge.runtime.tensorrt import this_device
from edge.signing import Trust
from trt_engines.records import Slot, State


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    :param what: the bundle, or the engine of a network.
    :param wrong: what is wrong with it and what to do; empty: it is as it should be.
    :param told: what is right about it.
    """

    what: str
    wrong: str = ""
    told: str = ""


def open_slot(slot: Slot, trust: Trust) -> Bundle:
    """Open the bundle in a slot.

    :raises BundleError: it is altered, or signed by nobody trusted.
    :raises EngineError: nothing whole is in it, or another bundle than was tested there.
    """
    if slot.state in (State.EMPTY, State.FILLING):
        raise EngineError(f"slot {slot.letter} is {slot.state.value}: {slot.why}")
    bundle = Bundle.open(slot.bundle, trust)
    if slot.record is not None and bundle.digest != slot.record.digest:
        raise EngineError(
            f"the bundle in slot {slot.letter} is not the one that was flashed: flash again"
        )
    return bundle


def verify(slot: Slot, trust: Trust) -> list[Finding]:
    """Check a slot's bundle (hashes, signature) and its engines (hash, identity, this device).

    wrong = [one for one in verify(slot, settings.trust()) if one.wrong]
    """
    try:
        bundle = open_slot(slot, trust)
    except (KioskError, OSError) as error:
        return [Finding("bundle", str(error))]
    signed = f"signed by {bundle.signer}" if bundle.signer else "NOT SIGNED"
    findings = [Finding("bundle", told=f"{bundle.label}, {signed}, every file as it was shipped")]
    return findings + [
        _engine(slot, bundle, network) for network in (slot.record.engines if slot.record else ())
    ]


def _engine(slot: Slot, bundle: Bundle, network: str) -> Finding:
    what = f"engine of {network}"
    try:
        device = this_device()
        plan = EngineRecords.read(slot.engines).plan(slot.engines, bundle, network, device)
    except (KioskError, OSError) as error:
        return Finding(what, f"{error} (scripts/engines build {bundle.manifest.name})")
    told = f"{len(plan)} bytes, built here for {device.gpu} and TensorRT {device.tensorrt}"
    return Finding(what, told=told)
