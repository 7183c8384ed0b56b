"""Tells the service manager that the kiosk is alive, and only while it truly is.

systemd gives a service of ``Type=notify`` a socket. On it the kiosk says when it is ready, and from
then on again and again that camera, station, worker and web are alive. It says so after having
looked: each thread must have gone round its loop, and a page must have been answered. Once one of
them hangs nothing is said any more, and systemd ends the kiosk and starts it anew.

A camera that is unplugged does not hang: its thread goes round and tries again. Neither does a
kiosk on an overloaded machine: the time counts that it could have used (:mod:`edge.own_time`).
"""

from __future__ import annotations

import http.client
import logging
import os
import socket
import threading
from collections.abc import Callable, MutableMapping, Sequence
from typing import Final

from edge.pulse import Pulse

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5.0
"""A page of the device itself is answered within milliseconds; later is no answer."""

WEB_HANGS_AFTER: Final = 10.0
"""Seconds of this process's own time without an answered page. It is asked less often than that:
where nothing else has the processors, one page that is not answered is enough."""

WELL: Final = "clips can be scored"

SHARE: Final = 4
"""Signs of life within the time that the manager waits: one or two may be late."""


class Notifier:
    """Speaks to the service manager; where there is none it says nothing.

        notifier = Notifier.from_environment()
        notifier.say("READY=1", "STATUS=clips can be scored")

    :param address: of the manager's socket, one that begins with ``@`` being abstract; None: there
        is no manager.
    :param interval: seconds between two signs of life; None: nobody waits for them.
    """

    def __init__(self, address: str | None = None, interval: float | None = None) -> None:
        self._address = address
        self.interval = interval

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> Notifier:
        """Find out who started this process, and take it out of the environment.

        Children must not speak in the kiosk's name; a decoder works on a stranger's file.
        """
        address = environment.pop("NOTIFY_SOCKET", None)
        microseconds = environment.pop("WATCHDOG_USEC", "")
        process = environment.pop("WATCHDOG_PID", str(os.getpid()))
        waits = bool(address) and microseconds.isdigit() and process == str(os.getpid())
        return cls(address or None, int(microseconds) / 1e6 / SHARE if waits else None)

    def say(self, *lines: str) -> None:
        """Send a message; a manager that does not listen is told to the log."""
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
                wire.settimeout(1.0)
                wire.connect(address)
                wire.sendall("\n".join(lines).encode())
        except OSError as error:
            log.warning("the service manager is not reached: %s", error)


class Watchdog:
    """Looks at everything that must be alive, and tells the manager.

        watchdog = Watchdog(notifier, lambda: [camera.pulse], web_answers(8080), ready, closing)
        watchdog.start()

    :param notifier: reaches the manager.
    :param pulses: gives the threads that must go round; asked once the kiosk is ready.
    :param answers: asks for a page, and tells whether it came.
    :param ready: set once clips can be scored.
    :param closing: set when the server is to stop.
    """

    def __init__(
        self,
        notifier: Notifier,
        pulses: Callable[[], Sequence[Pulse]],
        answers: Callable[[], bool],
        ready: threading.Event,
        closing: threading.Event,
    ) -> None:
        self._notifier = notifier
        self._pulses = pulses
        self._answers = answers
        self._web = Pulse("web", WEB_HANGS_AFTER)
        self._ready = ready
        self._closing = closing
        self._complaint: str | None = None
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def hanging(self) -> list[str]:
        """Return what hangs, each with for how long; nothing of it is restarted here."""
        if self._answers():
            self._web.beat()
        return [
            f"{pulse.name} (no sign of life for {pulse.age:.0f} s)"
            for pulse in (*self._pulses(), self._web)
            if pulse.late
        ]

    def look(self) -> bool:
        """Look once, and say so where everything is alive."""
        hanging = self.hanging()
        if hanging:
            complaint = "hangs: " + ", ".join(hanging)
            if self._complaint is None:
                log.error("%s; without a change the service manager starts the kiosk anew",
                          complaint)  # fmt: skip
            self._complaint = complaint
            self._notifier.say(f"STATUS={complaint}")
            return False
        if self._complaint is not None:
            log.warning("alive again")
            self._complaint = None
        self._notifier.say("WATCHDOG=1", f"STATUS={WELL}")
        return True

    def _run(self) -> None:
        # Loading is given its time by TimeoutStartSec: the manager waits for this message.
        while not self._ready.wait(0.2) and not self._closing.is_set():
            pass
        if self._ready.is_set():
            self._notifier.say("READY=1", f"STATUS={WELL}")
        while not self._closing.is_set():
            if self._notifier.interval is not None:
                self.look()
            self._closing.wait(self._notifier.interval)
        self._notifier.say("STOPPING=1")


def web_answers(host: str, port: int, patience: float = ANSWER_SECONDS) -> Callable[[], bool]:
    """Return a function that asks this server for a page over a socket, as a browser does.

    Any answer counts: what it says is not the web's affair.

    :param host: where the server listens.
    :param port: its port.
    :param patience: seconds until the answer must be there.
    """
    reached = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared only

    def ask() -> bool:
        connection = http.client.HTTPConnection(reached, port, timeout=patience)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    return ask
