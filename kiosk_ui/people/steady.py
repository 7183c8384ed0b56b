"""Whether the system's clock can be believed where something is deleted after days."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

from kiosk_ui.uptime import Uptime, uptime

FILE: Final = "clock.json"

LONG_ENOUGH: Final = 1800.0
"""Seconds for which a clock must have run evenly: by then a network has set it."""

TOLERANCE: Final = 120.0
"""Seconds by which it may have been put right meanwhile."""


class SteadyClock:
    """Watches the system's clock, and says when it has gone evenly for a while.

        clock = SteadyClock(Path("var"))
        clock.look(datetime.now(timezone.utc))      # False, until half an hour later

    A device without a battery has yesterday's time after its boot, or that of 1970, and then the
    right one at a jump: what is a day old would seem to be fifty years old. What it has seen lies
    in a file, so that the timer's command, which runs for a moment only, can tell as well.

    :param data_dir: where the file is.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE

    def look(self, clock: datetime, now: Uptime | None = None) -> bool:
        """Tell whether the clock has gone evenly for long enough.

        :param clock: what it shows.
        :param now: None: this moment.
        """
        now, shown = now or uptime(), clock.timestamp()
        try:
            known = json.loads(self._file.read_text())
            began, then = Uptime(**known["at"]), float(known["shown"])
        except (OSError, ValueError, TypeError, KeyError):
            began, then = Uptime("", 0.0), 0.0
        passed = now.since(began)
        if began.boot == now.boot and abs(shown - then - passed) <= TOLERANCE:
            return passed >= LONG_ENOUGH
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps({"at": asdict(now), "shown": shown}))
        partial.replace(self._file)
        return False
