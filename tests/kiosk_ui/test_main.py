"""The whole kiosk: real process, real models, real videos."""

from __future__ import annotations

import math
import os
import re
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge.cues.event import Kind
from edge.cues.tones import Samples, tone
from edge.cues.voice import read_wave
from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from kiosk_ui.phones.addresses import lan_address
from tests.edge.cue_fakes import program
from tests.edge.videos import write_as_recorder
from tests.faults.videos import short_squat
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

DEMO = DEMO_CLIPS / "good.mp4"


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of one squat, which is good."""
    return short_squat(tmp_path_factory.mktemp("video") / "squat.mp4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kiosk keeps its data."""
    return tmp_path_factory.mktemp("kiosk")


@pytest.fixture(scope="module")
def kiosk(folder: Path) -> Iterator[KioskProcess]:
    with kiosk_process(folder) as running:
        running.wait_until_ready()
        yield running


def test_a_recording_is_heard_and_seen_from_start_to_result(tmp_path: Path) -> None:
    """Real everything but the loudspeaker, which keeps what it is to play, and the pins."""
    heard = tmp_path / "heard"
    heard.mkdir()
    program(tmp_path / "aplay", f"T={heard}/$(date +%s%N); cat > $T.partial; mv $T.partial $T.wav")
    options = ("--camera", "demo", "--demo-clip", str(DEMO_CLIPS / "bad.mp4"))
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "GPIOZERO_PIN_FACTORY": "mock",
        "KIOSK_LED_PINS": "GPIO5,GPIO6,GPIO13",
    }  # fmt: skip
    with kiosk_process(tmp_path / "data", *options, environment=environment) as kiosk:
        kiosk.wait_until_ready()
        press_start_until(kiosk, lambda: any(kind_of(s) is Kind.TICK for s in heard_in(heard)))
        sounds: list[Samples] = []
        files: list[Path] = []

        def finished() -> bool:
            files[:] = sorted(heard.glob("*.wav"))
            sounds[:] = heard_in(heard)
            return bool(sounds) and kind_of(sounds[-1]) in (Kind.GOOD, Kind.BAD, Kind.NOT_JUDGED)

        until(finished)
        told = [kind_of(sound) for sound in sounds]
        first = told.index(Kind.TICK)  # before it, somebody may be told where to stand
        told, sounds, files = told[first:], sounds[first:], files[first:]
        begin = told.index(Kind.BEGIN)
        # A second in which the machine stalls is not told late.
        assert begin in (2, 3) and set(told[:begin]) == {Kind.TICK}
        assert told[-2] is Kind.END
        counts = sounds[begin + 1 : -2]
        assert counts and all(np.abs(count).max() > 0.1 for count in counts)
        assert int(files[begin].stem) - int(files[0].stem) == pytest.approx(3e9, abs=1e9)
    log = "\n".join(kiosk.log)
    assert "light: pins GPIO5, GPIO6, GPIO13" in log
    assert "no sound" not in log and "ERROR" not in log


def press_start_until(kiosk: KioskProcess, begun: Callable[[], bool]) -> None:
    """Press Start, and again every few seconds, as somebody does whom the kiosk keeps waiting.

    The person of the demo clip seldom stands still for long.
    """
    url = f"http://localhost:{kiosk.port}/kiosk/start"
    pressed = -math.inf

    def done() -> bool:
        nonlocal pressed
        if time.monotonic() - pressed > 6.0:
            kiosk.send(urllib.request.Request(url, method="POST", data=b""))
            pressed = time.monotonic()
        return begun()

    until(done)


def heard_in(folder: Path) -> list[Samples]:
    """Return what was played, in order."""
    return [read_wave(file.read_bytes()) for file in sorted(folder.glob("*.wav"))]


def kind_of(sound: Samples) -> Kind | None:
    """Return whose tone a sound begins with."""
    for kind in Kind:
        expected = tone(kind)
        if expected is not None and len(sound) >= len(expected):
            part = sound[: len(expected)]
            if np.abs(part / np.abs(part).max() - expected / 0.9).max() < 0.01:
                return kind
    return None


def test_a_machine_without_loudspeaker_voice_and_light_says_so_once_each(tmp_path: Path) -> None:
    environment = {"PATH": str(Path(sys.executable).parent), "GPIOZERO_PIN_FACTORY": "none"}
    with kiosk_process(tmp_path, environment=environment) as kiosk:
        kiosk.wait_until_ready()
        press_start_until(kiosk, lambda: any("no sound" in line for line in kiosk.log))
        time.sleep(2.5)  # two more seconds of the countdown
        assert kiosk.get("/healthz")[0] == 200
    cues = [line for line in kiosk.log if "edge.cues" in line]
    assert sorted(line.split(": ", 1)[1] for line in cues) == [
        "no light: this machine has no GPIO pins, or none that gpiozero can drive",
        "no sound: aplay is missing (apt-get install alsa-utils)",
        "voice: espeak-ng is missing (apt-get install espeak-ng)",
    ]


def test_an_uploaded_video_is_scored(kiosk: KioskProcess, squat: Path, tmp_path: Path) -> None:
    score = kiosk.finished(kiosk.upload(squat.read_bytes())["id"])
    assert score["status"] == "done", score
    assert score["assessment"]["verdict"] == "good"
    assert len(score["assessment"]["repetitions"]) == 1
    status, replay = kiosk.get(f"/api/v1/scores/{score['id']}/replay.mp4")
    assert status == 200
    (tmp_path / "replay.mp4").write_bytes(replay)
    with VideoFile(tmp_path / "replay.mp4") as video, VideoFile(squat) as sent:
        assert sum(1 for _ in video) == pytest.approx(sum(1 for _ in sent), abs=2)


def test_junk_is_told_so(kiosk: KioskProcess) -> None:
    score = kiosk.finished(kiosk.upload(b"this is no video" * 1000)["id"])
    assert (score["status"], score["error"]) == ("failed", "This is not a video that can be read.")


def test_the_kiosks_screen_is_served(kiosk: KioskProcess) -> None:
    status, page = kiosk.get("/")
    assert status == 200
    assert b'id="start"' in page


@pytest.mark.skipif(lan_address() is None, reason="this machine is on no network")
def test_the_network_is_told_where_the_kiosk_is(kiosk: KioskProcess) -> None:
    def told() -> str:
        lines = (line for line in kiosk.log if "kiosk_ui.phones.announce" in line)
        return next((line for line in lines if "phones: " in line or "no name" in line), "")

    until(lambda: bool(told()))
    if "no name" in told():
        pytest.skip(told())  # multicast is not let through here
    assert re.search(r"phones: http://squat(-\d+)?\.local:\d+ or http://[\d.]+:\d+$", told())


def test_it_ends_when_it_is_told_to_whoever_is_connected(tmp_path: Path) -> None:
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        with closing(socket.create_connection(("127.0.0.1", kiosk.port))) as wire:
            wire.sendall(b"GET /kiosk/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wire.recv(100)
            kiosk.process.terminate()
            assert kiosk.process.wait(20) == 0  # as long as its unit gives it


def test_a_recording_is_judged_before_it_is_whole(kiosk: KioskProcess, tmp_path: Path) -> None:
    """With the real models: what streams in is judged as the file is."""
    video = write_as_recorder(DEMO, tmp_path / "recorded.webm", 5.0).read_bytes()
    sending = Stream(kiosk.port)
    sending.begin()
    for begin in range(0, len(video), 20_000):
        time.sleep(0.1)
        sending.append(video[begin : begin + 20_000])
    time.sleep(1.0)  # whoever records stands still for a while at the end
    sending.append(b"", last=True)
    streamed = kiosk.finished(sending.key)
    sending.close()
    whole = kiosk.finished(kiosk.upload(video)["id"])
    assert streamed["assessment"] == whole["assessment"]
    assert streamed["assessment"]["verdict"] == "good"


def test_a_taken_port_is_told_so(kiosk: KioskProcess, tmp_path: Path) -> None:
    with kiosk_process(tmp_path / "second", "--port", str(kiosk.port)) as second:
        assert second.process.wait(60) == 1
        until(lambda: second.log)
    assert f"port {kiosk.port} of 0.0.0.0 cannot be used" in "\n".join(second.log)


def refused(data_dir: Path) -> str:
    """Return what a kiosk says that cannot start in this folder: one line."""
    with kiosk_process(data_dir) as second:
        assert second.process.wait(60) == 1
        until(lambda: second.log)
    (line,) = second.log
    return line


def test_two_kiosks_do_not_share_a_folder(kiosk: KioskProcess, folder: Path) -> None:
    assert "another kiosk works with" in refused(folder)
    assert kiosk.get("/healthz")[0] == 200


def test_a_folder_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "choose another --data-dir" in refused(tmp_path / "file" / "below")


def test_missing_models_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_BUNDLE", str(tmp_path / "nothing"))
    with kiosk_process(tmp_path) as kiosk:
        assert kiosk.process.wait(60) == 1
    assert "the kiosk cannot start" in "\n".join(kiosk.log)


def test_a_pose_backend_without_its_networks_is_told_so(tmp_path: Path) -> None:
    with kiosk_process(tmp_path, "--camera", "demo", "--pose", "openpose") as kiosk:
        assert kiosk.process.wait(60) == 1
    log = "\n".join(kiosk.log)
    assert "the kiosk cannot start: there is no OpenPose network" in log
    assert "scripts/get_openpose" in log
