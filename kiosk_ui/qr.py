"""Codes to be scanned from the screen."""

from __future__ import annotations

import io
from functools import lru_cache

import segno
from markupsafe import Markup


@lru_cache(maxsize=4)
def code_for(text: str) -> Markup:
    """Return a QR code as an SVG picture for use inside a page.

        code_for("http://192.168.0.17:8080")

    :param text: what the code says.
    """
    picture = io.BytesIO()
    # One mask of the eight, since trying all of them takes four times as long and any can be read.
    # Without declarations and inline styles, which the pages' security policy refuses; the size is
    # the style sheet's. Medium error correction: screens are scratched and reflect.
    segno.make(text, error="m", boost_error=False, micro=False, mask=2).save(
        picture, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4,
        dark="#000", light="#fff", svgclass="qr",
    )  # fmt: skip
    return Markup(picture.getvalue().decode())  # noqa: S704 - segno's own drawing, no text in it
