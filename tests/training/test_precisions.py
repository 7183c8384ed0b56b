"""The shipped network in fewer bits: it runs, the real builder takes it, its cost is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tf2onnx", reason="training needs .venv-training, see training/README.md")

import onnx

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.golden import Case, parity, read_golden
from edge.runtime.onnx import OnnxNetwork
from training.precisions import REASONS, TOLERANCES, cost, costs, to_fp16, to_int8


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return read_golden(Bundle.open(DEFAULT_BUNDLE))["classifier"]


@pytest.fixture(scope="module")
def exact() -> Path:
    return DEFAULT_BUNDLE / "classifier.onnx"


@pytest.fixture(scope="module")
def made(
    exact: Path, cases: list[Case], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("precisions")
    to_fp16(exact, folder / "fp16.onnx")
    to_int8(exact, folder / "int8.onnx", [dict(one.inputs) for one in cases])
    return {"fp16": folder / "fp16.onnx", "int8": folder / "int8.onnx"}


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_it_runs_and_stays_within_its_tolerance(
    precision: str, made: dict[str, Path], cases: list[Case]
) -> None:
    network = OnnxNetwork(made[precision])
    assert {one.dtype for one in (*network.inputs, *network.outputs)} == {"float32"}
    worst = parity(network, cases)
    limits = TOLERANCES[precision]  # type: ignore[index]
    assert all(0 < worst[name] <= limits[name] for name in limits)


def test_each_precision_has_a_reason_and_more_room_than_the_one_before() -> None:
    assert set(REASONS) == set(TOLERANCES)
    for name in TOLERANCES["fp32"]:
        assert TOLERANCES["fp32"][name] < TOLERANCES["fp16"][name] < TOLERANCES["int8"][name]


def test_they_are_smaller(exact: Path, made: dict[str, Path]) -> None:
    sizes = {name: path.stat().st_size / exact.stat().st_size for name, path in made.items()}
    assert sizes["fp16"] < 0.55 and sizes["int8"] < 0.65


def test_int8_is_pairs_of_symmetric_nodes_but_for_the_first_convolution(
    made: dict[str, Path],
) -> None:
    graph = onnx.load(made["int8"]).graph
    by_output = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    fed = [{by_output.get(name, "weights") for name in node.input} for node in convolutions]
    assert "DequantizeLinear" not in fed[0] and fed[1:] == [{"DequantizeLinear"}] * 2
    zeros = [one for one in graph.initializer if one.name.endswith("zero_point")]
    assert zeros and all((onnx.numpy_helper.to_array(one) == 0).all() for one in zeros)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_real_builder_takes_it(precision: str, made: dict[str, Path]) -> None:
    trt = pytest.importorskip("tensorrt_rtx", reason="NVIDIA's builder is not installed")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(made[precision].read_bytes())
    assert (network.num_inputs, network.num_outputs) == (3, 3)
    profile = builder.create_optimization_profile()
    for name, width in {"differences": 20, "positions": 20, "head": 5}.items():
        profile.set_shape(name, (1, 8, width), (1, 90, width), (64, 900, width))
    config = builder.create_builder_config()
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    assert plan is not None and plan.nbytes > 100_000


def test_the_cost_is_counted(exact: Path, cases: list[Case]) -> None:
    """Against itself with the answers of another, so that the differences are known."""

    class Shifted(OnnxNetwork):
        def run(self, inputs):  # type: ignore[no-untyped-def]
            answers = super().run(inputs)
            answers["probabilities"] = answers["probabilities"][:, ::-1]
            answers["parts"] = answers["parts"] + 0.25
            answers["view"] = answers["view"] + np.float32([2.0, 0.5])
            return answers

    inputs = [one.inputs for one in cases]
    found = cost(OnnxNetwork(exact), Shifted(exact), inputs, "golden").as_dict()
    scores = np.concatenate([one.outputs["probabilities"][:, 1] for one in cases])
    parts = np.concatenate([one.outputs["parts"] for one in cases])
    assert found["repetitions"] == len(scores) and found["what"] == "golden"
    assert found["score_largest"] == pytest.approx(np.abs(1 - 2 * scores).max(), abs=1e-5)
    assert found["verdicts_turned"] == len(scores)
    assert found["parts_turned"] == ((parts >= 0.25) & (parts < 0.5)).sum()
    assert found["yaw_largest"] == pytest.approx(2, abs=1e-3)
    assert found["height_largest"] == pytest.approx(0.5, abs=1e-3)


def test_a_network_costs_nothing_against_itself(exact: Path, cases: list[Case]) -> None:
    found = costs(exact, exact, {"golden": ("golden", [one.inputs for one in cases])})
    assert found["golden"]["score_largest"] == found["golden"]["verdicts_turned"] == 0
