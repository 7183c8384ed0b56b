"""What the kiosk's first screen says to phones: a code to scan, the address, and what to do."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import segno
from markupsafe import Markup

from kiosk_ui.config import WebConfig
from kiosk_ui.services import Services


@lru_cache(maxsize=4)
def code_for(text: str) -> Markup:
    """Return a QR code as an SVG picture for use inside a page.

        code_for("http://192.168.0.17:8080")

    :param text: what the code says.
    """
    picture = io.BytesIO()
    # Without declarations and inline styles, which the pages' security policy refuses; the size is
    # the style sheet's. Medium error correction: screens are scratched and reflect.
    segno.make(text, error="m", boost_error=False, micro=False).save(
        picture, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4,
        dark="#000", light="#fff", svgclass="code", lineclass=None,
    )  # fmt: skip
    return Markup(picture.getvalue().decode())  # noqa: S704 - segno's own drawing, no text in it


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
