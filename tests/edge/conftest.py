"""What several files of tests for the device share."""

from __future__ import annotations

import os
from functools import cache

import pytest

from tests.edge.seen import Look, Sight, look_at


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """What the real pose model sees in a rendered clip: looked at once for all files of tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which belongs to all workers

    @cache
    def look(name: str) -> Sight:
        return look_at(name, folder)

    return look
