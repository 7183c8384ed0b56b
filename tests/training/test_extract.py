"""Videos to keypoints: real videos, real workers, a real scheduler, and a real interruption."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import psutil
import pytest
from click.testing import CliRunner
from distributed import Client

from edge.frames.video import VideoFile
from edge.pose.blazepose import BlazePose
from edge.session import ScoringSession
from edge.subject import Choice
from edge.track import PoseTrack
from tests.clips import CLIPS, DEMO, ROOT
from tests.training.recordings import shorten, write_manifest
from training import extract as command
from training.datasets.keypoints import About, Keypoints, file_sha256, keypoints_path
from training.extraction import Job, Outcome, extract

VIDEOS = {"good.mp4": 1.2, "side.mp4": 0.8, "empty.mp4": 0.3, "broken.mp4": 0.0}
SOURCE = {
    "good.mp4": DEMO / "good.mp4",
    "side.mp4": CLIPS / "side_view.mp4",
    "empty.mp4": CLIPS / "empty_gym.mp4",
}


def arguments(manifest: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "training.extract", str(manifest), *options]


def run(manifest: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(manifest, *options), cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short videos, one of which is none, with their manifest."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, source in SOURCE.items():
        shorten(source, folder / name, VIDEOS[name])
    (folder / "broken.mp4").write_bytes((folder / "good.mp4").read_bytes()[:2000])
    write_manifest(
        folder / "manifest.csv",
        {"video": "good.mp4", "person": "p1", "correct": 1, "diagonal_video": "side.mp4"},
        {"video": "empty.mp4", "person": "p2", "correct": 0, "load": "barbell"},
        {"video": "broken.mp4", "person": "p3", "correct": 0, "load": "dumbbell"},
    )
    return folder


@pytest.fixture(scope="module")
def first(home: Path) -> subprocess.CompletedProcess[str]:
    """The first run, on a cluster of this machine's own."""
    return run(home / "manifest.csv", "--workers", "2")


def test_a_broken_video_is_told_and_does_not_stop_the_others(
    home: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == command.FAILED, first.stderr
    assert "3 seen now, 0 done before, 1 failed" in first.stdout
    assert first.stderr.splitlines()[-1].startswith("broken.mp4  ")
    assert "Traceback" not in first.stderr
    written = {path.name for path in (home / "keypoints").iterdir()}
    assert written == {
        keypoints_path(home, name).name for name in ("good.mp4", "side.mp4", "empty.mp4")
    }


def test_each_load_is_counted_apart(first: subprocess.CompletedProcess[str]) -> None:
    table = {line.split()[0]: line.split()[1:] for line in first.stdout.splitlines() if line}
    assert table["none"] == ["1", "0", "0", "0", "1"]
    assert table["barbell"] == ["0", "1", "0", "0", "1"]
    assert table["dumbbell"] == ["0", "0", "0", "1", "1"]


@pytest.mark.usefixtures("first")
def test_the_keypoints_are_those_that_the_kiosk_sees(home: Path) -> None:
    found = Keypoints.load(keypoints_path(home / "keypoints", "good.mp4"))
    session = ScoringSession(BlazePose().open_stream(), NoJudge())
    with VideoFile(home / "good.mp4") as video:
        session.push_all(video)
    session.finish()
    assert found.about == About(
        file_sha256(home / "good.mp4"), BlazePose.name, Choice.ONE, frames=36
    )
    assert np.array_equal(found.track.times, session.track.times)
    np.testing.assert_allclose(found.track.joints, session.track.joints, atol=1e-3)
    np.testing.assert_allclose(found.track.confidence, session.track.confidence, atol=1e-6)


class NoJudge:
    """Never asked: the clip is too short to hold a repetition."""

    label = "none"


@pytest.mark.usefixtures("first")
def test_a_video_without_a_person_is_done_too(home: Path) -> None:
    found = Keypoints.load(keypoints_path(home / "keypoints", "empty.mp4"))
    assert (found.about.choice, len(found.track)) == (Choice.NOBODY, 0)


# ## A cluster


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with one worker, each a process of its own."""
    file = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    options = {"cwd": ROOT, "start_new_session": True}
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    children = [
        subprocess.Popen(
            [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(file)], env=environment, **options,
        ),
        subprocess.Popen(
            [*dask, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard",
             "--local-directory", str(file.parent)], **options,
        ),
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]
    finally:
        for child in children:  # with the processes that they started
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@pytest.mark.usefixtures("first")
def test_a_cluster_does_only_what_is_new(home: Path, scheduler: str, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    shutil.copytree(home, recordings)
    shorten(DEMO / "bad.mp4", recordings / "good.mp4", 0.5)  # another video of the same name
    broken = keypoints_path(recordings / "keypoints", "broken.mp4")
    shutil.copy(keypoints_path(home / "keypoints", "good.mp4"), broken)  # from when it was whole
    before = {path: path.stat().st_mtime_ns for path in (recordings / "keypoints").iterdir()}
    again = run(recordings / "manifest.csv", "--scheduler", scheduler)
    assert again.returncode == command.FAILED
    assert "1 seen now, 2 done before, 1 failed" in again.stdout
    assert not broken.exists()
    changed = [
        path for path, then in before.items() if path != broken and path.stat().st_mtime_ns != then
    ]
    assert changed == [keypoints_path(recordings / "keypoints", "good.mp4")]
    assert About.load(changed[0]).video_sha256 == file_sha256(recordings / "good.mp4")


def test_a_worker_that_dies_costs_one_video(scheduler: str) -> None:
    job = Job("a.mp4", Path("a.mp4"), Path("a.npz"), "")
    with Client(scheduler, set_as_default=False) as client:
        for _ in range(2):  # before and after: the next worker goes on
            told = client.submit(extract, job, pure=False).result(timeout=60)
            assert "No such file" in told.error
            lost = client.submit(os._exit, 3, pure=False)
            lost.exception(timeout=60)
            assert "worker ended" in command.outcome_of(lost).error


def test_no_cluster_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CONNECT_SECONDS", 0.3)
    told = CliRunner().invoke(
        command.main, [str(home / "manifest.csv"), "--scheduler", "tcp://127.0.0.1:9"]
    )
    assert told.exit_code == command.NO_CLUSTER
    assert "no cluster" in told.output


def test_keypoints_that_cannot_be_written_are_no_missing_cluster(tmp_path: Path) -> None:
    (tmp_path / "keypoints").write_text("a file where the folder belongs")
    video = shorten(DEMO / "good.mp4", tmp_path / "a.mp4", 0.5)
    found = extract(Job("a.mp4", video, tmp_path / "keypoints" / "a.npz", "")).keypoints
    assert found
    with pytest.raises(click.ClickException, match=r"a\.npz cannot be written: (File|Not a dir)"):
        command.keep(found, tmp_path / "keypoints" / "a.npz")


def test_only_keypoints_of_another_video_are_removed(tmp_path: Path) -> None:
    video, target = tmp_path / "a.mp4", tmp_path / "a.npz"
    video.write_bytes(b"a video")
    track = PoseTrack.empty()
    for digest, kept in [(file_sha256(video), True), ("another", False)]:
        Keypoints(About(digest, BlazePose.name, Choice.ONE, 0), track).save(target)
        command.drop_stale(Job("a.mp4", video, target, ""))
        assert target.exists() == kept
    Keypoints(About("any", BlazePose.name, Choice.ONE, 0), track).save(target)
    video.unlink()
    command.drop_stale(Job("a.mp4", video, target, ""))
    assert not target.exists()
    command.drop_stale(Job("a.mp4", video, target, ""))


# ## An interruption


def test_after_a_kill_only_what_is_missing_is_done(tmp_path: Path, scheduler: str) -> None:
    whole = shorten(DEMO / "good.mp4", tmp_path / "0.mp4", 0.6)
    names = [whole.name]
    for number in range(1, 5):  # other bytes, the same pictures
        names.append(f"{number}.mp4")
        (tmp_path / names[-1]).write_bytes(whole.read_bytes() + free_box(number))
    rows = [{"video": name, "person": "p1", "correct": 1} for name in names]
    manifest = write_manifest(tmp_path / "manifest.csv", *rows)
    folder = tmp_path / "keypoints"

    with subprocess.Popen(
        arguments(manifest, "--workers", "1"), cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as child:  # fmt: skip
        deadline = time.monotonic() + 120
        while len(list(folder.glob("*.npz"))) < 2:
            assert child.poll() is None, "it was done before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        workers = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, "workers outlive the command"

    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert 2 <= len(before) < len(names)
    again = run(manifest, "--scheduler", scheduler)  # elsewhere, even
    assert again.returncode == 0, again.stderr
    missing = len(names) - len(before)
    assert f"{missing} seen now, {len(before)} done before, 0 failed" in again.stdout
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    assert len({Keypoints.load(keypoints_path(folder, n)).about.video_sha256 for n in names}) == 5


def free_box(number: int) -> bytes:
    """Return an MP4 box that every player passes over."""
    return (9).to_bytes(4, "big") + b"free" + bytes([number])


# ## The parts


def test_a_manifest_that_is_wrong_stops_before_any_work(tmp_path: Path) -> None:
    manifest = write_manifest(
        tmp_path / "manifest.csv", {"video": "a.mp4", "person": "p1", "correct": 1}
    )
    told = CliRunner().invoke(command.main, [str(manifest)])
    assert told.exit_code == 2
    assert "line 2, column video: there is no file 'a.mp4'" in told.output
    assert not (tmp_path / "keypoints").exists()


def test_keypoints_of_another_pose_model_are_made_anew(tmp_path: Path) -> None:
    empty = shorten(CLIPS / "empty_gym.mp4", tmp_path / "a.mp4", 0.1)
    target = keypoints_path(tmp_path, "a.mp4")
    assert command.done_already(target) == ""
    outcome = extract(Job("a.mp4", empty, target, ""))
    assert outcome.keypoints is not None
    outcome.keypoints.save(target)
    digest = file_sha256(empty)
    assert command.done_already(target) == digest
    assert extract(Job("a.mp4", empty, target, digest)) == Outcome()
    about = About(digest, "another", Choice.NOBODY, 3)
    Keypoints(about, outcome.keypoints.track).save(target)
    assert command.done_already(target) == ""


def test_a_table_is_as_wide_as_its_widest_cell() -> None:
    text = command.table(("a", "b"), [("long cell", "1"), ("x", "22")])
    assert text.splitlines() == ["a          b", "---------  --", "long cell  1", "x          22"]
