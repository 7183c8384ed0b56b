"""Losing the GPU in the middle of a clip, and what is no loss."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edge.assessment import Assessment
from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.classifier import Classifier
from edge.errors import NetworkError, OutsideProfileError
from edge.frames.video import VideoFile
from edge.pose.blazepose import BlazePose
from edge.runtime import Array, Network, TensorSpec
from edge.runtime.fallback import FallbackNetwork
from edge.runtime.opening import open_network
from edge.session import ScoringSession
from edge.track import Pose
from tests.clips import KnownClip
from tests.trt_engines.engines import engines_of, random_inputs
from tests.trt_engines.standin import Standin

Seen = list[tuple[float, list[Pose]]]


class Adds(Network):
    """Adds a number to ``x``, until it is told to fail."""

    inputs = outputs = (TensorSpec("x", ("N",)),)

    def __init__(self, number: float) -> None:
        self.runtime = f"adds {number}"
        self.number = number
        self.error: Exception | None = None
        self.calls = 0
        self.closed = False

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.calls += 1
        if self.error:
            raise self.error
        return {"x": inputs["x"] + self.number}

    def close(self) -> None:
        self.closed = True


ONE = {"x": np.ones(1, np.float32)}


@pytest.fixture
def lost() -> list[str]:
    return []


@pytest.fixture
def pair(lost: list[str]) -> tuple[Adds, Adds, FallbackNetwork]:
    engine, spare = Adds(10), Adds(20)
    return engine, spare, FallbackNetwork(engine, spare, on_lost=lost.append)


def test_the_engine_answers_as_long_as_it_does(
    pair: tuple[Adds, Adds, FallbackNetwork], lost: list[str]
) -> None:
    engine, spare, network = pair
    assert network.run(ONE)["x"] == 11
    assert network.runtime == "adds 10"
    assert network.lost is None
    assert spare.calls == 0
    network.close()
    assert engine.closed and spare.closed
    assert lost == []


def test_a_failure_is_answered_by_the_spare_one_for_good(
    pair: tuple[Adds, Adds, FallbackNetwork], lost: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    engine, _, network = pair
    engine.error = NetworkError("the GPU failed")
    assert network.run(ONE)["x"] == 21
    assert (network.lost, network.runtime) == ("the GPU failed", "adds 20")
    assert network.why == "the engine failed: the GPU failed"
    engine.error = None
    assert network.run(ONE)["x"] == 21
    assert engine.calls == 1
    assert engine.closed
    assert lost == ["the GPU failed"]
    assert [r.levelno for r in caplog.records] == [logging.ERROR]


def test_a_shape_for_which_it_was_not_built_is_no_loss(
    pair: tuple[Adds, Adds, FallbackNetwork], lost: list[str]
) -> None:
    engine, _, network = pair
    engine.error = OutsideProfileError("from 1 to 2, not 3")
    assert network.run(ONE)["x"] == 21
    engine.error = None
    assert network.run(ONE)["x"] == 11
    assert network.lost is None
    assert lost == []


def test_where_both_fail_the_inputs_are_to_blame(
    pair: tuple[Adds, Adds, FallbackNetwork], lost: list[str]
) -> None:
    engine, spare, network = pair
    engine.error, spare.error = NetworkError("no"), NetworkError("x must be float32")
    with pytest.raises(NetworkError, match="x must be float32"):
        network.run(ONE)
    assert network.lost is None
    assert lost == []


def test_what_is_no_number_is_a_failure_of_the_engine(
    pair: tuple[Adds, Adds, FallbackNetwork], lost: list[str]
) -> None:
    engine, spare, network = pair
    engine.number = spare.number = np.nan
    assert np.isnan(network.run(ONE)["x"])  # then it is the inputs' fault
    assert network.lost is None
    spare.number = 20
    assert network.run(ONE)["x"] == 21
    assert lost == ["its answer is no number"]


def test_who_is_told_must_not_cost_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("the announcer is broken")

    engine = Adds(10)
    engine.error = NetworkError("the GPU failed")
    assert FallbackNetwork(engine, Adds(20), on_lost=fail).run(ONE)["x"] == 21
    assert "the announcer is broken" in caplog.text


def test_many_threads_lose_it_once(
    standin: Standin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle, lost = Bundle.open(DEFAULT_BUNDLE), list[str]()
    engines = engines_of(tmp_path / "engines", bundle)
    network = open_network(bundle, "classifier", engines=engines, on_lost=lost.append)
    expected = open_network(bundle, "classifier", runtime="onnx").run(random_inputs())
    standin.fault(launch_error=5)
    begin = threading.Barrier(4)

    def ask(_: int) -> None:
        begin.wait(timeout=30)
        for _ in range(10):
            answers = network.run(random_inputs())
            for name, values in expected.items():
                np.testing.assert_allclose(answers[name], values, atol=1e-6)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert len(lost) == 1
    assert len([r for r in caplog.records if "for good" in r.message]) == 1


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What the real pose model sees in a real clip with three squats, at 15 Hz."""
    stream = BlazePose().open_stream()
    with VideoFile(KnownClip.load("demo_bad").video) as video:
        return [(f.time, stream.estimate(f)) for n, f in enumerate(video) if n % 2 == 0]


def assessed(seen: Seen, network: Network) -> Assessment:
    classifier = Classifier(Bundle.open(DEFAULT_BUNDLE), lambda _bundle, _name: network)
    session = ScoringSession(None, classifier)
    for time, people in seen:
        session.push_poses(time, people)
    return session.finish()


@pytest.mark.parametrize("good_runs", range(5))
def test_a_clip_is_not_lost_with_the_gpu(
    standin: Standin, tmp_path: Path, seen: Seen, good_runs: int
) -> None:
    """A session asks five times: for each of three repetitions, and twice to explain the worst."""
    bundle, lost = Bundle.open(DEFAULT_BUNDLE), list[str]()
    expected = assessed(seen, open_network(bundle, "classifier", runtime="onnx"))
    assert len(expected.repetitions) == 3
    engines = engines_of(tmp_path / "engines", bundle)
    network = open_network(bundle, "classifier", engines=engines, on_lost=lost.append)
    assert network.runtime.startswith("TensorRT")
    standin.fault(launch_error=good_runs)
    assert assessed(seen, network) == expected
    assert len(lost) == 1
    assert network.runtime.startswith("ONNX Runtime")
