"""Signs of life for the service manager."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import ANY

import pytest

from edge.pulse import Pulse
from kiosk_ui import watchdog as module
from kiosk_ui.__main__ import EVERYWHERE
from kiosk_ui.watchdog import Notifier, Watchdog, web_answers
from tests.faults.staged import SILENT, Stage
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.managers import Manager, manager
from tests.kiosk_ui.processes import kiosk_process
from tests.kiosk_ui.servers import free_port, serving


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Manager]:
    with manager(tmp_path) as listening:
        yield listening


def watchdog_of(notifier: Notifier, *pulses: Pulse, web: bool = True) -> Watchdog:
    return Watchdog(notifier, lambda: pulses, lambda: web, threading.Event(), threading.Event())


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_what_is_said(tmp_path: Path, abstract: bool) -> None:
    with manager(tmp_path, abstract=abstract) as listening:
        Notifier(listening.address).say("READY=1", "STATUS=well")
        listening.wait_for("READY=1")
    assert listening.messages == ["READY=1\nSTATUS=well"]


def test_it_speaks_four_times_as_often_as_it_must_and_children_do_not_inherit_it() -> None:
    environment = {
        "NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000",
        "WATCHDOG_PID": str(os.getpid()), "HOME": "/",
    }  # fmt: skip
    assert Notifier.from_environment(environment).interval == 15.0
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "60000000"},  # there is nobody to tell
        {"NOTIFY_SOCKET": "/run/notify"},
        {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"},
    ],
)
def test_where_nobody_waits_there_are_no_signs_of_life(environment: dict[str, str]) -> None:
    assert Notifier.from_environment(environment).interval is None


def test_without_a_manager_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Notifier().say("READY=1")
    assert not caplog.records


def test_a_manager_that_is_gone_is_told_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Notifier(str(tmp_path / "nobody")).say("READY=1")
    assert "the service manager is not reached" in caplog.text


def test_it_is_fed_while_everything_is_alive(systemd: Manager) -> None:
    assert watchdog_of(Notifier(systemd.address), Pulse("camera", 60.0)).look()
    systemd.wait_for("WATCHDOG=1")


@pytest.mark.parametrize("name", ["camera", "station", "worker"])
def test_a_thread_that_hangs_ends_the_feeding_until_it_goes_on(
    systemd: Manager, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    pulse = Pulse(name, 60.0, lambda: now[0])
    watchdog = watchdog_of(Notifier(systemd.address), pulse, Pulse("other", 60.0))
    now[0] = 75.0
    assert not watchdog.look()
    assert not watchdog.look()
    assert caplog.text.count("hangs") == 1  # once, not with every look
    systemd.wait_for(f"STATUS=hangs: {name} (no sign of life for 75 s)", 2)
    assert not systemd.heard("WATCHDOG=1")
    pulse.beat()
    assert watchdog.look()
    assert "alive again" in caplog.text


def test_a_web_that_does_not_answer_ends_the_feeding(
    systemd: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "Pulse", partial(Pulse, clock=lambda: now[0]))
    watchdog = watchdog_of(Notifier(systemd.address), web=False)
    now[0] = 5.0  # of the process's own time: on an overloaded machine a page may take longer
    assert watchdog.look()
    now[0] = 20.0
    assert not watchdog.look()
    systemd.wait_for("STATUS=hangs: web (no sign of life for 20 s)")


def test_the_real_web_is_asked(web: Web) -> None:
    with serving(web.config, web.services) as server:
        ask = web_answers(EVERYWHERE, int(server.effective_port))
        assert ask()
        web.services.ready.clear()
        assert ask()  # it says "starting", and is alive
    assert not ask()
    assert not web_answers("127.0.0.1", free_port())()


def test_a_web_that_takes_the_connection_and_says_nothing_hangs() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert not web_answers(EVERYWHERE, silent.getsockname()[1], patience=0.1)()


def test_a_camera_thread_that_hangs_ends_the_feeding(tmp_path: Path, systemd: Manager) -> None:
    """The real kiosk; only the camera's driver is one that does not return for a while."""
    stage = Stage(tmp_path)
    stage.patience(1.0)
    environment = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "1200000"}
    data = tmp_path / "data"
    with kiosk_process(data, environment=environment, program=stage.program) as kiosk:
        systemd.wait_for("READY=1")
        assert systemd.messages[0].startswith("READY=1")
        systemd.wait_for("WATCHDOG=1", 3)
        stage.camera(SILENT)
        systemd.wait_for_beginning("STATUS=hangs: camera")
        fed = systemd.heard("WATCHDOG=1")
        looked = len(systemd.messages)
        until(lambda: len(systemd.messages) >= looked + 4)  # as long as systemd would have waited
        assert systemd.heard("WATCHDOG=1") == fed
        assert kiosk.get("/healthz") == (503, {"status": "hangs", "threads": ANY})
        assert kiosk.get("/readyz")[0] == 200  # all else goes on
        stage.camera(None)
        systemd.wait_for("WATCHDOG=1", fed + 2)
        kiosk.process.terminate()
        systemd.wait_for("STOPPING=1")
        assert kiosk.process.wait(20) == 0
    log = "\n".join(kiosk.log)
    assert "hangs: camera" in log
    assert "alive again" in log
