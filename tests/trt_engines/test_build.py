"""Engines are built in a child process, which may do what it likes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import DEFAULT_BUNDLE, PRECISIONS, Bundle, Precision
from edge.errors import BundleError, EngineError, RuntimeMissingError
from edge.runtime.engine import RECORDS, EngineRecords
from edge.runtime.tensorrt import TensorRTNetwork, this_device
from tests.trt_engines.engines import NO_GPU, job_of, random_inputs, really_build
from tests.trt_engines.standin import VERSIONS, Standin
from trt_engines.build import Progress, build_engines, profile
from trt_engines.builder import TimingCache, build

LIMIT = 60.0


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(DEFAULT_BUNDLE)


def header(plan: Path) -> dict[str, Any]:
    """Return what the stand-in has written into an engine."""
    found: dict[str, Any] = json.loads(plan.read_bytes().split(b"\n", 2)[1])
    return found


def test_an_engine_is_built_recorded_and_runs(
    standin: Standin, bundle: Bundle, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    folder = tmp_path / "A" / "engines"
    (record,) = build_engines(bundle, folder, progress=seen.append, limit=LIMIT)
    plan = (folder / record.file).read_bytes()
    assert record.sha256 == hashlib.sha256(plan).hexdigest()
    assert (record.network, record.precision, record.bytes) == ("classifier", "fp32", len(plan))
    assert record.bundle == bundle.digest
    assert record.device == this_device()
    assert record.seconds > 0
    assert EngineRecords.read(folder).engines == [record]
    checked = EngineRecords.read(folder).plan(folder, bundle, "classifier", this_device())
    assert TensorRTNetwork(checked).run(random_inputs())["probabilities"].shape == (1, 2)
    shares = [one.share for one in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] > 0.9
    assert [one.step for one in seen][:: len(seen) - 1] == ["reading", "writing"]
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [
        "classifier-fp32.plan", RECORDS, "standin.json", "timing.cache",
    ]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_every_version_gets_the_flags_it_needs(
    standin: Standin, bundle: Bundle, tmp_path: Path, version: str, precision: str
) -> None:
    standin.play(version)
    job = job_of(tmp_path, bundle).model_copy(update={"precision": precision})
    told: list[str] = []
    built = build(job, lambda step, _: told.append(step))
    assert built.device.tensorrt.startswith("RTX" if version == "rtx" else version)
    flags = {"fp32": [], "fp16": ["FP16"], "int8": ["FP16", "INT8"]}[precision]
    assert header(job.plan)["flags"] == (flags if version == "8.6" else [])
    assert header(job.plan)["profile"]["head"] == [[1, 8, 5], [1, 90, 5], [64, 900, 5]]
    assert told.count("building") > (0 if version == "8.6" else 3)
    assert job.cache.exists() == (version != "rtx")  # RTX says that its own does nothing


@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        ({"build_none": True}, EngineError, "could not build the engine: .*Conv_0"),
        ({"parse_false": True}, EngineError, "does not understand classifier.onnx: Failed to"),
        (
            {"build_crash": True},
            EngineError,
            "builder of classifier-fp32.plan was ended by SIGSEGV",
        ),
        ({"build_kill": True}, EngineError, r"ended by SIGKILL: too little memory\?"),
        ({"no_gpu": True}, RuntimeMissingError, "no GPU can be used"),
        ({"no_pycuda": True}, RuntimeMissingError, "pycuda is not installed"),
    ],
)
def test_a_child_that_fails(
    standin: Standin,
    bundle: Bundle,
    tmp_path: Path,
    faults: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    standin.fault(**faults)
    with pytest.raises(error, match=message):
        build_engines(bundle, tmp_path / "engines", limit=LIMIT)
    assert not list((tmp_path / "engines").iterdir())


def test_a_child_that_hangs_is_ended(standin: Standin, bundle: Bundle, tmp_path: Path) -> None:
    standin.fault(build_hang=True)
    with pytest.raises(EngineError, match="took longer than 3 s and was ended"):
        build_engines(bundle, tmp_path / "engines", limit=3.0)


def test_an_exception_of_the_caller_ends_the_child(
    standin: Standin, bundle: Bundle, tmp_path: Path
) -> None:
    def enough(_: Progress) -> None:
        raise KeyboardInterrupt

    standin.fault(build_hang=True)
    with pytest.raises(KeyboardInterrupt):
        build_engines(bundle, tmp_path / "engines", progress=enough, limit=LIMIT)


def test_a_builder_ends_when_nobody_waits_for_it(
    standin: Standin, bundle: Bundle, tmp_path: Path
) -> None:
    """Whoever has it built may be killed; the power is not, so the builder would go on."""
    standin.fault(build_hang=True)
    with subprocess.Popen(
        [sys.executable, "-m", "trt_engines.builder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(job_of(tmp_path, bundle).model_dump_json().encode() + b"\n")
        child.stdin.flush()
        while b"building" not in child.stdout.readline():
            assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=60) == 1


def test_what_was_recorded_does_not_count_while_it_is_replaced(
    standin: Standin, bundle: Bundle, tmp_path: Path
) -> None:
    build_engines(bundle, tmp_path, limit=LIMIT)
    standin.fault(build_none=True)
    with pytest.raises(EngineError):
        build_engines(bundle, tmp_path, limit=LIMIT)
    assert EngineRecords.read(tmp_path).engines == []


def test_a_folder_that_cannot_be_written(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "engines").write_text("a file")
    with pytest.raises(EngineError, match="engines cannot be written"):
        build_engines(bundle, tmp_path / "engines")


def test_a_precision_that_the_bundle_lacks(bundle: Bundle, tmp_path: Path) -> None:
    lacking = bundle.manifest.networks["classifier"].model_copy(
        update={"files": {"fp32": "classifier.onnx"}}
    )
    manifest = bundle.manifest.model_copy(update={"networks": {"classifier": lacking}})
    with pytest.raises(BundleError, match="has no fp16 file of classifier"):
        build_engines(Bundle(bundle.folder, manifest, ""), tmp_path, precision="fp16")


def test_an_axis_of_which_the_manifest_says_nothing(bundle: Bundle) -> None:
    network = bundle.manifest.networks["classifier"]
    with pytest.raises(BundleError, match="does not say how long the axis N may be"):
        profile(network.model_copy(update={"axes": {}}), network.inputs[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"profile": {}}, "the manifest does not name the input"),
        ({"profile": {"differences": ([1], [1], [1])}}, "has 3 axes, in the manifest 1"),
    ],
)
def test_a_manifest_that_does_not_fit_its_network(
    standin: Standin, bundle: Bundle, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        build(job_of(tmp_path, bundle).model_copy(update=change), lambda _step, _share: None)


def test_a_file_that_was_replaced_since_the_bundle_was_checked(
    standin: Standin, bundle: Bundle, tmp_path: Path
) -> None:
    job = job_of(tmp_path, bundle).model_copy(update={"onnx": bundle.folder / "manifest.json"})
    with pytest.raises(EngineError, match=r"manifest\.json is not the file that was shipped"):
        build(job, lambda _step, _share: None)


@pytest.mark.parametrize("content", [b"", b"import this\n" * 20])
def test_rubbish_that_the_parser_may_accept(
    standin: Standin, bundle: Bundle, tmp_path: Path, content: bytes
) -> None:
    rubbish = tmp_path / "rubbish.onnx"
    rubbish.write_bytes(content)
    update = {"onnx": rubbish, "sha256": hashlib.sha256(content).hexdigest()}
    job = job_of(tmp_path, bundle).model_copy(update=update)
    with pytest.raises(EngineError, match=r"does not understand rubbish\.onnx"):
        build(job, lambda _step, _share: None)


def test_the_timing_cache_is_used_again(standin: Standin, bundle: Bundle, tmp_path: Path) -> None:
    job = job_of(tmp_path, bundle)
    for times in (1, 2, 3):
        build(job, lambda _step, _share: None)
        assert job.cache.read_bytes().endswith(b"STANDIN-CACHE\n%d" % times)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda content: content[:-1], "it is damaged"),
        (lambda content: b"rubbish", "it is damaged"),
        (lambda content: b"null\n" + content, "it is damaged"),
        (lambda content: content.replace(b"Orin", b"Nano"), "it is another device's"),
    ],
)
def test_a_damaged_or_foreign_timing_cache_is_not_used(
    standin: Standin,
    bundle: Bundle,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Any,
    why: str,
) -> None:
    job = job_of(tmp_path, bundle)
    build(job, lambda _step, _share: None)
    job.cache.write_bytes(spoil(job.cache.read_bytes()))
    build(job, lambda _step, _share: None)
    assert f"timing.cache is not used: {why}" in caplog.text
    assert job.cache.read_bytes().endswith(b"STANDIN-CACHE\n1")


def test_a_timing_cache_that_tensorrt_refuses(
    standin: Standin, bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = job_of(tmp_path, bundle)
    content = b"of another version"
    head = {"device": this_device().model_dump(), "sha256": hashlib.sha256(content).hexdigest()}
    job.cache.write_bytes(json.dumps(head).encode() + b"\n" + content)
    build(job, lambda _step, _share: None)
    assert "TensorRT does not understand it" in caplog.text
    assert TimingCache(job.cache, this_device())._read()[0] == b"STANDIN-CACHE\n1"


def test_a_cache_that_cannot_be_written_costs_no_engine(
    standin: Standin, bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = job_of(tmp_path, bundle)
    job = job.model_copy(update={"cache": tmp_path / "nowhere" / "timing.cache"})
    build(job, lambda _step, _share: None)
    assert "timing.cache cannot be written" in caplog.text


def needs_nvidia() -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is for x86-64 only")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_nvidia_builds_the_shipped_classifier(
    bundle: Bundle, tmp_path: Path, precision: Precision
) -> None:
    needs_nvidia()
    if precision not in bundle.network("classifier").files:
        pytest.skip(f"the shipped bundle has no {precision}")
    seen: list[Progress] = []
    (record,) = build_engines(
        bundle, tmp_path, precision=precision, progress=seen.append, limit=240.0, device=NO_GPU
    )
    assert record.bytes > 500_000
    assert [one.share for one in seen] == sorted(one.share for one in seen)
    assert len({one.share for one in seen}) > 4


@pytest.mark.parametrize("content", [b"", b"import this\n" * 20])
def test_nvidia_refuses_what_is_no_network(tmp_path: Path, content: bytes) -> None:
    needs_nvidia()
    rubbish = tmp_path / "rubbish.onnx"
    rubbish.write_bytes(content)
    with pytest.raises(EngineError, match=r"does not understand rubbish\.onnx"):
        really_build(rubbish, tmp_path)


def test_nvidia_wants_a_profile(bundle: Bundle, tmp_path: Path) -> None:
    needs_nvidia()
    with pytest.raises(EngineError, match="does not name the input differences"):
        really_build(bundle.network_path("classifier"), tmp_path)
