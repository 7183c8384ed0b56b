"""A thread's sign of life: it says when it last went round its loop."""

from __future__ import annotations

from collections.abc import Callable

from edge.own_time import own_time


class Pulse:
    """Beaten by a thread each time it goes round; late once it has not for longer than it may.

        pulse = Pulse("camera", patience=60.0)
        pulse.beat()
        pulse.late      # False

    A thread that has died is as late as one that hangs: neither goes round. One that waits for a
    processor, as all do on an overloaded machine, is not.

    :param name: of the thread, for the log.
    :param patience: seconds of the clock that one round may take where nothing is wrong.
    :param clock: seconds that only grow; by default those that this process could have used.
    """

    def __init__(
        self, name: str, patience: float, clock: Callable[[], float] = own_time
    ) -> None:  # fmt: skip
        self.name = name
        self.patience = patience
        self._clock = clock
        self._beaten = clock()

    def beat(self) -> None:
        """Say that the thread is alive; costs nothing worth counting."""
        self._beaten = self._clock()

    @property
    def age(self) -> float:
        """Seconds of the clock since the last beat."""
        return self._clock() - self._beaten

    @property
    def late(self) -> bool:
        """Whether the thread hangs, or has ended."""
        return self.age > self.patience
