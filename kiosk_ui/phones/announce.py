"""The kiosk's name on the network: ``http://squat.local``, told by multicast DNS."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Final

from zeroconf import (  # type: ignore[attr-defined]  # its list of names lacks the resolver
    AddressResolverIPv4,
    DNSQuestionType,
    ServiceInfo,
    Zeroconf,
)
from zeroconf import Error as ZeroconfError

from kiosk_ui.phones.addresses import Addresses

log = logging.getLogger(__name__)

SERVICE: Final = "_http._tcp.local."
LOOK_EVERY: Final = 10.0
"""Seconds between two looks whether the address has changed."""

ASK_MILLISECONDS: Final = 2000
"""How long to wait for another device that has the name already."""

MOST_NAMES: Final = 20
"""Kiosks on one network: squat.local, squat-2.local and so on."""


class Announcer:
    """Tells the network the kiosk's name, in a thread of its own.

        announcer = Announcer("squat", addresses)
        announcer.start()

    Where another device has the name, a number is added. A changed address is announced anew, and
    a network that comes later is noticed. What goes wrong is one line in the log: the kiosk works
    without a name.

    :param name: the host's name without ``.local``.
    :param addresses: says where the kiosk is; its ``name`` is kept up to date.
    :param every: seconds between two looks at the address.
    """

    def __init__(self, name: str, addresses: Addresses, *, every: float = LOOK_EVERY) -> None:
        self._wanted = name
        self._addresses = addresses
        self._every = every
        self._told: str | None = None
        self._complained = ""
        self._network: Zeroconf | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announce", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Take the name back and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.5)  # it may be waiting for an answer

    def _run(self) -> None:
        while not self._stopping.is_set():
            address = self._addresses.find()
            if address != self._told:
                self._withdraw()
                if address is not None:
                    self._announce(address)
            self._stopping.wait(self._every)
        self._withdraw()

    def _announce(self, address: str) -> None:
        try:
            self._network = network = Zeroconf(interfaces=[address])
            host = self._free_name(network, address)
            # The name of the service is what a list of devices shows.
            service = ServiceInfo(
                SERVICE, f"Squat check ({host}).{SERVICE}", port=self._addresses.port,
                server=f"{host}.local.", parsed_addresses=[address], properties={"path": "/"},
            )  # fmt: skip
            network.register_service(service, allow_name_change=True)
        except (ZeroconfError, OSError) as error:
            self._withdraw()
            if str(error) != self._complained:  # the same line every ten seconds helps nobody
                self._complained = str(error)
                log.warning("no name on the network: %s", error or type(error).__name__)
            return
        self._told, self._complained = address, ""
        self._addresses.name = f"{host}.local"
        log.info("phones: %s or %s", self._addresses.by_name(), self._addresses.public())

    def _free_name(self, network: Zeroconf, address: str) -> str:
        """Return the wanted name, or with the first number that no other device has.

        :raises ZeroconfError: all of them are taken.
        """
        for number in range(1, MOST_NAMES + 1):
            name = self._wanted if number == 1 else f"{self._wanted}-{number}"
            other = AddressResolverIPv4(f"{name}.local.")
            # Answers to all, not to us alone: another responder may share this machine's port.
            found = other.request(network, ASK_MILLISECONDS, DNSQuestionType.QM)
            if not found or other.parsed_addresses() == [address]:
                return name
            log.info("another device is called %s.local", name)
        raise ZeroconfError(f"all names from {self._wanted} to {name} are taken")

    def _withdraw(self) -> None:
        self._addresses.name = self._told = None
        network, self._network = self._network, None
        if network is not None:
            with suppress(ZeroconfError, OSError):  # the network may have gone
                network.close()
