"""Signs of life."""

from __future__ import annotations

import pytest

from edge import live as module
from edge.errors import CameraError
from edge.frames.camera import Camera
from edge.live import LiveCamera
from edge.pulse import Pulse
from tests.kiosk_ui.fakes import until


def test_a_pulse_is_late_once_it_was_not_beaten_for_longer_than_it_may() -> None:
    now = [100.0]
    pulse = Pulse("camera", 60.0, lambda: now[0])
    now[0] += 60.0
    assert not pulse.late
    now[0] += 1.0
    assert pulse.late
    assert pulse.age == 61.0
    pulse.beat()
    assert not pulse.late


def test_a_camera_that_is_unplugged_goes_on_beating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)

    def unplugged() -> Camera:
        raise CameraError("there is no camera")

    live = LiveCamera(unplugged)
    beats: list[None] = []
    live.pulse.beat = lambda: beats.append(None)  # type: ignore[method-assign]
    live.start()
    until(lambda: len(beats) >= 2)
    live.stop()
    assert not live.ok
