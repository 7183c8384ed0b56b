"""The announcement, heard by a real browser of services over the loopback interface."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from zeroconf import EventLoopBlocked, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from kiosk_ui.phones import announce
from kiosk_ui.phones.addresses import Addresses
from kiosk_ui.phones.announce import SERVICE, Announcer
from tests.kiosk_ui.fakes import until

HERE = "127.0.0.1"


class Listener(ServiceListener):
    """Collects what is announced."""

    def __init__(self) -> None:
        self.found: dict[str, ServiceInfo] = {}
        self.changed = threading.Condition()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name)
        if info is not None:
            self.found[name] = info

    update_service = add_service

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.found.pop(name, None)

    def hosts(self) -> dict[str | None, tuple[int | None, list[str]]]:
        return {i.server: (i.port, i.parsed_addresses()) for i in list(self.found.values())}


@pytest.fixture
def listener() -> Iterator[Listener]:
    network = Zeroconf(interfaces=[HERE])
    heard = Listener()
    ServiceBrowser(network, SERVICE, heard)
    yield heard
    network.close()


@contextmanager
def announcing(name: str, addresses: Addresses) -> Iterator[Announcer]:
    announcer = Announcer(name, addresses, every=0.05)
    announcer.start()
    try:
        yield announcer
    finally:
        announcer.close()


def test_the_name_is_heard_and_taken_back(listener: Listener) -> None:
    addresses = Addresses(8080, lambda: HERE)
    with announcing("squat-heard", addresses):
        until(lambda: "squat-heard.local." in listener.hosts())
        assert listener.hosts()["squat-heard.local."] == (8080, [HERE])
        until(lambda: addresses.by_name() == "http://squat-heard.local:8080")
    assert addresses.by_name() is None
    until(lambda: "squat-heard.local." not in listener.hosts())


def register(network: Zeroconf, service: ServiceInfo) -> None:
    """Announce a service; on a machine that is busy with other tests the library gives up early."""
    for _ in range(5):
        try:
            network.register_service(service)
        except EventLoopBlocked:
            continue
        return


def test_another_device_has_the_name() -> None:
    other = Zeroconf(interfaces=[HERE])
    service = ServiceInfo(
        SERVICE, f"A printer.{SERVICE}", port=80, server="squat-taken.local.",
        parsed_addresses=["192.0.2.99"],
    )  # fmt: skip
    register(other, service)
    addresses = Addresses(8080, lambda: HERE)
    try:
        with announcing("squat-taken", addresses):
            until(lambda: addresses.name is not None)
            assert addresses.name == "squat-taken-2.local"
    finally:
        other.close()


def test_a_network_that_comes_later_and_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "ASK_MILLISECONDS", 50)
    now: list[str | None] = [None]
    addresses = Addresses(8080, lambda: now[0])
    with announcing("squat-later", addresses):
        assert addresses.by_name() is None
        now[0] = HERE
        until(lambda: addresses.name == "squat-later.local")
        now[0] = None
        until(lambda: addresses.name is None)


def test_a_failure_is_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def broken(**options: object) -> Zeroconf:
        tries.append(options)
        raise OSError(19, "No such device")

    monkeypatch.setattr(announce, "Zeroconf", broken)
    addresses = Addresses(8080, lambda: HERE)
    with caplog.at_level(logging.WARNING), announcing("squat-none", addresses):
        until(lambda: len(tries) > 3)
    assert [record.message for record in caplog.records] == [
        "no name on the network: [Errno 19] No such device"
    ]
    assert addresses.name is None
