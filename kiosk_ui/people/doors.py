"""Many PINs behind one lock: each has the growing pauses of :class:`edge.pin.PinDoor`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

from edge.errors import WrongPinError
from edge.pin import KeptPin, PinDoor

MOST_DOORS: Final = 1000
"""So many PINs are remembered between two tries; the pauses of the others begin anew."""


class Doors:
    """Lets in whoever knows a PIN.

        doors = Doors()
        doors.knock(kept, "2468", keep=lambda kept: ...)

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._doors: dict[str, PinDoor] = {}

    def knock(self, kept: KeptPin, pin: str, keep: Callable[[KeptPin], None]) -> None:
        """Try a PIN; return where it is the right one.

        :param keep: is given what is to be kept of the PIN from now on, if that has changed.
        :raises WrongPinError: it is not the PIN.
        :raises PinPauseError: too many wrong tries; nothing was tried.
        """
        with self._lock:
            # A PIN that was changed has another salt, and so another door.
            door = self._doors.pop(kept.salt, None) or PinDoor(kept, self._clock)
            self._doors[kept.salt] = door
            while len(self._doors) > MOST_DOORS:
                self._doors.pop(next(iter(self._doors)))
            before = door.pin
            right = door.try_pin(pin)
            if door.pin is not None and door.pin != before:
                keep(door.pin)
        if not right:
            raise WrongPinError("this is not the PIN")
