"""A log in which nothing stands that opens anything."""

from __future__ import annotations

import logging
import re
from typing import Final

SECRET: Final = re.compile(
    # Ids of scores and uploads, keys of people: 22 characters of chance, with what is around them.
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[a-z])[A-Za-z0-9_-]{22,}"
    # The codes with which results are taken home.
    r"|(?<=/t/)[A-Za-z0-9_-]{6,}"
)

SHOWN: Final = 6
"""Characters that are left: enough to tell two apart, and 96 bits too few to guess the rest."""


def discreet(text: str) -> str:
    """Return a text with every address that opens something cut short.

    discreet("score dQw4w9WgXcQdQw4w9WgXcQ failed")     # score dQw4w9... failed
    """
    return SECRET.sub(lambda found: found[0][:SHOWN] + "...", text)


class DiscreetFormatter(logging.Formatter):
    """Formats as usual, and cuts secrets short, in tracebacks as well."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line that is written."""
        return discreet(super().format(record))
