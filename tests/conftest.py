"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

from tests.trt_engines.standin.fixture import standin

__all__ = ["standin"]

# Machines differ in speed: a slow example is no failure. And the same examples every time: what
# fails for one person fails for all.
settings.register_profile("kiosk", deadline=None, derandomize=True)
settings.load_profile("kiosk")
