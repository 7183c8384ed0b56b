"""The command line, as people and programs use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from click.testing import CliRunner

from edge import cli
from edge.bundle import DEFAULT_BUNDLE
from edge.errors import ExerciseError
from edge.exercise import Exercise
from edge.joints import TEN
from tests.bundles import copy_bundle
from tests.clips import ROOT, KnownClip
from tests.edge.test_openpose_json import write_folder
from tests.edge.videos import ONE_SQUAT, first_part, write_video

ONE_PUSH_UP = 3.1
"""Seconds of either clip of push-ups until the first one has ended."""

KEYS = {"input", "verdict", "score", "reason", "repetitions", "faults", "model", "error"}


def score(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``python -m edge score`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "edge", "score", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def one_bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first squat of the bad demo clip."""
    path = tmp_path_factory.mktemp("clips") / "one_bad.mp4"
    return first_part(KnownClip.load("demo_bad").video, path, ONE_SQUAT)


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is said of one squat in OpenPose's files, in pixels."""
    folder = write_folder(tmp_path_factory.mktemp("openpose"), skip=(40,), empty=(0, 41))
    (line,) = lines(score("--json", "--fps", "30", folder))
    return line


def lines(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_video_for_people() -> None:
    clip = KnownClip.load("demo_bad").video
    result = score(clip)
    assert result.returncode == 0
    assert result.stderr == ""
    first, cue, *repetitions = result.stdout.splitlines()
    assert first.startswith(f"{clip}: BAD, score 0.")
    assert "3 repetitions" in first
    assert "knee" in cue and "aim for under" in cue  # what is wrong with this demo clip
    assert [line.split()[0] for line in repetitions[:3]] == ["1.", "2.", "3."]


def test_an_exercise_that_does_not_fit_together_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Exercise:
        raise ExerciseError(f"{name} has no texts.json")

    monkeypatch.setattr(cli, "load", broken)
    result = CliRunner().invoke(cli.main, ["score", "--exercise", "push_up", "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert "error: push_up has no texts.json" in result.output


def test_a_pose_backend_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["score", "--pose", "openpose", "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert "scripts/get_openpose" in result.output and "--pose-bundle" in result.output
    options = ["--pose", "openpose", "--pose-bundle", str(DEFAULT_BUNDLE)]
    result = CliRunner().invoke(cli.main, ["score", *options, "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert "made for judging squat" in result.output
    result = CliRunner().invoke(cli.main, ["score", "--pose", "alphapose", "any.mp4"])
    assert result.exit_code == 2


def test_openpose_itself_is_looked_for_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder never reached it, and the message asked for what was set."""
    monkeypatch.setenv("KIOSK_OPENPOSE_MODELS", str(tmp_path / "models"))
    result = CliRunner().invoke(cli.main, ["score", "--pose", "pyopenpose", "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert f"{tmp_path / 'models'} lacks" in result.output


def test_a_bundle_that_is_no_pose_backends_is_one_line() -> None:
    """It was opened with the first video, and gave a traceback."""
    options = ["--pose-bundle", str(DEFAULT_BUNDLE)]
    result = CliRunner().invoke(cli.main, ["score", *options, "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert "holds no networks of a pose backend" in result.output


def test_a_setting_that_is_nonsense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_POSE_THREADS", "many")
    result = CliRunner().invoke(cli.main, ["score", "--pose", "openpose", "any.mp4"])
    assert result.exit_code == 1 and "KIOSK_POSE_THREADS" in result.output


def test_a_bundle_that_nobody_signed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_bundle(tmp_path / "bundle")
    (folder / "manifest.sig").unlink()
    monkeypatch.setenv("KIOSK_ALLOW_UNSIGNED", "0")
    result = CliRunner().invoke(cli.main, ["score", "--bundle", str(folder), "any.mp4"])
    assert result.exit_code == cli.NOT_READY
    assert "error: the bundle in bundle/ is not signed" in result.output


def test_videos_for_machines_and_one_bad_input_between(one_bad: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.mp4").write_bytes(b"junk" * 100)
    nobody = write_video(tmp_path / "nobody.webm", "libvpx")
    result = score("--json", nobody, tmp_path / "junk.mp4", tmp_path / "none.mp4", one_bad)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'junk.mp4'}: this is not a video that can be read",
        f"{tmp_path / 'none.mp4'}: there is no such file",
    ]
    first, junk, none, last = lines(result)
    assert all(set(line) >= KEYS for line in (first, junk, none, last))
    assert first["verdict"] == "not_judged"
    assert "Nobody" in first["reason"]
    assert junk["verdict"] is None
    assert junk["error"] == "this is not a video that can be read"
    assert none["input"] == str(tmp_path / "none.mp4")
    assert last["verdict"] == "bad"
    assert len(last["repetitions"]) == 1
    assert last["model"].startswith("squat")
    assert len(last["joints"]) == len(TEN)


def test_another_exercise_is_judged_by_its_rules(tmp_path: Path) -> None:
    clips = [
        first_part(KnownClip.load(f"push_up_{name}").video, tmp_path / f"{name}.mp4", ONE_PUSH_UP)
        for name in ("good", "sag")
    ]
    good, sag = lines(score("--json", "--exercise", "push_up", *clips))
    assert (good["verdict"], sag["verdict"]) == ("good", "bad")
    assert sag["cue"]["kind"] == "fault" and sag["cue"]["ko"]
    assert [len(line["repetitions"]) for line in (good, sag)] == [1, 1]
    assert good["model"] == "rules of push_up"


def test_an_exercise_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(cli.main, ["score", "--exercise", "handstand", "any.mp4"])
    assert result.exit_code == 2 and "handstand" in result.output


def test_the_threshold_decides(one_bad: Path) -> None:
    (line,) = lines(score("--json", "--threshold", "0", one_bad))
    assert line["verdict"] == "good"
    assert line["threshold"] == 0


def test_the_replay_is_an_mp4_for_phones(one_bad: Path, tmp_path: Path) -> None:
    assert score(one_bad, "--replay", tmp_path / "replay.mp4").returncode == 0
    with av.open(str(tmp_path / "replay.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.frames == round(ONE_SQUAT * 30)
    assert [path.name for path in tmp_path.iterdir()] == ["replay.mp4"]


def test_a_folder_of_openpose_files(one_folder: dict[str, Any]) -> None:
    assert len(one_folder["repetitions"]) == 1
    assert one_folder["verdict"] in ("good", "bad")


@pytest.mark.parametrize("scale", [(1 / 640, 0.0), (2 / 640, -1.0)])
def test_a_folder_of_openpose_files_in_any_scale(
    scale: tuple[float, float], one_folder: dict[str, Any], tmp_path: Path
) -> None:
    folder = write_folder(
        tmp_path / "o", scale=scale[0], offset=scale[1], skip=(40,), empty=(0, 41)
    )
    (line,) = lines(score("--json", "--fps", "30", folder))
    assert line["score"] == one_folder["score"]
    assert len(line["repetitions"]) == 1


def test_a_damaged_openpose_folder_is_one_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "o")
    (folder / "squat_000000000050_keypoints.json").write_text("{")
    result = score("--fps", "30", folder)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "not JSON" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["a.mp4", "b.mp4", "--replay", "r.mp4"], "exactly one video"),
        (["a.mp4", "--replay", "/no/such/folder/r.mp4"], "no folder"),
        (["a.mp4", "--threshold", "nan"], "not a number"),
        (["tests", "--replay", "r.mp4"], "exactly one video"),
        (["a.mp4", "--threshold", "2"], "not in the range"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["score", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_the_replay_never_replaces_the_video_itself(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4")
    before = video.read_bytes()
    for name in ("v.mp4", "link.mp4", "hard.mp4"):
        target = tmp_path / name
        if name == "link.mp4":
            target.symlink_to(video)
        elif name == "hard.mp4":
            target.hardlink_to(video)
        result = CliRunner().invoke(cli.main, ["score", str(video), "--replay", str(target)])
        assert result.exit_code == 2
        assert "overwrite" in result.output
    assert video.read_bytes() == before


def test_paths_that_cannot_be_looked_at_do_not_stop_the_others(tmp_path: Path) -> None:
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    video = write_video(tmp_path / "v.mp4")
    result = score(loop, tmp_path / ("n" * 300), tmp_path, video)
    assert result.returncode == 1
    errors = result.stderr.splitlines()
    assert len(errors) == 3
    assert "needs --fps" in errors[2]
    assert "Traceback" not in result.stderr
    assert result.stdout.startswith(f"{video}: not judged")


def test_a_replay_that_cannot_be_written_comes_after_the_verdict(one_bad: Path) -> None:
    result = score(one_bad, "--replay", "/proc/replay.mp4")
    assert result.returncode in (1, 2)  # 2 where this user may not write there at all
    assert len([line for line in result.stderr.splitlines() if line]) <= 4
    assert "Traceback" not in result.stderr
    if result.returncode == 1:
        assert ": BAD" in result.stdout


def test_missing_models_are_exit_code_3(tmp_path: Path) -> None:
    result = score("any.mp4", "--bundle", tmp_path)
    assert result.returncode == 3
    assert result.stderr.startswith("error: there is no model bundle")


def test_a_bundle_of_another_exercise_is_refused() -> None:
    options = ["--exercise", "push_up", "--bundle", str(DEFAULT_BUNDLE)]
    result = CliRunner().invoke(cli.main, ["score", "any.mp4", *options])
    assert result.exit_code == cli.NOT_READY
    (line,) = result.output.splitlines()
    assert line.startswith("error: the bundle squat ") and line.endswith("squat, not push_up")


def test_a_name_that_would_break_the_line_is_made_printable(tmp_path: Path) -> None:
    name = tmp_path / "two\nlines\x1b[31m.mp4"
    name.write_bytes(b"junk")
    result = score(name)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_it_runs_from_any_folder(tmp_path: Path) -> None:
    nobody = write_video(tmp_path / "nobody.mp4")
    assert score(nobody.name, cwd=tmp_path).returncode == 0
