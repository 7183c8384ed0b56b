"""OpenPose in its child process: what it finds, and every way in which it may fail.

OpenPose itself is not here: a stand-in behaves as it was seen to behave.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from edge.assessment import Verdict
from edge.classifier import Classifier
from edge.errors import PoseError
from edge.frames import Frame
from edge.frames.video import VideoFile
from edge.pose.pyopenpose import NEEDED, PyOpenPose
from edge.pose.pyopenpose_process import OpenPoseProcess
from edge.pose.scheduler import PoseScheduler, Priority
from edge.session import ScoringSession
from tests.clips import ROOT, KnownClip
from tests.edge.openpose_answers import SCORE, write_answers

STANDIN = ROOT / "tests/edge/standin_pyopenpose"
SOON = 20.0


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """OpenPose's folder of models, as far as the stand-in looks into it."""
    for name in NEEDED:
        file = tmp_path / "models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path / "models"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))


@pytest.fixture
def start(
    models: Path, installed: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., PyOpenPose]]:
    """Start estimators whose process has a fault, such as ``hang@3``."""
    started: list[PyOpenPose] = []

    def start(fault: str = "none@0", **settings: Any) -> PyOpenPose:
        monkeypatch.setenv("STANDIN_FAULT", fault)
        started.append(PyOpenPose(models, **settings))
        return started[-1]

    yield start
    for estimator in started:
        estimator.close()


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def picture(shade: int, height: int = 48, width: int = 64) -> Frame:
    return Frame(np.full((height, width, 3), shade, np.uint8), 0.0)


def answers_of(tmp_path: Path, *shades: int) -> Path:
    """Let one person more be seen in each of these pictures, at places that tell them apart."""
    joints = np.full((len(shades), len(shades), 25, 2), np.nan)
    for number, shade in enumerate(shades):
        for person in range(number + 1):
            joints[number, person, :20] = (shade / 4, person)
    return write_answers(tmp_path / "answers.npz", map(picture, shades), joints)


def process_of(estimator: PyOpenPose) -> int:
    process = estimator._process
    assert process is not None
    return process._child.pid


def wait_until(fulfilled: Callable[[], bool]) -> None:
    deadline = monotonic() + SOON
    while not fulfilled():
        assert monotonic() < deadline
        sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_clip_gets_its_verdict(
    start: Callable[..., PyOpenPose], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = KnownClip.load("demo_good")
    with VideoFile(clip.video) as video:
        frames = list(video)
    answers = write_answers(tmp_path / "answers.npz", frames, clip.joints)
    monkeypatch.setenv("STANDIN_KEYPOINTS", str(answers))
    scheduler = PoseScheduler(start())
    session = ScoringSession(
        scheduler.open_stream(Priority.CAMERA), Classifier.load(), pose_model=scheduler.name
    )
    session.push_all(frames)
    assessment = session.finish()
    assert assessment.verdict is Verdict.GOOD
    assert len(assessment.repetitions) == clip.meta["repetition_count"]
    assert assessment.pose_model == "pyopenpose-body-25"
    apart = np.hypot(*np.moveaxis(session.track.joints - clip.joints[:, 0], -1, 0))
    assert np.nanmedian(apart) < 2.0


def test_everybody_is_found_and_what_is_not_seen_is_nan(
    start: Callable[..., PyOpenPose], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_KEYPOINTS", str(answers_of(tmp_path, 50, 100, 150)))
    estimator = start()
    one, other = estimator.open_stream(), estimator.open_stream()
    assert one.estimate(picture(0)) == []
    for shade, people in ((50, 1), (150, 3), (100, 2)):
        stream = one if people == 2 else other
        poses = stream.estimate(picture(shade))
        expected = [[shade / 4, number] for number in range(people)]
        assert [pose.joints[0].tolist() for pose in poses] == expected
        assert all(np.isnan(pose.joints[20:]).all() for pose in poses)
        assert all((pose.confidence[20:] == 0).all() for pose in poses)
        assert all(np.allclose(pose.confidence[:20], SCORE) for pose in poses)


def test_pictures_of_any_size_follow_each_other(
    start: Callable[..., PyOpenPose], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_KEYPOINTS", str(answers_of(tmp_path, 50, 100)))
    stream = start().open_stream()
    pid = process_of(stream._estimator)
    for height, width, shade in ((48, 64, 50), (720, 1280, 100), (9, 16, 100), (540, 960, 50)):
        flipped = picture(shade, height, width).flipped()
        assert len(stream.estimate(flipped)) == shade // 50
    assert process_of(stream._estimator) == pid


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("exit@2", r"ended with code 0; it said: .*Cuda check failed"),
        ("crash@2", "ended by SIGSEGV"),
        ("raise@2", "code 1; it said: .*out of memory"),
        ("hang@2", "hangs"),
        ("close@2", "closed its channel"),
        ("refuse@2", "refused a picture"),
        ("shape@2", r"float32 \(1, 18, 3\) and not"),
        ("flat@2", r"float32 \(75,\) and not"),
        ("type@2", r"float64 \(1, 25, 3\) and not"),
        ("text@2", "and not"),
        ("crowd@2", "makes no sense: 5000 people"),
        ("nan@2", "no joints"),
        ("infinite@2", "no joints"),
        ("negative@2", "no joints"),
        ("far@2", "no joints"),
    ],
)
def test_a_failure_costs_one_picture(
    start: Callable[..., PyOpenPose],
    fault: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STANDIN_KEYPOINTS", str(answers_of(tmp_path, 50)))
    estimator = start(fault, patience=1.0 if fault == "hang@2" else SOON)
    stream, pid = estimator.open_stream(), process_of(estimator)
    assert len(stream.estimate(picture(50))) == 1
    with pytest.raises(PoseError, match=message):
        stream.estimate(picture(50))
    assert is_gone(pid)
    assert len(stream.estimate(picture(50))) == 1


def test_a_process_that_ends_again_and_again_is_started_ever_less_often(
    start: Callable[..., PyOpenPose], caplog: pytest.LogCaptureFixture
) -> None:
    clock, starts = Clock(), []
    estimator = start("exit@1", clock=clock)
    stream = estimator.open_stream()
    caplog.set_level(logging.INFO)
    for _ in range(40):
        caplog.clear()
        with pytest.raises(PoseError, match="code 0"):
            stream.estimate(picture(50))
        if "is replaced" in caplog.text:
            starts.append(clock.now - 100.0)
        clock.now += 0.5
    assert starts == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5]


def test_the_picture_of_a_pause_says_how_long_it_is(start: Callable[..., PyOpenPose]) -> None:
    clock = Clock()
    stream = start("exit@1", clock=clock).open_stream()
    for _ in range(2):
        with pytest.raises(PoseError):
            stream.estimate(picture(50))
    with pytest.raises(PoseError, match=r"started again in 1 s: OpenPose's process ended"):
        stream.estimate(picture(50))


def test_openpose_that_comes_back_after_a_missing_module_is_used(
    start: Callable[..., PyOpenPose], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    stream = start("exit@1", clock=clock).open_stream()
    with pytest.raises(PoseError):
        stream.estimate(picture(50))
    monkeypatch.setenv("PYTHONPATH", "")  # somebody builds OpenPose anew just now
    with pytest.raises(PoseError, match="not installed"):
        stream.estimate(picture(50))
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))
    monkeypatch.setenv("STANDIN_FAULT", "none@0")
    clock.now += 1.0
    assert stream.estimate(picture(50)) == []


def test_without_pyopenpose_it_is_said_what_to_do_and_under_which_licence(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(PoseError, match=r"No module named .*openpose") as raised:
        PyOpenPose(models)
    for words in ("doc/installation/", "PYTHONPATH", "non-commercial", "commercial licence"):
        assert words in str(raised.value)
    assert "academic or non-profit non-commercial" in caplog.text


def test_an_installed_openpose_is_found_in_its_package(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "python" / "openpose"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "pyopenpose.py").symlink_to(STANDIN / "pyopenpose.py")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    with PyOpenPose(models) as estimator:
        assert estimator.open_stream().estimate(picture(0)) == []


def test_the_models_must_be_there(tmp_path: Path, installed: None) -> None:
    with pytest.raises(PoseError, match="KIOSK_OPENPOSE_MODELS"):
        PyOpenPose(None)
    with pytest.raises(PoseError, match=r"lacks pose/body_25/.* and .*caffemodel"):
        PyOpenPose(tmp_path)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"model_folder": "/nowhere/"}, "refused a picture.*Prototxt file not found"),
        ({"no_such_flag": 1}, "ended with code 1.*unknown command line flag"),
        ({"render_pose": False}, "ended with code 1.*illegal value"),
    ],
)
def test_flags_that_end_openpose_are_errors_here(
    flags: dict[str, object], message: str, models: Path, installed: None
) -> None:
    with pytest.raises(PoseError, match=message):
        OpenPoseProcess({"model_folder": f"{models}/", **flags}, SOON)


def test_openpose_that_never_gets_ready(start: Callable[..., PyOpenPose]) -> None:
    with pytest.raises(PoseError, match="hangs"):
        start("hang@0", start_patience=1.0)


def test_closing_leaves_no_process(start: Callable[..., PyOpenPose]) -> None:
    estimator = start()
    pid = process_of(estimator)
    estimator.close()
    estimator.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(PoseError, match="closed"):
        estimator.open_stream().estimate(picture(0))


PARENT = """
import sys
from pathlib import Path
import numpy as np
from edge.frames import Frame
from edge.pose.pyopenpose import PyOpenPose
estimator = PyOpenPose(Path(sys.argv[1]))
print(estimator._process._child.pid, flush=True)
estimator.open_stream().estimate(Frame(np.full((48, 64, 3), 90, np.uint8), 0.0))
print("answered", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("fault", ["none@0", "hang@1"])
def test_a_killed_kiosk_leaves_no_process(fault: str, models: Path, installed: None) -> None:
    """Not even one that hangs and holds the interpreter's lock."""
    kiosk = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(models)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "STANDIN_FAULT": fault},
    )  # fmt: skip
    with kiosk:
        assert kiosk.stdout is not None
        pid = int(kiosk.stdout.readline())
        if fault == "none@0":
            assert kiosk.stdout.readline() == b"answered\n"
        else:
            sleep(0.5)  # it is in the midst of the picture by now, or comes to it
        assert not is_gone(pid)
        kiosk.send_signal(signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
