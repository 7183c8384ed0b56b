"""What a kiosk runs of one bundle name: takes it, watches it, and goes back where it is bad."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from edge.bundle import Bundle
from edge.errors import EngineError, SlotError
from edge.golden import parity, read_golden, tolerance
from edge.runtime import Network
from edge.runtime.opening import Opener
from edge.signing import Trust
from trt_engines.checking import open_slot
from trt_engines.records import SHIPPED, Slot, State, software
from trt_engines.slots import Slots
from trt_engines.watched import WatchedNetwork

log = logging.getLogger(__name__)

T = TypeVar("T")

OpenNetwork = Callable[[Bundle, str, Path | None], Network]
"""Opens a bundle's network by its name, given the folder of its engines (None: it has none)."""

MOST_TRIES: Final = 5
"""Slots that are tried before the bundle of the software is taken: somebody switches on and on."""


@dataclass
class Taken(Generic[T]):
    """Something that was loaded, and from where.

    :param what: the classifier, or the pose estimator.
    :param slot: from which it is; None: it is the bundle that comes with the software.
    :param label: name and version of the bundle.
    :param networks: its networks, by name.
    """

    what: T
    slot: Slot | None
    label: str
    networks: Mapping[str, WatchedNetwork]
    since: float = field(default_factory=monotonic)
    failure: str | None = None

    @property
    def on_trial(self) -> bool:
        """Whether it is still to be proved good."""
        return self.slot is not None and self.slot.state is State.TRIAL


class LiveBundle(Generic[T]):
    """Whatever is live of one bundle name, loaded.

        squat = LiveBundle(
            Slots(root, "squat"), load=Classifier, shipped=shipped, open_network=open_network
        )
        classifier = squat.take()
        ...
        squat.look()      # every second: proves, gives up, follows a switch

    A slot never keeps a kiosk from starting: one that cannot be loaded is left for what ran before
    it, and at last for the bundle of the software.

    :param slots: of the name.
    :param load: makes it of a checked bundle and of what opens the bundle's networks.
    :param shipped: makes it of what comes with the software; returns it with its label.
    :param open_network: opens a network on the runtime that is chosen.
    :param trust: tells whose bundles are opened, as it is now.
    :param trial_seconds: for which it must run well to be good.
    :param needs_engines: whether a slot on trial is bad where its engines do not run.
    :param wake: set as soon as a network fails, so that :meth:`look` may be called at once.
    """

    def __init__(
        self,
        slots: Slots,
        *,
        load: Callable[[Bundle, Opener], T],
        shipped: Callable[[Opener], tuple[T, str]],
        open_network: OpenNetwork,
        trust: Callable[[], Trust] = Trust.default,
        trial_seconds: float = 300.0,
        needs_engines: bool = True,
        wake: threading.Event | None = None,
    ) -> None:
        self.slots = slots
        self._load = load
        self._shipped = shipped
        self._open_network = open_network
        self._trust = trust
        self._trial_seconds = trial_seconds
        self._needs_engines = needs_engines
        self._wake = wake or threading.Event()
        self._given_up: dict[str, str] = {}
        self._told = ""
        self.why = "no slot is live"
        self.taken: Taken[T] | None = None

    def take(self) -> T:
        """Load what is live and use it from now on.

        :raises KioskError: no slot can be used, and the bundle of the software cannot either.
        """
        for _ in range(MOST_TRIES):
            slot = self._start()
            if slot is None:
                break
            taken = self._try(slot)
            # It may have been emptied, or another made live, while it was read.
            if taken is not None and slot.same(self._wanted()):
                return self._use(taken, slot.why)
        return self._use(self._open(None), self.why_shipped())

    def look(self) -> bool:
        """Prove what is on trial, give it up where it failed, follow a switch.

        :return: whether something else is used from now on.
        """
        taken = self.taken
        if taken is None:
            return False
        try:
            if taken.on_trial and taken.slot is not None:
                if taken.failure is not None:
                    self._give_up(taken.slot, taken.failure)
                elif monotonic() - taken.since >= self._trial_seconds:
                    self._prove(taken.slot)
            wanted = self._wanted()
            if taken.slot is None and wanted is None:
                return False
            if taken.slot is not None and wanted is not None and taken.slot.same(wanted):
                taken.slot, self.why = wanted, wanted.why
                return False
            self.take()
        except Exception as error:  # whatever it is, what runs now goes on
            self.why = f"{taken.label} runs on, since what is live cannot be loaded: {error}"
            if self._told != str(error):  # it comes again each second
                self._told = str(error)
                log.exception("the slots of %s cannot be followed", self.slots.name)
            return False
        self._told = ""
        return True

    def ended(self) -> None:
        """Say that the kiosk ends as it should: that does not count against a trial."""
        taken = self.taken
        if taken is not None and taken.slot is not None and taken.on_trial and not taken.failure:
            try:
                self.slots.uncount(taken.slot)
            except (SlotError, OSError) as error:
                log.warning("the trial of %s: %s", self.slots.name, error)

    def status(self) -> dict[str, Any]:
        """Return what runs and why, in plain types."""
        taken = self.taken
        if taken is None:
            return {"name": self.slots.name}
        record = taken.slot.record if taken.slot else None
        missed = f": {record.no_engines}" if record and record.no_engines else ""
        return {
            "name": self.slots.name,
            "bundle": taken.label,
            "slot": SHIPPED if taken.slot is None else taken.slot.letter,
            "state": SHIPPED if taken.slot is None else taken.slot.state.value,
            "why": self.why,
            "failure": taken.failure,
            "networks": {
                name: {
                    "runtime": network.runtime,
                    "why": f"{network.why}{missed}",
                    "lost": network.lost,
                }
                for name, network in taken.networks.items()
            },
        }

    def _start(self) -> Slot | None:
        """Return the slot to load; where its start cannot be counted, no slot on trial."""
        try:
            slot = self.slots.start()
        except (SlotError, OSError) as error:
            log.warning("the slots of %s cannot be changed: %s", self.slots.name, error)
            slot = self.slots.live()
            if slot is not None and slot.state is State.TRIAL:
                self._given_up[slot.fill] = f"its start cannot be counted: {error}"
        if slot is not None and slot.fill in self._given_up:
            return self._wanted()
        return slot

    def _wanted(self) -> Slot | None:
        """Return what is live, leaving out what was given up and could not be marked as bad."""
        live = self.slots.live()
        if live is not None and live.fill in self._given_up:
            live = self.slots.before(live)
        return None if live is not None and live.fill in self._given_up else live

    def _try(self, slot: Slot) -> Taken[T] | None:
        try:
            return self._open(slot)
        except Exception as error:  # whatever is in a slot, the kiosk starts
            log.exception("slot %s of %s", slot.letter, self.slots.name)
            self._give_up(slot, f"it cannot be loaded: {error}")
            return None

    def _open(self, slot: Slot | None) -> Taken[T]:
        networks: dict[str, WatchedNetwork] = {}
        failures: list[Callable[[str], None]] = []

        def tell(sentence: str) -> None:
            log.error("%s: %s", self.slots.name, sentence)
            for hear in failures:
                hear(sentence)

        def opener(bundle: Bundle, name: str) -> Network:
            engines = None if slot is None else slot.engines
            networks[name] = WatchedNetwork(self._open_network(bundle, name, engines), tell)
            return networks[name]

        if slot is None:
            what, label = self._shipped(opener)
        else:
            bundle = open_slot(slot, self._trust())
            what, label = self._load(bundle, opener), bundle.label
            if slot.state is State.TRIAL:
                self._check(slot, bundle, networks)
        # Sessions that run keep what they have; the last one that ends gives the memory back.
        weakref.finalize(what, _close, list(networks.values())).atexit = False
        taken = Taken(what, slot, label, networks)
        # Weak: a circle of references would keep the networks' memory.
        reference = weakref.ref(taken)
        failures.append(lambda sentence: self._hear(reference(), sentence))
        return taken

    def _check(self, slot: Slot, bundle: Bundle, networks: Mapping[str, WatchedNetwork]) -> None:
        """Refuse a slot on trial whose engines do not run here, or answer otherwise than tested.

        One that was proved good runs on without its engines, on ONNX Runtime.
        """
        golden = read_golden(bundle)
        engines = slot.record.engines if slot.record else {}
        for name, network in networks.items():
            if name in engines and self._needs_engines and "TensorRT" not in network.runtime:
                raise EngineError(f"the engine of {name} does not run: {network.why}")
            for output, far in parity(network, golden.get(name, [])).items():
                if not far <= tolerance(bundle, name, engines.get(name, "fp32"), output):
                    raise EngineError(f"{output} of {name} is {far:.2g} from the golden answers")

    def _hear(self, taken: Taken[T] | None, sentence: str) -> None:
        if taken is not None and taken.failure is None:
            taken.failure = sentence
            self._wake.set()

    def _use(self, taken: Taken[T], why: str) -> T:
        self.taken, self.why = taken, why
        name = self.slots.name
        where = software(name) if taken.slot is None else f"slot {taken.slot.letter}"
        log.info("%s: %s, from %s: %s", name, taken.label, where, why)
        for name, network in taken.networks.items():
            log.info("%s runs on %s %s", name, network.runtime, network.why and f"({network.why})")
        return taken.what

    def _prove(self, slot: Slot) -> None:
        minutes = self._trial_seconds / 60
        if self.slots.mark_good(slot, f"ran well for {minutes:g} minutes"):
            log.info("%s: slot %s is good", self.slots.name, slot.letter)

    def _give_up(self, slot: Slot, why: str) -> None:
        log.error("%s: slot %s is given up: %s", self.slots.name, slot.letter, why)
        try:
            self.slots.fall_back(slot, why)
        except (SlotError, OSError) as error:
            log.warning("that cannot be kept: %s", error)
            self._given_up[slot.fill] = why

    def why_shipped(self) -> str:
        """Return why no slot is used."""
        given_up = list(self._given_up.values())
        bad = [slot for slot in self.slots.both() if slot.state is State.BAD]
        reasons = given_up or [f"slot {slot.letter} is bad: {slot.why}" for slot in bad]
        return "; ".join(["no slot is live", *reasons])


def _close(networks: list[WatchedNetwork]) -> None:
    for network in networks:
        network.close()
