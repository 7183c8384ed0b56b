"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from tests.trt_engines.standin.fixture import standin

__all__ = ["standin"]

# Machines differ in speed: a slow example is no failure. And the same examples every time: what
# fails for one person fails for all.
settings.register_profile("kiosk", deadline=None, derandomize=True)
settings.load_profile("kiosk")

LONGEST: Final = (
    "e2e/test_phone.py",
    "kiosk_ui/test_main.py",
    "e2e/test_states.py",
    "e2e/test_result.py",
    "e2e/test_kiosk.py",
    "e2e/test_https.py",
    "edge/test_scenes.py",
    "edge/test_station.py",
    "e2e/test_people.py",
    "edge/test_cli.py",
    "e2e/test_accessibility.py",
    "kiosk_ui/test_live.py",
    "edge/test_pyopenpose.py",
)
"""The files that take longest (`pytest --durations=0`): a core that gets one of them last works on
when all others have finished."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
