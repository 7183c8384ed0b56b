"""Files that are damaged when the kiosk starts, and while it runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.bundle import DEFAULT_BUNDLE
from tests.faults.phones import Phone
from tests.kiosk_ui.processes import kiosk_process

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_damaged_settings_and_a_damaged_key_are_said_and_made_anew(
    tmp_path: Path, squat: bytes
) -> None:
    (tmp_path / "settings.json").write_bytes(b'{"recording_seconds": \x00\xff')
    (tmp_path / "secret.key").write_bytes(b"half")
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        phone = Phone(kiosk.port)
        assert phone.verdict(phone.insist(squat))["assessment"]["verdict"] == "good"
        assert kiosk.get("/kiosk/settings")[1]["recording_seconds"] == 10.0
    assert (tmp_path / "settings.json.damaged").is_file()
    assert len((tmp_path / "secret.key").read_bytes()) == 32
    assert "settings.json cannot be read and is put aside" in "\n".join(kiosk.log)


def test_settings_that_are_wrong_in_part_keep_the_rest(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"recording_seconds": 1e9, "language": "ko"}')
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        found = kiosk.get("/kiosk/settings")[1]
    assert (found["recording_seconds"], found["language"]) == (10.0, "ko")
    assert "settings.json: taken as missing: recording_seconds" in "\n".join(kiosk.log)


@pytest.mark.parametrize("name", ["classifier.onnx", "manifest.json"])
def test_a_damaged_bundle_is_refused_in_words(tmp_path: Path, name: str) -> None:
    """Where nothing else can judge; the slots' way back is in tests/trt_engines/test_live.py."""
    bundle = tmp_path / "bundle"
    shutil.copytree(DEFAULT_BUNDLE, bundle)
    path = bundle / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    environment = {"KIOSK_BUNDLE": str(bundle)}
    with kiosk_process(tmp_path / "data", environment=environment) as kiosk:
        assert kiosk.process.wait(60) == 1
    assert "the kiosk cannot start" in "\n".join(kiosk.log)


def test_a_bundle_that_is_damaged_while_it_runs_changes_nothing(
    tmp_path: Path, squat: bytes
) -> None:
    """What is loaded stays loaded; the next start says what is wrong."""
    bundle = tmp_path / "bundle"
    shutil.copytree(DEFAULT_BUNDLE, bundle)
    environment = {"KIOSK_BUNDLE": str(bundle)}
    with kiosk_process(tmp_path / "data", environment=environment) as kiosk:
        kiosk.wait_until_ready()
        (bundle / "classifier.onnx").write_bytes(b"no network")
        phone = Phone(kiosk.port)
        assert phone.verdict(phone.insist(squat))["assessment"]["verdict"] == "good"


def test_a_damaged_track_or_clip_of_one_result_is_that_results_trouble(
    tmp_path: Path, squat: bytes
) -> None:
    with kiosk_process(tmp_path) as kiosk:
        kiosk.wait_until_ready()
        phone = Phone(kiosk.port)
        key, other = (phone.insist(squat) for _ in range(2))
        for one in (key, other):
            phone.verdict(one)
            assert phone.ask("GET", f"/api/v1/scores/{one}/replay.mp4").status == 200
        for file in (tmp_path / "scores" / key).iterdir():
            file.write_bytes(b"damaged")
        assert phone.ask("GET", f"/scores/{key}").status == 200
        for part in ("motion", "clip.mp4", "replay.mp4"):
            assert phone.ask("GET", f"/api/v1/scores/{key}/{part}").status in (200, 404), part
            assert phone.ask("GET", f"/api/v1/scores/{other}/{part}").status == 200
