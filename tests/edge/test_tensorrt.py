"""Engines on every version of TensorRT that the stand-in plays, and all that may go wrong."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.errors import EngineError, NetworkError, OutsideProfileError, RuntimeMissingError
from edge.runtime.onnx import OnnxNetwork
from edge.runtime.tensorrt import TensorRTNetwork, this_device
from tests.clips import ROOT
from tests.trt_engines.engines import plan_of, random_inputs
from tests.trt_engines.standin import VERSIONS, Standin

ONNX = DEFAULT_BUNDLE / "classifier.onnx"


@pytest.fixture
def network(standin: Standin, tmp_path: Path) -> TensorRTNetwork:
    return TensorRTNetwork(plan_of(tmp_path))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_answers_as_onnx_runtime_does(
    standin: Standin, tmp_path: Path, version: str
) -> None:
    standin.play(version)
    network, reference = TensorRTNetwork(plan_of(tmp_path), precision="fp32"), OnnxNetwork(ONNX)
    assert network.runtime.startswith("TensorRT RTX 1" if version == "rtx" else "TensorRT ")
    assert network.runtime.endswith(" fp32")
    assert [one.name for one in network.inputs] == [one.name for one in reference.inputs]
    assert [one.shape[1:] for one in network.outputs] == [o.shape[1:] for o in reference.outputs]
    for clips, frames in ((1, 8), (3, 60), (1, 900), (64, 9)):
        inputs = random_inputs(clips, frames)
        answers, expected = network.run(inputs), reference.run(inputs)
        assert answers.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(answers[name], values, atol=1e-6)
    network.close()


def test_answers_stay_as_they_were_when_the_next_call_comes(network: TensorRTNetwork) -> None:
    first = network.run(random_inputs())["probabilities"]
    kept = first.copy()
    network.run({name: values * 0 for name, values in random_inputs().items()})
    assert (first == kept).all()


def test_arrays_that_do_not_lie_in_one_piece(network: TensorRTNetwork) -> None:
    inputs = random_inputs(2)
    turned = {name: np.asfortranarray(values) for name, values in inputs.items()}
    np.testing.assert_array_equal(network.run(turned)["parts"], network.run(inputs)["parts"])


def test_threads_take_turns(network: TensorRTNetwork) -> None:
    many = [random_inputs(1, frames) for frames in range(20, 36)]
    expected = [network.run(one)["probabilities"] for one in many]
    begin = threading.Barrier(4)

    def ask(mine: int) -> None:
        begin.wait(timeout=30)
        for _ in range(5):
            for one, answer in list(zip(many, expected, strict=True))[mine::4]:
                np.testing.assert_array_equal(network.run(one)["probabilities"], answer)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))


@pytest.mark.parametrize(("clips", "frames"), [(1, 7), (1, 901), (65, 60)])
def test_shapes_for_which_it_was_not_built(
    network: TensorRTNetwork, clips: int, frames: int
) -> None:
    with pytest.raises(OutsideProfileError, match=r"from \[1, 8, 20\] to \[64, 900, 20\], not"):
        network.run(random_inputs(clips, frames))
    network.run(random_inputs())  # nothing has failed


def test_inputs_that_are_no_inputs(network: TensorRTNetwork) -> None:
    inputs = random_inputs()
    with pytest.raises(NetworkError, match="the input head is missing"):
        network.run({name: inputs[name] for name in ("differences", "positions")})
    with pytest.raises(NetworkError, match="head must be float32, not float64"):
        network.run(inputs | {"head": inputs["head"].astype(np.float64)})
    with pytest.raises(OutsideProfileError):
        network.run(inputs | {"head": inputs["head"][0]})


@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        ({"deserialize_none": True}, EngineError, "refuses the engine: .*magicTag.*build it again"),
        ({"context_none": True}, NetworkError, "cannot prepare the engine: .*OutOfMemory"),
        ({"out_of_memory": True}, NetworkError, "cannot hold the engine: .*out of memory"),
        ({"shape_false": True}, NetworkError, "refuses differences as"),
        ({"address_false": True}, NetworkError, "refuses the memory of"),
    ],
)
def test_engines_that_cannot_be_opened(
    standin: Standin, tmp_path: Path, faults: dict[str, bool], error: type[Exception], message: str
) -> None:
    plan = plan_of(tmp_path)
    standin.fault(**faults)
    with pytest.raises(error, match=message):
        TensorRTNetwork(plan)
    standin.fault()
    TensorRTNetwork(plan).run(random_inputs())


def test_what_is_no_engine(standin: Standin) -> None:
    with pytest.raises(EngineError, match="refuses the engine"):
        TensorRTNetwork(b"not an engine")


def test_a_run_that_is_refused(standin: Standin, network: TensorRTNetwork) -> None:
    standin.fault(execute_false=True)
    with pytest.raises(NetworkError, match=r"TensorRT failed: .*enqueueV3"):
        network.run(random_inputs())


def test_an_exception_in_the_library(standin: Standin, network: TensorRTNetwork) -> None:
    standin.fault(execute_raises=True)
    with pytest.raises(NetworkError, match=r"the GPU failed: std::exception"):
        network.run(random_inputs())


def test_a_gpu_that_dies_while_it_calculates(standin: Standin, network: TensorRTNetwork) -> None:
    standin.fault(launch_error=2)
    network.run(random_inputs())
    network.run(random_inputs())
    for _ in range(2):
        with pytest.raises(NetworkError, match=r"the GPU failed: .*launch failure"):
            network.run(random_inputs())
    network.close()  # gives back what it can, and says nothing


def test_memory_is_given_back_in_any_thread(standin: Standin, tmp_path: Path) -> None:
    network = TensorRTNetwork(plan_of(tmp_path))
    card = sys.modules["tests.trt_engines.standin.state"].card
    assert len(card.memory) == 6
    closing = threading.Thread(target=network.close)
    closing.start()
    closing.join()
    assert not card.memory
    assert not card.pinned
    network.close()
    with pytest.raises(NetworkError, match="has been closed"):
        network.run(random_inputs())


def test_what_is_no_longer_used_gives_its_memory_back(standin: Standin, tmp_path: Path) -> None:
    network = TensorRTNetwork(plan_of(tmp_path))
    network.run(random_inputs())
    card = sys.modules["tests.trt_engines.standin.state"].card
    assert card.memory
    del network
    gc.collect()
    assert not card.memory
    assert not card.pinned


def test_at_the_end_of_a_program_nothing_is_left_to_cuda(standin: Standin, tmp_path: Path) -> None:
    """Destroyed after CUDA has ended, an engine takes the whole process with it."""
    plan_of(tmp_path)
    code = f"""
import atexit, pathlib
from tests.trt_engines.standin.state import card
atexit.register(lambda: print("left:", len(card.memory)))
from edge.runtime.tensorrt import TensorRTNetwork
network = TensorRTNetwork(pathlib.Path({str(tmp_path / "one.plan")!r}).read_bytes())
print("held:", len(card.memory))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "held: 6\nleft: 0\n"


def test_an_engine_that_could_not_be_opened_keeps_no_memory(
    standin: Standin, tmp_path: Path
) -> None:
    plan = plan_of(tmp_path)
    standin.fault(address_false=True)
    with pytest.raises(NetworkError):
        TensorRTNetwork(plan)
    assert not sys.modules["tests.trt_engines.standin.state"].card.memory


@pytest.mark.parametrize(
    ("version", "text"), [("8.6", "8.6.1"), ("11.4", "11.4.0.106"), ("rtx", "RTX 1.7.1.116")]
)
def test_this_device(standin: Standin, tmp_path: Path, version: str, text: str) -> None:
    standin.play(version, gpu="Orin NX", capability="8.7")
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic, EABI: aarch64\n")
    device = this_device(release)
    assert device.model_dump() == {
        "tensorrt": text, "gpu": "Orin NX", "capability": "8.7", "jetpack": "R36.4.3",
    }  # fmt: skip
    assert this_device(tmp_path / "none").jetpack == ""
    release.write_bytes(b"\xff nothing that anybody knows")
    assert this_device(release).jetpack == ""


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no_tensorrt", "TensorRT is not installed.*JetPack"),
        ("no_library", r"tensorrt cannot be loaded: libnvinfer.so.10"),
        ("no_pycuda", "pycuda is not installed: install the extra 'jetson'"),
        ("no_driver", "pycuda cannot be loaded .*libcuda.*driver"),
        ("no_gpu", "no GPU can be used .*no CUDA-capable device"),
        ("no_devices", "has no GPU"),
    ],
)
def test_what_may_be_missing(
    standin: Standin, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    monkeypatch.setattr("edge.runtime.tensorrt_api.MODULES", ("tensorrt",))
    standin.fault(**{fault: True})
    for ask in (this_device, lambda: TensorRTNetwork(b"")):
        with pytest.raises(RuntimeMissingError, match=message):
            ask()


def test_without_any_stand_in_nothing_crashes() -> None:
    """Here are NVIDIA's own libraries at most, and no GPU; on a machine with one it is found."""
    try:
        assert this_device().gpu
    except RuntimeMissingError as error:
        assert "TensorRT" in str(error) or "pycuda" in str(error) or "GPU" in str(error)
