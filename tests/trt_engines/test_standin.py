"""The stand-in is as strict as the real thing: nothing of it may be more than a version has."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trt_engines.standin import VERSIONS, Standin

USED = {
    "Builder": {"create_network", "create_builder_config", "create_optimization_profile",
                "build_serialized_network"},
    "IBuilderConfig": {"set_memory_pool_limit", "set_flag", "clear_flag",
                       "add_optimization_profile", "create_timing_cache", "set_timing_cache",
                       "get_timing_cache"},
    "ICudaEngine": {"num_io_tensors", "get_tensor_name", "get_tensor_mode", "get_tensor_shape",
                    "get_tensor_dtype", "get_tensor_profile_shape", "create_execution_context"},
    "IExecutionContext": {"set_input_shape", "infer_shapes", "get_tensor_shape",
                          "set_tensor_address", "execute_async_v3"},
}  # fmt: skip
"""The path that is the same in all versions."""


def module(name: str) -> Any:
    return importlib.import_module(name)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_project_calls_is_in_the_record_of_every_version(
    standin: Standin, version: str
) -> None:
    standin.play(version)
    recorded = module("tests.trt_engines.standin.recorded")
    for part, names in USED.items():
        assert names <= recorded.members(part).keys()


def test_what_was_taken_away_is_not_there(standin: Standin) -> None:
    standin.play("11.4")
    trt = module("tensorrt")
    assert not hasattr(trt.BuilderFlag, "FP16")
    assert not hasattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH")
    with pytest.raises(AttributeError, match=r"TensorRT 11.4 has no Builder.platform_has_fast_fp1"):
        _ = trt.Builder(trt.Logger()).platform_has_fast_fp16
    with pytest.raises(AttributeError, match=r"has no IInt8Calibrator"):
        _ = trt.IInt8Calibrator


def test_what_has_come_later_is_not_there(standin: Standin) -> None:
    standin.play("8.6")
    trt = module("tensorrt")
    assert not hasattr(trt, "IProgressMonitor")
    config = trt.Builder(trt.Logger()).create_builder_config()
    assert not hasattr(config, "progress_monitor")
    with pytest.raises(AttributeError):
        config.progress_monitor = None


def test_what_is_recorded_but_not_played_is_said_so(standin: Standin) -> None:
    trt = module("tensorrt")
    with pytest.raises(NotImplementedError, match="does not play"):
        _ = trt.Refitter
    with pytest.raises(NotImplementedError, match="does not play"):
        trt.Builder(trt.Logger()).reset()


def test_calls_are_checked_against_the_real_signatures(standin: Standin) -> None:
    trt = module("tensorrt")
    builder = trt.Builder(trt.Logger())
    with pytest.raises(TypeError, match="incompatible function arguments"):
        builder.create_network("strongly typed")
    with pytest.raises(TypeError, match="incompatible function arguments"):
        builder.create_network(1, 2)
    builder.create_network(flags=1)


def test_a_logger_that_was_not_made_is_refused(standin: Standin) -> None:
    trt = module("tensorrt")

    class Forgetful(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            pass

    with pytest.raises(TypeError, match="__init__"):
        trt.Builder(Forgetful())


def test_copies_happen_when_the_stream_is_synchronised(standin: Standin) -> None:
    cuda = module("pycuda.driver")
    cuda.init()
    context = cuda.Device(0).retain_primary_context()
    with pytest.raises(cuda.LogicError):
        cuda.mem_alloc(16)  # retained is not current
    context.push()
    stream, memory = cuda.Stream(), cuda.mem_alloc(16)
    there, back = cuda.pagelocked_empty(4, np.float32), cuda.pagelocked_empty(4, np.float32)
    there[:] = 3.0
    cuda.memcpy_htod_async(memory, there, stream)
    cuda.memcpy_dtoh_async(back, memory, stream)
    assert np.isnan(back).all()
    stream.synchronize()
    assert (back == 3.0).all()
    cuda.Context.pop()
    with pytest.raises(cuda.LogicError):
        cuda.Context.pop()


def test_memory_too_small_or_not_pinned_ends_everything(standin: Standin) -> None:
    cuda, state = module("pycuda.driver"), module("tests.trt_engines.standin.state")
    cuda.init()
    cuda.Device(0).retain_primary_context().push()
    stream, memory = cuda.Stream(), cuda.mem_alloc(8)
    with pytest.raises(state.StandinError, match="pinned"):
        cuda.memcpy_htod_async(memory, np.zeros(2, np.float32), stream)
    cuda.memcpy_htod_async(memory, cuda.pagelocked_empty(4, np.float32), stream)
    with pytest.raises(state.StandinError, match="16 bytes in memory of 8"):
        stream.synchronize()
    cuda.Context.pop()


def in_a_process(standin: Standin, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | standin.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_there_in_a_real_process_and_only_if_asked(tmp_path: Path) -> None:
    standin = Standin(tmp_path / "standin.json", "10.16")
    code = "import tensorrt, pycuda.driver; print(tensorrt.__version__)"
    assert in_a_process(standin, code).stdout == "10.16.1.11\n"
    standin.play("rtx")
    code = "import tensorrt_rtx; print(tensorrt_rtx.__file__)"
    assert "standin" in in_a_process(standin, code).stdout
    # Started by any means, without the variable, the folder alone does nothing.
    without = {"PYTHONPATH": standin.environment["PYTHONPATH"]}
    done = subprocess.run(
        [sys.executable, "-c", "import pycuda.driver"],
        env=os.environ | without,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no stand-in is asked for" in done.stderr


def test_the_runtime_of_8_6_crashes_where_cuda_was_not_started(tmp_path: Path) -> None:
    code = "import tensorrt as t; t.Runtime(t.Logger()); print('alive')"
    assert in_a_process(Standin(tmp_path / "s.json", "8.6"), code).returncode == -11
    assert in_a_process(Standin(tmp_path / "s.json", "10.3"), code).stdout == "alive\n"
