"""What a kiosk runs of the slots: real bundles, real ONNX Runtime, networks that fail on demand."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.errors import BundleError, NetworkError
from edge.runtime import Array, Network
from edge.runtime.onnx import OnnxNetwork
from edge.runtime.opening import Opener
from tests.trt_engines.flashing import make_bundle, trusting
from trt_engines.flash import put
from trt_engines.kinds import load_classifier
from trt_engines.live import LiveBundle
from trt_engines.records import State, keep
from trt_engines.slots import Slots


class Faulty(Network):
    """A network that fails, is lost, or answers nonsense on demand."""

    def __init__(self, path: Path) -> None:
        self._network = OnnxNetwork(path)
        self.inputs, self.outputs = self._network.inputs, self._network.outputs
        self.runtime = "TensorRT 10.3 fp32"
        self.lost: str | None = None
        self.fault: Exception | None = None
        self.nan = False
        self.closed = False

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        if self.fault:
            raise self.fault
        answers = self._network.run(inputs)
        return {k: v * np.nan for k, v in answers.items()} if self.nan else answers

    def close(self) -> None:
        self.closed = True


class Device:
    """A kiosk's folder with slots, and what loads from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = trusting(folder / "data")
        self.slots = Slots(folder / "data" / "engines", "squat")
        self.shipped = make_bundle(folder / "shipped", 0.6, "0.1.0")
        self.opened: list[Faulty] = []
        self.runtime = "TensorRT 10.3 fp32"

    def live(self, **options: Any) -> LiveBundle[Classifier]:
        def shipped(opener: Opener) -> tuple[Classifier, str]:
            bundle = Bundle.open(self.shipped, self.settings.trust())
            return load_classifier(bundle, opener), bundle.label

        def open_network(bundle: Bundle, name: str, engines: Path | None) -> Network:
            self.opened.append(Faulty(bundle.network_path(name)))
            self.opened[-1].runtime = self.runtime
            return self.opened[-1]

        made = {"load": load_classifier, "shipped": shipped, "open_network": open_network}
        return LiveBundle(self.slots, trust=self.settings.trust, **(made | options))

    def flash(self, correct: float, version: str, *, good: bool = True) -> str:
        bundle = Bundle.open(
            make_bundle(self.folder / version, correct, version), self.settings.trust()
        )
        with self.slots.locks.writing():
            slot = self.slots.begin_filling(bundle.label)
            put(bundle, slot.bundle, self.settings)
            slot = self.slots.filled(slot, digest=bundle.digest, engines={"classifier": "fp32"})
            live = self.slots.switch(slot.letter, "flashed")
        assert live
        if good:
            self.slots.mark_good(live, "ran well")
        return slot.letter


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def score(classifier: Classifier) -> float:
    inputs = {"differences": np.ones((1, 40, 20), np.float32)}
    return round(float(classifier.scores(inputs)[0]), 3)


def test_without_slots_the_shipped_bundle_runs(device: Device) -> None:
    live = device.live()
    assert score(live.take()) == 0.6
    assert not live.look()
    status = live.status()
    assert (status["slot"], status["bundle"]) == ("shipped", "squat 0.1.0")
    assert status["networks"]["classifier"]["runtime"] == "TensorRT 10.3 fp32"


def test_a_trial_that_runs_well_is_proved(device: Device) -> None:
    device.flash(0.9, "1.0.0", good=False)
    live = device.live(trial_seconds=0.0)
    assert score(live.take()) == 0.9
    assert live.status()["state"] == "trial"
    assert not live.look()
    assert live.status()["state"] == "good"
    assert device.slots.read("A").state is State.GOOD
    assert not live.look()


def test_a_trial_is_not_proved_before_its_time(device: Device) -> None:
    device.flash(0.9, "1.0.0", good=False)
    live = device.live(trial_seconds=60.0)
    live.take()
    assert not live.look()
    assert device.slots.read("A").state is State.TRIAL


@pytest.mark.parametrize("how", ["raises", "nan", "lost"])
def test_a_network_that_fails_on_trial_is_left_at_once(device: Device, how: str) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=False)
    live = device.live()
    classifier = live.take()
    network = device.opened[-1]
    if how == "lost":
        network.lost = "the GPU is gone"
        assert score(classifier) == 0.8  # the clip that is being scored is scored
    else:
        network.fault = NetworkError("out of memory") if how == "raises" else None
        network.nan = how == "nan"
        with pytest.raises(NetworkError):
            score(classifier)
    assert live.look()
    assert live.taken
    assert score(live.taken.what) == 0.9
    told = {"raises": "out of memory", "nan": "no number", "lost": "the GPU is gone"}
    assert told[how] in device.slots.read("B").why
    assert not live.look()


def test_a_good_one_that_fails_stays_and_says_so(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    live = device.live()
    classifier = live.take()
    device.opened[-1].lost = "the GPU is gone"
    score(classifier)
    assert not live.look()
    status = live.status()
    assert (status["state"], status["failure"]) == ("good", "the GPU is gone")
    assert status["networks"]["classifier"]["lost"] == "the GPU is gone"
    assert device.slots.read("A").state is State.GOOD


def test_an_engine_that_does_not_run_ends_a_trial_but_not_a_good_one(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=False)
    device.runtime = "ONNX Runtime"
    live = device.live()
    assert score(live.take()) == 0.9
    assert "the engine of classifier does not run" in device.slots.read("B").why
    assert live.status()["state"] == "good"


def test_it_is_told_why_no_engine_was_built(device: Device) -> None:
    device.flash(0.9, "1.0.0", good=False)
    live = device.live()
    live.take()
    slot = device.slots.read("A")
    assert slot.record
    keep(slot, slot.record.model_copy(update={"no_engines": "pycuda is not installed"}))
    live.look()
    assert live.status()["networks"]["classifier"]["why"].endswith(": pycuda is not installed")


def test_a_kiosk_that_wants_no_engines_misses_none(device: Device) -> None:
    device.flash(0.9, "1.0.0", good=False)
    device.runtime = "ONNX Runtime"
    assert score(device.live(needs_engines=False).take()) == 0.9


@pytest.mark.parametrize("good", [True, False])
def test_an_altered_bundle_is_left(
    device: Device, good: bool, caplog: pytest.LogCaptureFixture
) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=good)
    path = device.slots.folder / "B" / "bundle" / "classifier.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    assert score(device.live().take()) == 0.9
    assert "classifier.onnx" in device.slots.read("B").why
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_another_bundle_in_a_slot_is_left(device: Device) -> None:
    """Signed and whole, but not what was tested there."""
    device.flash(0.9, "1.0.0")
    other = make_bundle(device.folder / "other", 0.1, "6.6.6")
    for file in other.iterdir():
        (device.slots.folder / "A" / "bundle" / file.name).write_bytes(file.read_bytes())
    live = device.live()
    assert score(live.take()) == 0.6
    assert "not the one that was flashed" in live.status()["why"]


def test_whatever_a_slot_does_the_kiosk_starts(device: Device) -> None:
    device.flash(0.9, "1.0.0")

    def load(bundle: Bundle, opener: Opener) -> Classifier:
        if bundle.label != "squat 0.1.0":
            raise ZeroDivisionError("nobody has thought of this")
        return load_classifier(bundle, opener)

    assert score(device.live(load=load).take()) == 0.6


def test_a_bundle_of_the_software_that_cannot_be_used_is_told(device: Device) -> None:
    (device.shipped / "classifier.onnx").unlink()
    with pytest.raises(BundleError, match="lacks"):
        device.live().take()


def test_three_starts_that_end_in_a_crash_are_enough(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=False)
    for _ in range(3):
        assert score(device.live().take()) == 0.8
    live = device.live()
    assert score(live.take()) == 0.9
    assert "started 3 times" in device.slots.read("B").why


def test_a_kiosk_that_is_switched_off_every_night_does_not_crash(device: Device) -> None:
    device.flash(0.9, "1.0.0", good=False)
    for _ in range(5):
        live = device.live()
        assert score(live.take()) == 0.9
        live.ended()


def test_a_switch_is_followed_and_memory_given_back(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    live = device.live()
    session = live.take()
    old = device.opened[-1]
    device.flash(0.8, "2.0.0", good=False)
    assert live.look()
    assert live.taken
    assert score(live.taken.what) == 0.8
    assert score(session) == 0.9  # whoever has begun with it ends with it
    assert not old.closed
    gone = weakref.ref(session)
    del session
    assert gone() is None  # no circle keeps it until the garbage is collected
    assert old.closed
    assert not live.look()


def test_a_roll_back_by_hand_is_followed(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    live = device.live()
    live.take()
    with device.slots.locks.writing():
        device.slots.roll_back("too nice")
    assert live.look()
    assert live.taken
    assert score(live.taken.what) == 0.6
    assert "too nice" in live.status()["why"]


def test_what_is_filled_anew_while_it_is_read_is_read_again(device: Device) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=False)
    changed: list[str] = []

    def load(bundle: Bundle, opener: Opener) -> Classifier:
        made = load_classifier(bundle, opener)
        if not changed:
            changed.append(device.flash(0.7, "3.0.0", good=False))
        return made

    assert score(device.live(load=load).take()) == 0.7
    assert changed == ["B"]


def test_where_no_start_can_be_counted_no_trial_is_begun(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.flash(0.9, "1.0.0")
    device.flash(0.8, "2.0.0", good=False)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trt_engines.durable.write", full)
    live = device.live()
    assert score(live.take()) == 0.9
    assert not live.look()
    monkeypatch.setattr("trt_engines.durable.point", full)
    assert score(device.live().take()) == 0.9
    device.slots.read("A").bundle.joinpath("classifier.onnx").unlink()
    assert score(device.live().take()) == 0.6


def test_a_switch_that_cannot_be_followed_leaves_what_runs(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    device.flash(0.9, "1.0.0")
    live = device.live()
    classifier = live.take()
    (device.shipped / "classifier.onnx").unlink()
    with device.slots.locks.writing():
        device.slots.switch("shipped", "by hand")
    for _ in range(3):
        assert not live.look()
    assert live.taken
    assert live.taken.what is classifier
    assert caplog.text.count("cannot be followed") == 1
    assert "squat 1.0.0 runs on, since" in live.status()["why"]
