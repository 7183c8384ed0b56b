"""Dates on pages."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_skeleton

from kiosk_ui.languages import current


def day_and_time(moment: datetime) -> str:
    """Return a moment in the language of the request and the time zone of the device.

    day_and_time(score.created)
    """
    here = moment.astimezone()
    day = format_skeleton("MMMd", here, locale=current())
    return f"{day}, {here:%H:%M}"
