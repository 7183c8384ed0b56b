"""A limit on how many of something happen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Slots:
    """Hands out a fixed number of places.

        slots = Slots(8)
        give_back = slots.take()
        if give_back is None:
            ...  # full

    :param count: how many places there are.
    """

    def __init__(self, count: int) -> None:
        self._places = threading.BoundedSemaphore(count)

    def take(self) -> Callable[[], None] | None:
        """Return the function that gives the place back, or None where there is none.

        Calling it again does nothing.
        """
        if not self._places.acquire(blocking=False):
            return None
        once = iter((self._places.release,))

        def give_back() -> None:
            for release in once:
                release()

        return give_back
