"""What the kiosk's first screen says to phones: a code to scan, the address, and what to do."""

from __future__ import annotations

from typing import Any

from kiosk_ui.config import WebConfig
from kiosk_ui.qr import code_for
from kiosk_ui.services import Services


def join_words(config: WebConfig, services: Services) -> dict[str, Any] | None:
    """Return what the screen tells phones; None where no phone can reach the kiosk.

    :param config: names the gym's Wi-Fi.
    :param services: knows the addresses.
    """
    address = services.address()
    if address is None:
        return None
    by_name = services.address_by_name()
    return {
        "code": code_for(address),
        "address": address.removeprefix("http://"),
        "by_name": by_name and by_name.removeprefix("http://"),
        "wifi": config.wifi_name,
    }
