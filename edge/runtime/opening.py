"""Which runtime a network gets, and why."""

from __future__ import annotations

from collections.abc import Callable

from edge.bundle import Bundle
from edge.runtime import Network
from edge.runtime.onnx import OnnxNetwork

Opener = Callable[[Bundle, str], Network]
"""Opens a bundle's network by its name."""


def open_onnx(bundle: Bundle, network: str) -> Network:
    """Open a bundle's network on the processor, with one thread."""
    return OnnxNetwork(bundle.network_path(network))
