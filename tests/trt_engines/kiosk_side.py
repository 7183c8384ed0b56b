"""What is done to a kiosk's slots, each in a process that may be killed meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.runtime import Network
from edge.runtime.opening import Opener, open_network
from edge.settings import Settings
from trt_engines import flash as flashing
from trt_engines.__main__ import status_of
from trt_engines.flash import Flash, Stopped
from trt_engines.kinds import load_classifier
from trt_engines.live import LiveBundle
from trt_engines.selftest import run
from trt_engines.slots import ENGINES, Slots

# The forked process has loaded everything already, and testing changes nothing on the disk.
vars(flashing)["self_test"] = run


def settings_of(job: dict[str, Any]) -> Settings:
    return Settings(data_dir=Path(job["data"]), bundle=Path(job["data"]) / "shipped")


def slots_of(job: dict[str, Any]) -> Slots:
    return Slots(Path(job["data"]) / ENGINES, "squat")


def flash(job: dict[str, Any]) -> dict[str, Any]:
    said: list[str] = []
    try:
        # The stand-in for TensorRT is slow.
        wanted = Flash(
            settings_of(job), lambda step, line: said.append(f"{step}: {line}"), factor=1e9
        )
        outcome = int(wanted.run(Path(job["source"])))
    except Stopped as stopped:
        outcome, said = int(stopped.outcome), [*said, stopped.why]
    return {"outcome": outcome, "said": said}


def activate(job: dict[str, Any]) -> dict[str, Any]:
    slots = slots_of(job)
    with slots.locks.writing():
        slots.switch(job["place"], "by hand")
    return {}


def roll_back(job: dict[str, Any]) -> dict[str, Any]:
    slots = slots_of(job)
    with slots.locks.writing():
        slots.roll_back("by hand")
    return {}


def live_of(job: dict[str, Any], trial_seconds: float = 300.0) -> LiveBundle[Classifier]:
    """Return the loading path of the kiosk itself."""
    settings = settings_of(job)

    def shipped(opener: Opener) -> tuple[Classifier, str]:
        bundle = Bundle.open(settings.bundle, settings.trust())
        return load_classifier(bundle, opener), bundle.label

    def opened(bundle: Bundle, name: str, engines: Path | None) -> Network:
        return open_network(bundle, name, engines=engines)

    return LiveBundle(
        slots_of(job), load=load_classifier, shipped=shipped, open_network=opened,
        trust=settings.trust, trial_seconds=trial_seconds,
    )  # fmt: skip


def answer(live: LiveBundle[Classifier]) -> dict[str, Any]:
    taken = live.taken
    assert taken is not None
    inputs = {"differences": np.ones((1, 40, 20), np.float32)}
    return {
        "place": taken.slot.letter if taken.slot else "shipped",
        "label": taken.label,
        "score": round(float(taken.what.scores(inputs)[0]), 3),
        "runtime": taken.networks["classifier"].runtime,
    }


def load(job: dict[str, Any]) -> dict[str, Any]:
    """Start as the kiosk does, and judge something."""
    told = status_of(slots_of(job))
    live = live_of(job)
    live.take()
    return {**answer(live), "told": told}


def prove(job: dict[str, Any]) -> dict[str, Any]:
    """Start, and find the trial at its end."""
    live = live_of(job, trial_seconds=0.0)
    live.take()
    live.look()
    return answer(live)


def fail(job: dict[str, Any]) -> dict[str, Any]:
    """Start, and have the network fail."""
    live = live_of(job)
    live.take()
    assert live.taken is not None
    live.taken.failure = "the network failed"
    live.look()
    return answer(live)
