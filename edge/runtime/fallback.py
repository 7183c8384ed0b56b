"""A network on the GPU that goes on without it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

import numpy as np

from edge.errors import NetworkError, OutsideProfileError
from edge.runtime import Array, Network

log = logging.getLogger(__name__)

OnLost = Callable[[str], None]
"""Is told once why an engine is no longer used."""


class FallbackNetwork(Network):
    """An engine, and the same network on the processor for the day that the engine fails.

        network = FallbackNetwork(engine, OnnxNetwork(path), on_lost=tell_somebody)
        answers = network.run({"differences": differences})

    The call in which the engine fails is answered all the same, by the spare one with the very same
    inputs; from then on the spare one is used, until the program is started anew. An answer that is
    no number is a failure as well, where the spare one knows better. Shapes for which the engine
    was not built are none: only that call goes to the spare one.

    :param engine: is asked as long as it answers; closed once it has failed.
    :param spare: the same network, elsewhere.
    :param on_lost: is called once when the engine has failed, with the reason, in the thread whose
        call it was.
    """

    def __init__(self, engine: Network, spare: Network, *, on_lost: OnLost | None = None) -> None:
        self._engine = engine
        self._spare = spare
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._told_outside = False
        self.lost: str | None = None
        """Why the engine is no longer used; None: it is."""
        self.inputs, self.outputs = spare.inputs, spare.outputs
        self.runtime = engine.runtime

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name.

        :raises NetworkError: both have failed.
        """
        if self.lost is not None:
            return self._spare.run(inputs)
        answers: dict[str, Array] | None = None
        why = "its answer is no number"
        try:
            answers = self._engine.run(inputs)
            if _finite(answers):
                return answers
        except OutsideProfileError as error:
            if not self._told_outside:
                self._told_outside = True
                log.info("%s answers what the engine cannot: %s", self._spare.runtime, error)
            return self._spare.run(inputs)
        except NetworkError as error:
            why = str(error)
        # First of all the answer that somebody waits for. Where there is none here either, the
        # inputs are to blame, and the engine is not.
        spare = self._spare.run(inputs)
        if answers is None or _finite(spare):
            self._lose(why)
        return spare

    def _lose(self, why: str) -> None:
        with self._lock:
            if self.lost is not None:
                return  # another thread's call failed as well
            self.lost = why
            self.runtime = self._spare.runtime
            self.why = f"the engine failed: {why}"
        log.error("%s takes over, for good: %s", self.runtime, self.why)
        self._engine.close()
        if self._on_lost is not None:
            try:
                self._on_lost(why)
            except Exception:  # whoever is told must not cost the answer that is there already
                log.exception("nobody could be told that the engine has failed")

    def close(self) -> None:
        """Give back what both hold."""
        self._engine.close()
        self._spare.close()


def _finite(answers: Mapping[str, Array]) -> bool:
    return all(np.isfinite(values).all() for values in answers.values())
