"""CSI cameras: GStreamer itself with a test picture, and what a pipeline does wrong.

``nvarguscamerasrc`` needs a Jetson and is not run here; its command line is.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from edge import live
from edge.errors import CameraError
from edge.frames import camera_csi
from edge.frames.camera import CameraMode
from edge.frames.camera_csi import CsiCamera, argus
from edge.frames.gstreamer import LAUNCHER, explain
from edge.live import LiveCamera

MODE = CameraMode(160, 120, 30)
BARS = ["videotestsrc", "is-live=true"]

real = pytest.mark.skipif(
    shutil.which(LAUNCHER) is None,
    reason="no gst-launch-1.0: apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base",
)


@real
def test_real_pictures_come_at_their_rate_in_their_colours() -> None:
    with CsiCamera(mode=MODE, source=BARS) as camera:
        process = camera._pipeline._process
        frames = list(itertools.islice(camera, 20))
    assert process.poll() is not None
    times = np.array([frame.time for frame in frames])
    assert (np.diff(times) >= 0).all()
    assert {frame.picture.shape for frame in frames} == {(120, 160, 3)}
    # SMPTE's bars: white, yellow, and so on; blue-green-red.
    bars = frames[-1].picture[30, [10, 33]]
    assert np.abs(bars[0].astype(int) - 255).max() < 12
    assert bars[1][0] < 20 and bars[1][1] > 170 and bars[1][2] > 170


@real
def test_a_real_pipeline_that_ends_is_a_camera_error() -> None:
    source = ["videotestsrc", "num-buffers=3"]
    with CsiCamera(mode=MODE, source=source) as camera, pytest.raises(CameraError, match="ended"):
        list(camera)


@real
def test_a_real_launcher_without_nvidias_source_names_the_package() -> None:
    if shutil.which("nvargus-daemon"):
        pytest.skip("this is a Jetson")
    with pytest.raises(CameraError, match="no nvarguscamerasrc: apt-get install nvidia-l4t"):
        CsiCamera(0, MODE)


@real
def test_a_real_launcher_says_what_it_cannot_do() -> None:
    with pytest.raises(CameraError, match="has ended"):
        CsiCamera(mode=MODE, source=["videotestsrc", "!", "audio/x-raw"])


@real
def test_a_real_pipeline_that_is_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)
    opened: list[CsiCamera] = []

    def open_camera() -> CsiCamera:
        opened.append(CsiCamera(mode=MODE, source=[*BARS, "pattern=snow"]))
        return opened[-1]

    camera = LiveCamera(open_camera)
    camera.start()
    with camera.tap() as frames:
        frames.get(timeout=10)
        opened[0]._pipeline._process.kill()
        deadline = monotonic() + 10
        while camera.figures().reopened == 0:
            assert monotonic() < deadline
            sleep(0.02)
        frames.clear()
        assert frames.get(timeout=10).picture.shape == (120, 160, 3)
    camera.stop()
    assert camera.figures().name == "csi:0"
    assert all(one._pipeline._process.poll() is not None for one in opened)


PICTURE = 160 * 120 * 3 // 2

FAULTY = f"""#!{sys.executable}
import os, signal, sys, time
what = sys.argv[2]
def give(count):
    while count:
        count -= os.write(1, bytes([128]) * min(count, 65536))
if what == "dies":
    give(2 * {PICTURE})
    sys.stderr.write("ERROR: from element /GstPipeline:pipeline0: Argus has lost the sensor\\n")
    sys.exit(1)
if what == "half":
    give({PICTURE} + {PICTURE} // 2)
if what == "hangs":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give({PICTURE})
    time.sleep(60)
if what == "mute":
    time.sleep(60)
if what == "talks":
    for _ in range(40):
        sys.stderr.write("WARNING: " + "x" * 10000)
        sys.stderr.flush()
        give({PICTURE})
"""
"""Stands for gst-launch, and injects faults."""


@pytest.fixture
def launcher(tmp_path: Path) -> str:
    program = tmp_path / "gst-launch-1.0"
    program.write_text(FAULTY)
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("what", "words"),
    [("dies", "Argus has lost the sensor"), ("half", "is the camera connected")],
)
def test_a_pipeline_that_ends(what: str, words: str, launcher: str) -> None:
    with CsiCamera(mode=MODE, source=[what], launcher=launcher) as camera:
        frames = iter(camera)
        next(frames)
        with pytest.raises(CameraError, match=words):
            list(frames)


@pytest.mark.parametrize("what", ["hangs", "mute"])
def test_a_pipeline_that_hangs_is_killed(
    what: str, launcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_csi, "PATIENCE", 0.2)
    monkeypatch.setattr(camera_csi, "START_PATIENCE", 3.0 if what == "hangs" else 0.5)
    monkeypatch.setattr("edge.frames.gstreamer.FAREWELL", 0.1)
    began = monotonic()
    with (
        pytest.raises(CameraError, match="nvargus-daemon"),
        CsiCamera(mode=MODE, source=[what], launcher=launcher) as camera,
    ):
        list(camera)
    assert monotonic() - began < 30  # not the minute that the program would take


def test_a_pipeline_that_talks_all_the_time_does_not_block(launcher: str) -> None:
    with CsiCamera(mode=MODE, source=["talks"], launcher=launcher) as camera:
        assert len(list(itertools.islice(camera, 40))) == 40


def test_a_missing_launcher_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"apt-get install gstreamer1\.0-tools"):
        CsiCamera(mode=MODE, launcher=str(tmp_path / "none"))
    (tmp_path / "plain").write_text("")
    with pytest.raises(CameraError, match="cannot be started"):
        CsiCamera(mode=MODE, launcher=str(tmp_path / "plain"))


def test_closing_twice_does_nothing_and_leaves_no_descriptor(launcher: str) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    camera = CsiCamera(mode=MODE, source=["talks"], launcher=launcher)
    camera.close()
    camera.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_sensors_command_line() -> None:
    told = argus(1, CameraMode(1280, 720, 29.97, exposure=8.0, mains="60"))
    assert told == [
        "nvarguscamerasrc", "sensor-id=1", "aeantibanding=3", "exposuretimerange=8000000 8000000",
        "!", "video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=29970/1000",
        "!", "nvvidconv",
    ]  # fmt: skip
    assert "exposuretimerange" not in " ".join(argus(0, CameraMode()))


def test_what_a_pipeline_says_is_explained() -> None:
    assert "connected" in explain("")
    assert explain("ERROR: from element x: Internal data stream error.\nmore").endswith("error.")
    assert "nvidia-l4t-gstreamer" in explain('WARNING: erroneous pipeline: no element "nvvidconv"')
