from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import ifaddr
import pytest

from kiosk_ui.phones.addresses import Addresses, lan_address


def adapter(name: str, *found: Any) -> SimpleNamespace:
    ips = [SimpleNamespace(ip=ip, is_IPv4=isinstance(ip, str)) for ip in found]
    return SimpleNamespace(nice_name=name, ips=ips)


class Probe(socket.socket):
    """A socket of a machine whose way elsewhere is given."""

    leaves_by: str | None = None

    def connect(self, address: Any) -> None:
        if self.leaves_by is None:
            raise OSError(101, "Network is unreachable")

    def getsockname(self) -> tuple[str | None, int]:
        return self.leaves_by, 50000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine with a network of our choice."""
    made = SimpleNamespace(adapters=[], probe=type("Own", (Probe,), {}))
    monkeypatch.setattr(socket, "socket", made.probe)
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: made.adapters)
    return made


def test_the_way_elsewhere_tells_the_address(machine: SimpleNamespace) -> None:
    machine.probe.leaves_by = "192.168.0.17"
    assert lan_address() == "192.168.0.17"


def test_on_its_own_access_point_no_way_leads_elsewhere(machine: SimpleNamespace) -> None:
    machine.adapters = [
        adapter("lo", "127.0.0.1"),
        adapter("docker0", "172.17.0.1"),
        adapter("wlan0", ("fe80::1", 0, 2), "10.42.0.1"),
    ]
    assert lan_address() == "10.42.0.1"


@pytest.mark.parametrize("leaves_by", [None, "127.0.0.1", "169.254.7.7"])
def test_offline_there_is_none(machine: SimpleNamespace, leaves_by: str | None) -> None:
    machine.probe.leaves_by = leaves_by
    machine.adapters = [adapter("lo", "127.0.0.1"), adapter("eth0", "169.254.7.7")]
    assert lan_address() is None
    assert Addresses(8080).public() is None
    assert Addresses(8080, name="squat.local").by_name() is None


def test_this_very_machine_answers_without_an_error() -> None:
    found = lan_address()
    assert found is None or socket.inet_aton(found)


def test_the_addresses_are_written_out() -> None:
    here = Addresses(8080, lambda: "192.168.0.17")
    assert here.public() == "http://192.168.0.17:8080"
    assert here.by_name() is None
    here.name = "squat.local"
    assert here.by_name() == "http://squat.local:8080"
    assert Addresses(80, lambda: "10.0.0.1", "squat.local").by_name() == "http://squat.local"
