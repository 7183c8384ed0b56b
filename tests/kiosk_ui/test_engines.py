"""A kiosk that runs, and bundles that are flashed meanwhile: real processes, sockets and clips."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import Bundle
from edge.pose.openpose import OpenPose
from edge.pose.openpose_layouts import COCO_18
from edge.settings import Settings
from kiosk_ui.engines import Engines
from tests.clips import ROOT
from tests.edge.openpose_maps import DrawnNetwork, draw
from tests.faults.videos import short_squat
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.processes import KioskProcess, kiosk_process
from tests.trt_engines.flashing import command, make_bundle, trusting
from tests.trt_engines.standin import Standin
from trt_engines.flash import put
from trt_engines.slots import Slots

FLASH = "trt_engines.flash_cli"


@pytest.fixture
def openpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a kiosk with OpenPose on trial, as after its first flash."""
    monkeypatch.setattr(
        "kiosk_ui.engines.load_pose",
        lambda _bundle, _opener: OpenPose(DrawnNetwork(draw(COCO_18, [])), "COCO_18"),
    )
    settings = trusting(tmp_path / "data").model_copy(update={"pose": "openpose"})
    bundle = Bundle.open(make_bundle(tmp_path / "made", 0.9, name="openpose"), settings.trust())
    slots = Slots(settings.data_dir / "engines", "openpose")
    with slots.locks.writing():
        slot = slots.begin_filling(bundle.label)
        put(bundle, slot.bundle, settings)
        slots.filled(slot, digest=bundle.digest, engines={})
        slots.switch("A", "flashed")
    return settings


def test_blazepose_runs_where_openpose_has_nothing_to_go_back_to(
    openpose: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engines = Engines(openpose)
    engines.load()
    slots = engines.pose.slots
    assert engines.status()[1]["bundle"] == "openpose 1.0.0"
    with slots.locks.writing():
        slots.roll_back("too slow")
    assert engines.pose.look()
    for kiosk in (engines, Engines(openpose)):  # as it runs, and after a start
        if kiosk is not engines:
            kiosk.load()
        assert not kiosk.pose.look()
        told = kiosk.status()[1]
        assert (told["name"], told["bundle"]) == ("openpose", "blazepose-full")
        assert "slot A is bad: too slow" in told["why"]
        assert told["networks"]["all"]["runtime"] == "LiteRT"
        (error,) = [one for one in caplog.records if one.levelname == "ERROR"]
        assert "BlazePose runs instead of openpose" in error.message
        assert "too slow" in error.message
        caplog.clear()
        kiosk.close()


def squat(kiosk: KioskProcess) -> dict[str, Any]:
    """Return what the kiosk says of its classifier."""
    told = kiosk.get("/readyz")[1]
    return next(one for one in told["models"] if one["name"] == "squat")


def judged_by(kiosk: KioskProcess, folder: Path) -> tuple[str, float]:
    """Have a real clip scored; return by which bundle, and the score."""
    video = short_squat(folder / "squat.mp4").read_bytes()
    score = kiosk.finished(kiosk.upload(video)["id"], seconds=240)
    assert score["status"] == "done", score
    return score["assessment"]["model"], round(score["assessment"]["score"], 2)


@contextmanager
def flashing(source: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """Flash in the background."""
    with subprocess.Popen(
        [sys.executable, "-m", FLASH, str(source), "--data-dir", str(data)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        yield process


def test_flashing_a_kiosk_that_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    trusting(data)
    bundles = {
        "good": make_bundle(tmp_path / "good", 0.9, "1.0.0"),
        "wrong": make_bundle(tmp_path / "wrong", 0.1, "2.0.0", off=0.05),
    }
    with kiosk_process(data, environment={"KIOSK_TRIAL_MINUTES": "0.05"}) as kiosk:
        assert kiosk.get("/readyz")[0] == 503
        kiosk.wait_until_ready()
        assert squat(kiosk)["slot"] == "shipped"
        assert "ONNX Runtime" in squat(kiosk)["networks"]["classifier"]["runtime"]
        # Whoever comes over the network learns no more than that it is ready.
        assert kiosk.get("/readyz", Host="squat.local")[1] == {"status": "ready"}

        flashed = command(FLASH, bundles["good"], "--data-dir", data)
        assert flashed.returncode == 0, flashed
        assert "good:    slot A: ran well" in flashed.stdout
        assert (squat(kiosk)["slot"], squat(kiosk)["state"]) == ("A", "good")
        assert judged_by(kiosk, tmp_path) == ("squat 1.0.0", 0.9)

        refused = command(FLASH, bundles["wrong"], "--data-dir", data)
        assert refused.returncode == 3, refused
        assert "from the golden answers" in refused.stderr
        assert squat(kiosk)["bundle"] == "squat 1.0.0"


@pytest.mark.long
def test_a_model_that_fails_on_the_first_clip_is_left_and_the_clip_is_scored(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    trusting(data)
    flash(make_bundle(tmp_path / "good", 0.9, "1.0.0"), data, {})
    fragile = make_bundle(tmp_path / "fragile", 0.1, "3.0.0", fragile=True)
    with kiosk_process(data, environment={"KIOSK_TRIAL_MINUTES": "0.01"}) as kiosk:
        kiosk.wait_until_ready()
        until(lambda: squat(kiosk)["state"] == "good")
    with kiosk_process(data) as kiosk:  # with minutes of trial
        kiosk.wait_until_ready()
        with flashing(fragile, data) as process:
            until(lambda: squat(kiosk)["bundle"] == "squat 3.0.0")
            assert judged_by(kiosk, tmp_path) == ("squat 1.0.0", 0.9)
            said = process.communicate(timeout=60)[0]
        assert process.returncode == 4, said
        assert "holds what is no number" in said
        assert "slot A, squat 1.0.0, is live" in said
        assert squat(kiosk)["slot"] == "A"


def flash(source: Path, data: Path, environment: Mapping[str, str]) -> None:
    flashed = command(FLASH, source, "--data-dir", data, environment=environment)
    assert flashed.returncode == 0, flashed


@pytest.mark.long
def test_an_engine_that_ends_the_process_is_left_after_three_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    trusting(data)
    standin = Standin(tmp_path / "standin.json")
    environment = standin.environment
    flash(make_bundle(tmp_path / "good", 0.9, "1.0.0"), data, environment)
    with kiosk_process(data, environment={**environment, "KIOSK_TRIAL_MINUTES": "0.01"}) as kiosk:
        kiosk.wait_until_ready()
        until(lambda: squat(kiosk)["state"] == "good")
        assert "TensorRT" in squat(kiosk)["networks"]["classifier"]["runtime"]
    flash(make_bundle(tmp_path / "new", 0.8, "2.0.0"), data, environment)
    standin.fault(crash=0)
    for _ in range(3):
        with kiosk_process(data, environment=environment) as kiosk:
            assert kiosk.process.wait(60) == -signal.SIGSEGV
    standin.fault()
    with kiosk_process(data, environment=environment) as kiosk:
        kiosk.wait_until_ready()
        assert squat(kiosk)["bundle"] == "squat 1.0.0"
        assert judged_by(kiosk, tmp_path) == ("squat 1.0.0", 0.9)
    status = command("trt_engines", "status", "--data-dir", data)
    assert "started 3 times" in status.stdout


@pytest.mark.long
def test_a_gpu_that_is_lost_costs_no_clip(tmp_path: Path) -> None:
    data = tmp_path / "data"
    trusting(data)
    standin = Standin(tmp_path / "standin.json")
    environment = standin.environment
    flash(make_bundle(tmp_path / "good", 0.9, "1.0.0"), data, environment)
    with kiosk_process(data, environment={**environment, "KIOSK_TRIAL_MINUTES": "0.01"}) as kiosk:
        kiosk.wait_until_ready()
        until(lambda: squat(kiosk)["state"] == "good")
        standin.fault(launch_error=0)
        assert judged_by(kiosk, tmp_path) == ("squat 1.0.0", 0.9)
        network = squat(kiosk)["networks"]["classifier"]
        assert "ONNX Runtime" in network["runtime"]
        assert network["lost"]
        assert squat(kiosk)["state"] == "good"
    log = "\n".join(kiosk.log)
    assert "takes over, for good" in log
    standin.fault()
    with kiosk_process(data, environment=environment) as kiosk:
        kiosk.wait_until_ready()
        assert "TensorRT" in squat(kiosk)["networks"]["classifier"]["runtime"]


@pytest.mark.long
def test_a_kiosk_killed_in_its_trial_goes_on_with_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    trusting(data)
    flash(make_bundle(tmp_path / "new", 0.9, "1.0.0"), data, {})
    for starts in (1, 2):
        with kiosk_process(data) as kiosk:
            kiosk.wait_until_ready()
            assert squat(kiosk)["state"] == "trial"
            os.kill(kiosk.process.pid, signal.SIGKILL)
            kiosk.process.wait(10)
        assert (
            f"started {starts} of 3" in command("trt_engines", "status", "--data-dir", data).stdout
        )
    with kiosk_process(data, environment={"KIOSK_TRIAL_MINUTES": "0.01"}) as kiosk:
        kiosk.wait_until_ready()
        until(lambda: squat(kiosk)["state"] == "good")
