"""The commands behind scripts/make_certificates and scripts/run_https."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk_ui.phones import front, https
from kiosk_ui.phones.https import main

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setattr(https, "lan_address", lambda: "192.168.0.17")

    def run(command: str, *options: str) -> Result:
        return CliRunner().invoke(main, [command, "--data-dir", str(tmp_path), *options])

    return run


def test_they_are_made_once_and_kept(call: Call) -> None:
    first = call("certificates")
    assert first.exit_code == 0
    assert "A NEW AUTHORITY was made" in first.output
    assert "Certificate made: squat.local, 192.168.0.17, until" in first.output
    again = call("certificates")
    assert again.output.startswith("Certificate kept: squat.local, 192.168.0.17")


def test_another_address_is_told_loudly(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    call("certificates")
    moved = call("certificates", "--address", "10.0.0.9")
    assert "NOT for 10.0.0.9" in moved.output
    assert "https works as https://squat.local only" in caplog.text
    anew = call("certificates", "--address", "10.0.0.9", "--new-authority")
    assert "A NEW AUTHORITY" in anew.output and "10.0.0.9" in anew.output


@pytest.mark.parametrize("address", ["300.1.1.1", "squat.local", "fd00::1"])
def test_an_address_that_is_none_is_one_line(call: Call, address: str) -> None:
    answer = call("certificates", "--address", address)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ") and len(answer.output.splitlines()) == 1


def test_another_name_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("certificates")
    monkeypatch.setenv("KIOSK_NAME", "gym")
    answer = call("certificates")
    assert answer.exit_code == 1 and "is for squat.local, not for gym.local" in answer.output
    assert call("certificates", "--new-authority").exit_code == 0


def test_what_is_missing_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "run scripts/make_certificates first" in call("run").output
    call("certificates")
    monkeypatch.setattr(front, "nginx_path", lambda: None)
    answer = call("run")
    assert answer.exit_code == 1 and "apt-get install nginx-light" in answer.output
