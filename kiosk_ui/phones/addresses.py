"""Where phones on the gym's network reach the kiosk."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import ifaddr

ELSEWHERE: Final = ("198.51.100.1", 9)
"""An address on no network (RFC 5737): the way there leads over the gym's; nothing is sent."""

UNREACHABLE: Final = ("docker", "veth", "br-", "virbr", "tun", "wg")
"""Beginnings of the names of interfaces on which there are no phones."""


def lan_address() -> str | None:
    """Return this machine's IPv4 address on the network, or None where there is no network.

        lan_address()      # "192.168.0.17"

    It is the address from which a packet to elsewhere would leave. Where no way leads elsewhere,
    as on the kiosk's own access point, it is the first private address of an interface.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            return _first_private()
    return found if _reaches_phones(found) else _first_private()


def _first_private() -> str | None:
    for adapter in ifaddr.get_adapters():
        if adapter.nice_name.startswith(UNREACHABLE):
            continue
        for address in adapter.ips:
            if address.is_IPv4 and _reaches_phones(str(address.ip)):
                return str(address.ip)
    return None


def _reaches_phones(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local)


@dataclass
class Addresses:
    """The addresses under which phones open the kiosk's pages.

        addresses = Addresses(port=8080)
        addresses.public()      # "http://192.168.0.17:8080", of what a QR code says
        addresses.by_name()     # "http://squat.local:8080", of what a person types

    The number goes before the name, since older phones do not find ``.local`` names.

    :param port: where the kiosk listens, as the network sees it.
    :param find: tells the address; None of it: offline.
    :param name: the host's name while it is announced, such as ``squat.local``.
    """

    port: int
    find: Callable[[], str | None] = lan_address
    name: str | None = None

    def public(self) -> str | None:
        """Return the address by number; None where no phone can reach the kiosk."""
        address = self.find()
        return None if address is None else self._url(address)

    def by_name(self) -> str | None:
        """Return the address by name; None where no name is announced."""
        return None if self.name is None or self.find() is None else self._url(self.name)

    def _url(self, host: str) -> str:
        return f"http://{host}" if self.port == 80 else f"http://{host}:{self.port}"
