"""The whole kiosk: real process, real models, real videos."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.processes import KioskProcess, kiosk_process

DEMO = DEMO_CLIPS / "good.mp4"


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    with kiosk_process(tmp_path_factory.mktemp("kiosk")) as running:
        running.wait_until_ready()
        yield running


def test_an_uploaded_video_is_scored(kiosk: KioskProcess, tmp_path: Path) -> None:
    score = kiosk.finished(kiosk.upload(DEMO.read_bytes())["id"])
    assert score["status"] == "done", score
    assert score["assessment"]["verdict"] in ("good", "bad")
    assert score["assessment"]["repetitions"]
    status, replay = kiosk.get(f"/api/v1/scores/{score['id']}/replay.mp4")
    assert status == 200
    (tmp_path / "replay.mp4").write_bytes(replay)
    with VideoFile(tmp_path / "replay.mp4") as video, VideoFile(DEMO) as demo:
        assert sum(1 for _ in video) == pytest.approx(sum(1 for _ in demo), abs=2)


def test_junk_is_told_so(kiosk: KioskProcess) -> None:
    score = kiosk.finished(kiosk.upload(b"this is no video" * 1000)["id"])
    assert (score["status"], score["error"]) == ("failed", "This is not a video that can be read.")


def test_the_kiosks_screen_is_served(kiosk: KioskProcess) -> None:
    status, page = kiosk.get("/")
    assert status == 200
    assert b'id="start"' in page


def test_it_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        with closing(socket.create_connection(("127.0.0.1", kiosk.port))) as wire:
            wire.sendall(b"GET /kiosk/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wire.recv(100)
            began = time.monotonic()
            kiosk.process.terminate()
            assert kiosk.process.wait(20) == 0
            assert time.monotonic() - began < 5.0


def test_a_job_is_resumed_after_a_kill(tmp_path: Path) -> None:
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        key = kiosk.upload(DEMO.read_bytes())["id"]
        until(lambda: kiosk.get(f"/api/v1/scores/{key}")[1]["status"] == "running")
        kiosk.process.kill()
        kiosk.process.wait(10)
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        assert kiosk.finished(key)["status"] == "done"
        assert kiosk.get(f"/api/v1/scores/{key}/replay.mp4")[0] == 200


def test_a_taken_port_is_told_so(kiosk: KioskProcess, tmp_path: Path) -> None:
    with kiosk_process(tmp_path / "second", "--port", str(kiosk.port)) as second:
        assert second.process.wait(30) == 1
        until(lambda: second.log)
    assert f"port {kiosk.port} of 0.0.0.0 cannot be used" in "\n".join(second.log)


def refused(data_dir: Path) -> str:
    """Return what a kiosk says that cannot start in this folder: one line."""
    with kiosk_process(data_dir) as second:
        assert second.process.wait(30) == 1
        until(lambda: second.log)
    (line,) = second.log
    return line


def test_two_kiosks_do_not_share_a_folder(tmp_path: Path) -> None:
    with kiosk_process(tmp_path) as first:
        first.wait_until_ready()
        assert "another kiosk works with" in refused(tmp_path)
        assert first.get("/healthz")[0] == 200


def test_a_folder_or_database_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "choose another --data-dir" in refused(tmp_path / "file" / "below")
    (tmp_path / "scores.sqlite3").write_bytes(b"no database" * 100)
    assert "scores.sqlite3 is damaged" in refused(tmp_path)


def test_missing_models_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_BUNDLE", str(tmp_path / "nothing"))
    with kiosk_process(tmp_path) as kiosk:
        assert kiosk.process.wait(30) == 1
    assert "the kiosk cannot start" in "\n".join(kiosk.log)
