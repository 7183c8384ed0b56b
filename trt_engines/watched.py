"""A network that tells when it fails, so that a bundle on trial can be given up at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edge.errors import NetworkError
from edge.runtime import Array, Network


class WatchedNetwork(Network):
    """Passes everything on to another network, and tells of failures.

        network = WatchedNetwork(OnnxNetwork(path), tell=failures.append)

    Answers that are no numbers count as a failure as well: they would become a verdict.

    :param network: that does the work.
    :param tell: hears in one sentence what went wrong.
    """

    def __init__(self, network: Network, tell: Callable[[str], None]) -> None:
        self._network = network
        self._tell = tell
        self._told_lost = False
        self.inputs, self.outputs = network.inputs, network.outputs

    @property
    def runtime(self) -> str:  # type: ignore[override] # it changes where a GPU is lost
        """What runs it now."""
        return self._network.runtime

    @property
    def why(self) -> str:
        """Why it is that runtime; empty where there was no choice."""
        return str(getattr(self._network, "why", ""))

    @property
    def lost(self) -> str | None:
        """Why the runtime that it had first was lost; None: it was not."""
        lost = getattr(self._network, "lost", None)
        return None if lost is None else str(lost)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return all outputs by name for all inputs by name."""
        try:
            answers = self._network.run(inputs)
            odd = [name for name, values in answers.items() if not np.isfinite(values).all()]
            if odd:
                raise NetworkError(f"the network's answer {odd[0]} holds what is no number")
        except NetworkError as error:
            self._tell(str(error))
            raise
        if self.lost is not None and not self._told_lost:
            self._told_lost = True
            self._tell(self.lost)
        return answers

    def close(self) -> None:
        """Give back what the network holds."""
        self._network.close()
