"""scripts/engines: what it shows, and what it changes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edge.bundle import Bundle
from tests.clips import ROOT
from tests.trt_engines.flashing import make_bundle, trusting
from trt_engines import flash as flashing
from trt_engines.__main__ import main
from trt_engines.flash import Flash, Outcome, put
from trt_engines.records import State
from trt_engines.selftest import run
from trt_engines.slots import ENGINES, Slots


class Device:
    """A kiosk's folder in which two bundles were flashed: 1.0.0 is good, 2.0.0 on trial."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.settings = trusting(self.data)
        self.slots = Slots(self.data / ENGINES, "squat")
        for number, correct in ((1, 0.9), (2, 0.8)):
            made = make_bundle(folder / f"{number}.0.0", correct, f"{number}.0.0")
            bundle = Bundle.open(made, self.settings.trust())
            with self.slots.locks.writing():
                slot = self.slots.begin_filling(bundle.label)
                put(bundle, slot.bundle, self.settings)
                slot = self.slots.filled(slot, digest=bundle.digest, engines={})
                live = self.slots.switch(slot.letter, "flashed")
            assert live
            if number == 1:
                self.slots.mark_good(live, "ran well")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--data-dir", str(self.data)])

    def status(self) -> dict[str, Any]:
        (told,) = json.loads(self.run("status", "--json").output)
        return dict(told)


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setattr(flashing, "self_test", run)  # in this process: it is tested elsewhere
    return Device(tmp_path)


def test_one_command_shows_what_is_live_and_why(device: Device) -> None:
    told = device.run("status").output
    assert "live:  slot B, squat 2.0.0, trial" in told
    assert "other: slot A, squat 1.0.0, good" in told
    assert "if it is bad: A" in told
    assert "a kiosk that uses it runs: no" in told
    plain = device.status()
    assert (plain["live"], plain["falls_back_to"]) == ("B", "A")
    assert [e["state"] for e in plain["slots"]["B"]["history"]] == ["filling", "ready"]


def test_the_status_of_one_name_is_shown(device: Device) -> None:
    with Slots(device.data / ENGINES, "openpose").locks.used():
        pass
    assert json.loads(device.run("status", "openpose", "--json").output)[0]["name"] == "openpose"
    assert "openpose" not in device.run("status", "squat").output
    assert "nothing called yoga" in device.run("status", "yoga").output


@pytest.mark.parametrize("minutes", ["0", "1441", "inf", "nan"])
def test_a_trial_has_an_end(device: Device, monkeypatch: pytest.MonkeyPatch, minutes: str) -> None:
    monkeypatch.setenv("KIOSK_TRIAL_MINUTES", minutes)
    assert "KIOSK_TRIAL_MINUTES" in device.run("status").output


def test_before_the_first_flash_the_shipped_one_is_shown(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["status", "--data-dir", str(tmp_path)])
    assert "the bundle of the software" in told.output
    assert list(tmp_path.iterdir()) == []


def test_of_openpose_nothing_comes_with_the_software(tmp_path: Path) -> None:
    for name in ("openpose", "pyopenpose"):  # the latter is no bundle
        with Slots(tmp_path / ENGINES, name).locks.used():
            pass
    told = CliRunner().invoke(main, ["status", "--data-dir", str(tmp_path)]).output
    assert "openpose\n  live:  BlazePose: no slot is live" in told
    assert "pyopenpose" not in told
    gone = ["roll-back", "openpose", "--why", "x", "--data-dir", str(tmp_path)]
    assert "BlazePose runs" in CliRunner().invoke(main, gone).output


def test_all_bundles_are_listed(device: Device) -> None:
    lines = device.run("list").output.splitlines()
    assert [line.split()[1] for line in lines] == ["shipped", "A", "B"]
    assert "trial, live" in lines[2]


def test_a_bundle_is_inspected(device: Device) -> None:
    told = json.loads(device.run("inspect", "squat", "A").output)
    assert (told["manifest"]["version"], told["signer"]) == ("1.0.0", "tests")
    assert told["slot"]["state"] == "good"
    assert json.loads(device.run("inspect", "squat", "shipped").output)["manifest"]["networks"]


def test_what_was_altered_is_found(device: Device) -> None:
    assert device.run("verify").exit_code == 0
    assert device.run("verify", "squat", "shipped").exit_code == 0
    with (device.slots.folder / "B" / "bundle" / "classifier.onnx").open("ab") as file:
        file.write(b"\0")
    found = device.run("verify", "squat", "B")
    assert found.exit_code == Outcome.REFUSED
    assert found.output.startswith("WRONG bundle: classifier.onnx")


def test_going_back_keeps_the_reason(device: Device) -> None:
    told = device.run("roll-back", "squat", "--why", "too strict")
    assert "live:  slot A" in told.output
    assert device.status()["slots"]["B"]["why"] == "rolled back by hand: too strict"
    assert device.run("roll-back", "squat", "--why", "worse").exit_code == 0
    again = device.run("roll-back", "squat", "--why", "worse")
    assert again.exit_code == Outcome.REFUSED
    assert "nothing to go back to" in again.output


def test_nobody_goes_back_to_what_cannot_be_opened(device: Device) -> None:
    with (device.slots.folder / "A" / "bundle" / "classifier.onnx").open("ab") as file:
        file.write(b"\0")
    told = device.run("roll-back", "squat", "--why", "too strict")
    assert told.exit_code == 0
    assert "slot A, squat 1.0.0, ran before and cannot be opened: classifier.onnx" in told.output
    assert device.status()["live"] == "shipped"
    assert device.slots.read("A").state is State.BAD


@pytest.mark.parametrize("reason", ["No space left on device", "Read-only file system"])
@pytest.mark.parametrize(
    "arguments", [("roll-back", "--why", "no"), ("activate", "squat", "A"), ("build",)]
)
def test_a_disk_that_cannot_be_written_is_told_in_one_line(
    device: Device, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise OSError(30, reason, str(path))

    monkeypatch.setattr("trt_engines.durable.write", refuse)
    monkeypatch.setattr("trt_engines.durable.make_folder", refuse)
    told = device.run(*arguments)
    assert told.exit_code in {Outcome.FAILED, Outcome.REFUSED}
    assert reason in told.output
    assert "again" in told.output
    assert len(told.output.splitlines()) <= 2
    if arguments[0] != "build":
        assert f"remove {device.slots.folder / 'live'} by hand" in told.output


def test_slots_are_activated(device: Device) -> None:
    assert device.run("activate", "squat", "A", "--why", "a try").exit_code == 0
    assert (device.status()["live"], device.status()["slots"]["A"]["why"]) == ("A", "a try")
    assert device.run("activate", "squat", "shipped").exit_code == 0
    assert device.status()["live"] == "shipped"
    (device.slots.folder / "B" / "bundle" / "manifest.json").unlink()
    assert device.run("activate", "squat", "B").exit_code == Outcome.REFUSED
    assert device.status()["live"] == "shipped"


def test_a_bad_slot_is_activated_only_anyway(device: Device) -> None:
    device.run("roll-back", "--why", "too strict")
    assert "bad: rolled back" in device.run("activate", "squat", "B").output
    assert device.run("activate", "squat", "B", "--anyway").exit_code == 0
    assert device.slots.read("B").state is State.TRIAL


def test_the_live_one_is_built_again(device: Device) -> None:
    built = device.run("build", "squat")
    assert built.exit_code == 0, built.output
    assert "slot B is live, on trial" in built.output
    assert device.status()["slots"]["B"]["bundle"] == "squat 2.0.0"


def test_while_somebody_flashes_nothing_is_switched(device: Device) -> None:
    with device.slots.locks.writing():
        assert "another flash" in device.run("activate", "squat", "A").output
        assert "another flash" in device.run("roll-back", "--why", "no").output
        assert device.run("build").exit_code == Outcome.BUSY


def test_a_name_that_nobody_flashed_is_told(device: Device) -> None:
    told = device.run("inspect", "openpose")
    assert told.exit_code == Outcome.WRONG_COMMAND
    assert "nothing called openpose" in told.output


def test_flashing_again_what_is_live_goes_on_with_it(device: Device) -> None:
    said: list[str] = []
    flash = Flash(device.settings, lambda step, line: said.append(f"{step}: {line}"))
    assert flash.run(device.data.parent / "2.0.0") is Outcome.DONE
    assert said[1] == "there: squat 2.0.0 is live in slot B already"


def test_the_script_runs_where_it_lies(device: Device) -> None:
    told = subprocess.run(
        [ROOT / "scripts" / "engines", "status", "--data-dir", device.data],
        cwd="/", capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    assert "slot B, squat 2.0.0" in told.stdout
