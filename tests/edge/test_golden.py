"""Golden cases: kept, read, compared; and what is refused."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE, Bundle, Precision
from edge.errors import BundleError, NetworkError
from edge.golden import Case, parity, read_golden, tolerance, write_golden
from edge.runtime import Array, Network, TensorSpec
from edge.runtime.onnx import OnnxNetwork
from tests.bundles import TRUST, copy_bundle, edit, put

WIDTHS = {"differences": 20, "positions": 20, "head": 5}
ANSWERS = {"probabilities": 2, "parts": 7, "view": 2}


def case(name: str = "", batch: int = 1, frames: int = 40) -> Case:
    rng = np.random.default_rng(frames)
    draw = rng.standard_normal
    return Case(
        {key: draw((batch, frames, size)).astype(np.float32) for key, size in WIDTHS.items()},
        {key: draw((batch, size)).astype(np.float32) for key, size in ANSWERS.items()},
        name,
    )


class Answering(Network):
    """A network that answers what it is told."""

    runtime = "fake"
    inputs = (TensorSpec("x", ("N",)),)
    outputs = (TensorSpec("y", ("N",)),)

    def __init__(self, answers: dict[str, Array]) -> None:
        self.answers = answers

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return self.answers


def with_golden(tmp_path: Path, content: bytes) -> Path:
    folder = copy_bundle(tmp_path / "bundle")
    put(folder, "golden.npz", content)
    edit(folder, lambda manifest: manifest.update(golden="golden.npz"))
    return folder


def packed(*cases: Case, network: str = "classifier") -> bytes:
    path = io.BytesIO()
    write_golden(path, {network: cases})  # type: ignore[arg-type]
    return path.getvalue()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cases = [case("good-1"), case(batch=3, frames=8)]
    found = read_golden(Bundle.open(with_golden(tmp_path, packed(*cases)), TRUST))
    assert [one.name for one in found["classifier"]] == ["good-1", "001"]
    for one, other in zip(found["classifier"], cases, strict=True):
        for mine, theirs in ((one.inputs, other.inputs), (one.outputs, other.outputs)):
            assert set(mine) == set(theirs)
            assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_the_same_cases_give_the_same_bytes() -> None:
    assert packed(case("a")) == packed(case("a"))


def test_names_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        write_golden(tmp_path / "g.npz", {"classifier": [case("a"), case("a")]})


def test_a_name_of_a_tensor_may_have_strokes_in_it(tmp_path: Path) -> None:
    folder = with_golden(tmp_path, packed(case("a")))

    def rename(manifest: dict[str, Any]) -> None:
        network = manifest["networks"]["classifier"]
        network["outputs"][0]["name"] = "a/b:0"
        network["tolerances"] = {}

    renamed = case("a")
    put(folder, "golden.npz", packed(
        Case(renamed.inputs, {{"probabilities": "a/b:0"}.get(name, name): value
                              for name, value in renamed.outputs.items()}, "a"),
    ))  # fmt: skip
    edit(folder, rename)
    assert "a/b:0" in read_golden(Bundle.open(folder, TRUST))["classifier"][0].outputs


def test_a_bundle_may_have_none(tmp_path: Path) -> None:
    folder = copy_bundle(tmp_path / "bundle")
    edit(folder, lambda manifest: manifest.pop("golden", None))
    assert read_golden(Bundle.open(folder, TRUST)) == {}


# ## Comparing


def test_the_largest_difference_of_each_output_is_told() -> None:
    first = Case({"x": np.zeros(1)}, {"y": np.array([1.0, 2.0]), "z": np.array([0.0])})
    second = Case({"x": np.zeros(1)}, {"y": np.array([1.0, 2.5]), "z": np.array([0.0])})
    network = Answering({"y": np.array([1.0, 2.25]), "z": np.array([0.0]), "more": np.zeros(3)})
    assert parity(network, [first, second]) == {"y": 0.25, "z": 0.0}


@pytest.mark.parametrize("answer", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_infinitely_far(answer: float) -> None:
    one = Case({}, {"y": np.array([0.0, 1.0], np.float32)})
    network = Answering({"y": np.array([answer, 1.0], np.float32)})
    assert parity(network, [one, one]) == {"y": np.inf}


@pytest.mark.parametrize("answers", [{}, {"y": np.zeros((1, 2))}, {"y": np.zeros(1)}])
def test_an_answer_of_another_shape_is_an_error(answers: dict[str, Array]) -> None:
    with pytest.raises(NetworkError, match="y has the shape"):
        parity(Answering(answers), [Case({}, {"y": np.zeros(2)})])


def test_what_the_bundle_does_not_say_is_as_for_fp32(tmp_path: Path) -> None:
    folder = copy_bundle(tmp_path / "bundle")
    said = {"fp32": {"parts": 0.1, "view": 0.2}, "fp16": {"parts": 0.3}}
    edit(folder, lambda manifest: manifest["networks"]["classifier"].update(tolerances=said))
    bundle = Bundle.open(folder, TRUST)
    assert tolerance(bundle, "classifier", "fp16", "parts") == 0.3
    assert tolerance(bundle, "classifier", "fp16", "view") == 0.2
    assert tolerance(bundle, "classifier", "int8", "parts") == 0.1
    assert tolerance(bundle, "classifier", "int8", "probabilities") == 1e-4


# ## Refused


def changed(**changes: Array) -> Case:
    one = case("a")
    return Case(
        {**one.inputs, **{k: v for k, v in changes.items() if k in WIDTHS}},
        {**one.outputs, **{k: v for k, v in changes.items() if k not in WIDTHS}},
        "a",
    )


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (changed(more=np.zeros((1, 2), np.float32)), "other outputs"),
        (changed(positions=np.zeros((1, 40, 19), np.float32)), "positions in another shape"),
        (changed(positions=np.zeros((1, 41, 20), np.float32)), "positions in another shape"),
        (changed(positions=np.zeros((1, 40, 20))), "positions in another shape"),
        (changed(parts=np.zeros((2, 7), np.float32)), "parts in another shape"),
        (changed(parts=np.full((1, 7), np.nan, np.float32)), "parts with no numbers"),
        (case("long", frames=901), "long has an T of 901"),
        (case("short", frames=7), "short has an T of 7"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(one: Case, message: str, tmp_path: Path) -> None:
    bundle = Bundle.open(with_golden(tmp_path, packed(one)), TRUST)
    with pytest.raises(BundleError, match=message):
        read_golden(bundle)


def test_cases_of_a_network_that_is_not_there_are_refused(tmp_path: Path) -> None:
    folder = with_golden(tmp_path, packed(case("a"), network="other"))
    with pytest.raises(BundleError, match="no network other"):
        read_golden(Bundle.open(folder, TRUST))


def bomb() -> bytes:
    """Return 300 MB of zeros in 0.3 MB."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("classifier/a/in/head.npy", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    return file.getvalue()


def claims_much() -> bytes:
    """Return an array that says to have 4 TB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("c/a/in/x.npy", "w") as member:
        about = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
        np.lib.format.write_array_header_1_0(member, about)
    return file.getvalue()


def pickled() -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **{"classifier/a/in/head": np.array([{}], object)})
    return file.getvalue()


def named(name: str) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{name: np.zeros(2)})
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing of the kind", "no golden cases"),
        (pickled(), "no golden cases"),
        (claims_much(), "no golden cases"),
        (named("x"), "no golden cases"),
        (named("classifier/a/inside/head"), "no golden cases"),
        (bomb(), "too large once it is unpacked"),
    ],
)
def test_a_hostile_file_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    bundle = Bundle.open(with_golden(tmp_path, content), TRUST)
    with pytest.raises(BundleError, match=message):
        read_golden(bundle)


def damaged(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    content = bytearray(packed(case("a", frames=8)))
    for _ in range(chance.randint(1, 6)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    bundle = Bundle.open(with_golden(tmp_path / str(seed), bytes(content)), TRUST)
    with suppress(BundleError):
        read_golden(bundle)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    damaged(seed, tmp_path)


@pytest.mark.long
def test_many_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    for seed in range(8, 800):
        damaged(seed, tmp_path)


# ## The shipped bundle


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_the_shipped_networks_answer_as_they_say(precision: Precision) -> None:
    bundle = Bundle.open(DEFAULT_BUNDLE)
    cases = read_golden(bundle)["classifier"]
    worst = parity(OnnxNetwork(bundle.network_path("classifier", precision)), cases)
    assert set(worst) == set(ANSWERS)
    for name, far in worst.items():
        assert far <= tolerance(bundle, "classifier", precision, name)


def test_the_shipped_cases_have_every_length_and_scores_close_to_the_threshold() -> None:
    bundle = Bundle.open(DEFAULT_BUNDLE)
    cases = read_golden(bundle)["classifier"]
    limits = bundle.network("classifier").axes["T"]
    lengths = {one.inputs["positions"].shape[1] for one in cases}
    assert min(lengths) == limits.least and max(lengths) == limits.most and len(lengths) > 5
    assert any(not one.inputs["head"].any() for one in cases)
    assert max(len(one.inputs["head"]) for one in cases) > 1
    scores = np.concatenate([one.outputs["probabilities"][:, 1] for one in cases])
    assert scores.min() < 0.1 and scores.max() > 0.9
    assert (np.abs(scores - 0.5) < 0.3).any()
    yaws = np.concatenate([one.outputs["view"][:, 0] for one in cases])
    assert np.ptp(yaws) > 50
