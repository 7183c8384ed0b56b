"""Which runtime is chosen, and that it says why."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.errors import EngineError
from edge.runtime.engine import RECORDS
from edge.runtime.fallback import FallbackNetwork
from edge.runtime.opening import open_network
from tests.trt_engines.engines import engines_of, random_inputs
from tests.trt_engines.standin import VERSIONS, Standin
from tests.trt_engines.standin.fixture import forget


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(DEFAULT_BUNDLE)


@pytest.mark.parametrize("version", VERSIONS)
def test_auto_prefers_an_engine_of_this_device_and_bundle(
    standin: Standin,
    bundle: Bundle,
    tmp_path: Path,
    version: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    standin.play(version)
    caplog.set_level(logging.INFO)
    engines = engines_of(tmp_path / "engines", bundle)
    network = open_network(bundle, "classifier", engines=engines)
    assert isinstance(network, FallbackNetwork)
    assert network.runtime.startswith("TensorRT ")
    assert network.runtime.endswith(" fp32")
    assert network.why == "there is an engine for this device and bundle"
    said = f"classifier of {bundle.label} runs on {network.runtime}: {network.why}"
    assert [r.message for r in caplog.records if r.name == "edge.runtime.opening"] == [said]
    expected = open_network(bundle, "classifier", runtime="onnx").run(random_inputs())
    for name, values in network.run(random_inputs()).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-6)
    # Longer than any engine is built for: only this call goes elsewhere.
    long = random_inputs(1, 1000)
    assert network.run(long)["probabilities"].shape == (1, 2)
    assert network.lost is None


def test_onnx_does_not_look(standin: Standin, bundle: Bundle, tmp_path: Path) -> None:
    engines = engines_of(tmp_path / "engines", bundle)
    for name in ("tensorrt", "pycuda", "pycuda.driver"):
        sys.modules.pop(name, None)
    network = open_network(bundle, "classifier", engines=engines, runtime="onnx")
    assert network.runtime.startswith("ONNX Runtime")
    assert network.why == "chosen in the settings"
    assert "pycuda" not in sys.modules


def changed(engines: Path, **changes: Any) -> None:
    """Write something else into the record of the engine."""
    record = json.loads((engines / RECORDS).read_bytes())
    record["engines"][0] |= changes
    (engines / RECORDS).write_text(json.dumps(record))


def other_device(engines: Path) -> None:
    record = json.loads((engines / RECORDS).read_bytes())
    changed(engines, device=record["engines"][0]["device"] | {"tensorrt": "8.5.2"})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda e: (e / RECORDS).unlink(), "no engine was built of classifier"),
        (lambda e: (e / RECORDS).write_text("{"), "engines.json is damaged"),
        (lambda e: changed(e, bundle="0" * 64), "built from another bundle"),
        (other_device, "built for tensorrt 8.5.2, this is 10.3.0: build it again"),
        (lambda e: (e / "one.plan").write_bytes(b"evil"), "not the engine that was built here"),
        (lambda e: (e / "one.plan").unlink(), "one.plan is missing"),
    ],
)
def test_an_engine_that_is_not_exactly_right_is_never_loaded(
    standin: Standin, bundle: Bundle, tmp_path: Path, spoil: Any, why: str
) -> None:
    engines = engines_of(tmp_path / "engines", bundle)
    spoil(engines)
    network = open_network(bundle, "classifier", engines=engines)
    assert network.runtime.startswith("ONNX Runtime")
    assert network.why.startswith("no TensorRT: ")
    assert why in network.why
    with pytest.raises(EngineError, match="TensorRT was chosen but cannot be had: ") as error:
        open_network(bundle, "classifier", engines=engines, runtime="tensorrt")
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"no_gpu": True}, "no GPU can be used"),
        ({"no_pycuda": True}, "pycuda is not installed"),
        ({"out_of_memory": True}, "the GPU cannot hold the engine"),
        ({"deserialize_none": True}, "TensorRT refuses the engine"),
    ],
)
def test_a_gpu_that_cannot_be_used(
    standin: Standin,
    bundle: Bundle,
    tmp_path: Path,
    faults: dict[str, bool],
    why: str,
) -> None:

    engines = engines_of(tmp_path / "engines", bundle)
    forget()
    standin.fault(**faults)
    network = open_network(bundle, "classifier", engines=engines)
    assert network.runtime.startswith("ONNX Runtime")
    assert why in network.why
    with pytest.raises(EngineError, match=why):
        open_network(bundle, "classifier", engines=engines, runtime="tensorrt")


def test_no_engines_at_all(bundle: Bundle) -> None:
    network = open_network(bundle, "classifier")
    assert network.why == "no TensorRT: no engines were built here"
    with pytest.raises(EngineError, match="no engines were built here"):
        open_network(bundle, "classifier", runtime="tensorrt")
