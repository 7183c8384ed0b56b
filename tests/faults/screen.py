"""The kiosk's own screen, as its page sees it."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.processes import KioskProcess


class Screen:
    """Follows the station's events, and presses Start.

        with Screen(kiosk) as screen:
            screen.record()

    ``now`` is the latest state, ``states`` the names of all of them in order.
    """

    def __init__(self, kiosk: KioskProcess) -> None:
        self._kiosk = kiosk
        self.now: dict[str, Any] = {"state": "starting", "result": None, "message": None}
        self.states: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Screen:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _follow(self) -> None:
        """Read events, and begin again where the kiosk has ended."""
        while not self._stopping.is_set():
            with suppress(OSError, ValueError):
                url = f"http://localhost:{self._kiosk.port}/kiosk/events"
                with urllib.request.urlopen(url, timeout=30) as events:
                    for line in events:
                        if self._stopping.is_set():
                            return
                        if line.startswith(b"data: ") and b'"state"' in line:
                            self.now = json.loads(line[6:])
                            self.states.append(self.now["state"])
            self._stopping.wait(0.2)

    def press(self, path: str) -> tuple[int, Any]:
        """Press something; return status and body."""
        url = f"http://localhost:{self._kiosk.port}{path}"
        return self._kiosk.send(urllib.request.Request(url, data=b"", method="POST"))

    def post(self, path: str) -> int:
        """Press something; return the status."""
        return self.press(path)[0]

    def change(self, **settings: Any) -> int:
        """Change settings in the menu."""
        url = f"http://localhost:{self._kiosk.port}/kiosk/settings"
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(settings).encode(), head, method="PUT")
        return self._kiosk.send(request)[0]

    def press_start_until(
        self, begun: Callable[[dict[str, Any]], bool], every: float = 1.0
    ) -> None:
        """Press Start, and again while the kiosk waits for somebody to stand still."""
        pressed = 0.0

        def done() -> bool:
            nonlocal pressed
            waits = self.now["state"] in ("idle", "positioning", "result")
            if waits and monotonic() - pressed > every and not begun(self.now):
                self.post("/kiosk/start")
                pressed = monotonic()
            return begun(self.now)

        until(done, 90)

    def record(self) -> str:
        """Do a set in front of the camera; return the id of its score."""
        before = self.now["result"]
        self.press_start_until(lambda now: now["result"] not in (None, before))
        key = str(self.now["result"])
        self.post("/kiosk/cancel")
        return key
